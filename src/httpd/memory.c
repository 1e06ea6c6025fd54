/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: one anonymous shared segment, made at the first start and kept by the parent process, so
 * counters and caches live through graceful restarts. Its parts are fixed shares:
 *     40 % counters, 35 % known keys, 15 % verified tokens, 5 % unknown keys, 3 % usage,
 *     2 % requests in flight
 * SipHash's key is kept beside it, in the parent's private memory.
 */
#include "glue.h"

#include <apr_shm.h>

#define USERDATA "mod_apiguard:memory:4"

/* What the parent process keeps. The module itself is unloaded and loaded between two generations,
 * so nothing here points into it. */
typedef struct {
    apr_shm_t *shm;
    apr_size_t size;
    ag_sip_key_t sip;
} kept_t;

static apr_status_t make(kept_t **out, apr_size_t size, apr_pool_t *pprocess)
{
    kept_t *kept = apr_pcalloc(pprocess, sizeof *kept);
    apr_status_t rv = apr_shm_create(&kept->shm, size, NULL, pprocess);

    if (rv == APR_SUCCESS) {
        rv = ag_random(&kept->sip, sizeof kept->sip);
    }
    if (rv == APR_SUCCESS) {
        memset(apr_shm_baseaddr_get(kept->shm), 0, size);
        kept->size = size;
        apr_pool_userdata_set(kept, USERDATA, apr_pool_cleanup_null, pprocess);
        *out = kept;
    }
    return rv;
}

/* The next `percent` of the segment, rounded to whole cache lines. */
static char *part(char **at, apr_size_t size, unsigned percent, apr_size_t *bytes)
{
    char *start = *at;

    *bytes = size / 100 * percent & ~(apr_size_t)63;
    *at += *bytes;
    return start;
}

static apr_status_t lay_out(ag_shared_t *shared, char *base, apr_size_t size, int fresh,
                            apr_pool_t *pconf)
{
    apr_size_t head = 64 + AG_FLIGHT_BYTES + AG_BUDGET_BYTES
                      + AG_MAX_KEY_STORES * sizeof(ag_key_words_t);
    char *at = base + head;
    apr_size_t n;
    apr_status_t rv;

    shared->breaker = (ag_breaker_t *)base;
    shared->flights = (ag_flights_t *)(base + 64);
    shared->budget = (ag_budget_t *)(base + 64 + AG_FLIGHT_BYTES);
    shared->keys = (ag_key_words_t *)(base + 64 + AG_FLIGHT_BYTES + AG_BUDGET_BYTES);
    size -= head;
    rv = fresh ? ag_flights_init(shared->flights) : APR_SUCCESS;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    base = part(&at, size, 40, &n);
    rv = ag_store_shm_attach(&shared->shm, base, n, fresh, pconf);
    if (rv == APR_SUCCESS) {
        base = part(&at, size, 35, &n);
        rv = ag_cache_attach(&shared->known, base, n, AG_KEY_RECORD_SIZE, fresh, pconf);
    }
    if (rv == APR_SUCCESS) {
        base = part(&at, size, 15, &n);
        rv = ag_cache_attach(&shared->tokens, base, n, AG_KEY_RECORD_SIZE, fresh, pconf);
    }
    if (rv == APR_SUCCESS) {
        base = part(&at, size, 5, &n);
        rv = ag_cache_attach(&shared->unknown, base, n, AG_SHA256_SIZE, fresh, pconf);
    }
    if (rv == APR_SUCCESS) {
        base = part(&at, size, 3, &n);
        rv = ag_usage_attach(&shared->usage, base, n, fresh, pconf);
    }
    if (rv == APR_SUCCESS) {
        base = part(&at, size, 2, &n);
        rv = ag_tickets_attach(&shared->tickets, base, n, fresh, pconf);
    }
    return rv;
}

int ag_memory_open(ag_shared_t *shared, apr_size_t size, apr_pool_t *pconf, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    kept_t *kept = NULL;
    apr_status_t rv = APR_SUCCESS;
    int fresh;

    apr_pool_userdata_get((void **)&kept, USERDATA, pprocess);
    fresh = kept == NULL;
    if (kept && kept->size != size) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "AG0110: ApiGuardSharedMemory: the size is "
                     "fixed for the life of the server; %" APR_SIZE_T_FMT " bytes stay until it is "
                     "stopped", kept->size);
    }
    if (!kept) {
        rv = make(&kept, size, pprocess);
    }
    if (rv == APR_SUCCESS) {
        shared->sip = kept->sip;
        rv = lay_out(shared, apr_shm_baseaddr_get(kept->shm), kept->size, fresh, pconf);
    }
    if (rv == APR_EINVAL && !fresh) {
        /* Another version of the module left its own layout, and its children still use it. */
        rv = make(&kept, size, pprocess);
        shared->sip = rv == APR_SUCCESS ? kept->sip : shared->sip;
        rv = rv != APR_SUCCESS ? rv
                               : lay_out(shared, apr_shm_baseaddr_get(kept->shm), size, 1, pconf);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0111: ApiGuardSharedMemory: %" APR_SIZE_T_FMT
                     " bytes of shared memory cannot be set up", size);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
