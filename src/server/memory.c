/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: one anonymous shared segment, made at the first start and kept by the parent process, so
 * counters and caches live through graceful restarts. Its parts are fixed shares, so that none can
 * push out another. SipHash's key is kept beside it, in the parent's private memory.
 */
#include "server.h"

#include <apr_shm.h>

#include "../cred/token_memo.h"

#define USERDATA "mod_apiguard:memory:11"

/* What the parent process keeps. The module itself is unloaded and loaded between two generations,
 * so nothing here points into it. */
typedef struct {
    apr_shm_t *shm;
    apr_size_t size;
    ag_sip_key_t sip;
} kept_t;

static apr_status_t make(kept_t *kept, apr_size_t size, apr_pool_t *pprocess)
{
    apr_status_t rv = apr_shm_create(&kept->shm, size, NULL, pprocess);

    if (rv == APR_SUCCESS) {
        memset(apr_shm_baseaddr_get(kept->shm), 0, size);
        kept->size = size;
    }
    return rv;
}

static apr_status_t first(kept_t **out, apr_size_t size, apr_pool_t *pprocess)
{
    kept_t *kept = apr_pcalloc(pprocess, sizeof *kept);
    apr_status_t rv = ag_random(&kept->sip, sizeof kept->sip);

    rv = rv == APR_SUCCESS ? make(kept, size, pprocess) : rv;
    if (rv == APR_SUCCESS) {
        apr_pool_userdata_set(kept, USERDATA, apr_pool_cleanup_null, pprocess);
        *out = kept;
    }
    return rv;
}

/* What lies in a part, attached to it. */
typedef apr_status_t attach_fn(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p);

#define AG_PART(percent, type, member, attach, name)                                                                 \
    static apr_status_t attach_##member(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p)       \
    {                                                                                                                \
        return attach(&shared->member, at, n, fresh, p);                                                             \
    }
#define AG_CACHE(percent, member, record, name)                                                                      \
    static apr_status_t attach_##member(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p)       \
    {                                                                                                                \
        return ag_cache_attach(&shared->member, at, n, record, fresh, p);                                            \
    }
#include "parts.def"
#undef AG_PART
#undef AG_CACHE

static const struct {
    unsigned percent; /* of the segment */
    attach_fn *attach;
    const char *name;
} parts[] = {
#define AG_PART(percent, type, member, attach, name) {percent, attach_##member, name},
#define AG_CACHE(percent, member, record, name)      {percent, attach_##member, name},
#include "parts.def"
#undef AG_PART
#undef AG_CACHE
};

#define AG_PART(percent, type, member, attach, name) +(percent)
#define AG_CACHE(percent, member, record, name)      +(percent)
_Static_assert(0
#include "parts.def"
                   == 100,
               "the parts fill the segment");
#undef AG_PART
#undef AG_CACHE

static void *take(char **at, apr_size_t n)
{
    char *taken = *at;

    *at += n;
    return taken;
}

/* Where each part lies follows from the size, which no child can change; what a part says of itself is
 * compared with that. Of the first that says something else *part is the name. */
static apr_status_t lay_out(const char **part, ag_shared_t *shared, const kept_t *kept, int fresh, apr_pool_t *pconf)
{
    char *base = apr_shm_baseaddr_get(kept->shm), *at = base;
    apr_size_t size = kept->size;
    apr_status_t rv;
    apr_size_t i;

    shared->breaker = take(&at, 64);
    shared->flights = take(&at, AG_SINGLE_FLIGHT_BYTES);
    shared->budget = take(&at, AG_BUDGET_BYTES);
    shared->throttle = take(&at, sizeof *shared->throttle);
    size -= (apr_size_t)(at - base);
    rv = fresh ? ag_single_flights_init(shared->flights) : APR_SUCCESS;
    for (i = 0; rv == APR_SUCCESS && i < sizeof parts / sizeof *parts; i++) {
        apr_size_t n = size / 100 * parts[i].percent & ~(apr_size_t)63; /* cache lines */

        *part = parts[i].name;
        rv = parts[i].attach(shared, at, n, fresh, pconf);
        at += n;
    }
    return rv;
}

void ag_memory_broken(const char *what, server_rec *s)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                 "AG0740: shared memory: the head of %s is not what this "
                 "server wrote there: a process of it has written over it, or it is of another version "
                 "of the module. All of that memory is made anew, and what it held is lost",
                 what);
}

/* What children still use of the old one lives on with them. */
static apr_status_t replace(ag_shared_t *shared, kept_t *kept, apr_size_t size, apr_pool_t *pconf, server_rec *s)
{
    const char *part;
    apr_status_t rv;

    apr_shm_destroy(kept->shm);
    rv = make(kept, size, s->process->pool);
    return rv == APR_SUCCESS ? lay_out(&part, shared, kept, 1, pconf) : rv;
}

/* Finds what the process keeps, or makes it; laid out. */
static apr_status_t open_kept(ag_shared_t *shared, apr_size_t size, apr_pool_t *pconf, server_rec *s)
{
    const char *part = "";
    kept_t *kept = NULL;
    apr_status_t rv;

    apr_pool_userdata_get((void **)&kept, USERDATA, s->process->pool);
    if (!kept) {
        rv = first(&kept, size, s->process->pool);
        shared->sip = rv == APR_SUCCESS ? kept->sip : shared->sip;
        return rv == APR_SUCCESS ? lay_out(&part, shared, kept, 1, pconf) : rv;
    }
    if (kept->size != size) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "AG0110: ApiGuardSharedMemory: the size is "
                     "fixed for the life of the server; %" APR_SIZE_T_FMT " bytes stay until it is "
                     "stopped",
                     kept->size);
    }
    shared->sip = kept->sip;
    rv = lay_out(&part, shared, kept, 0, pconf);
    if (rv == APR_EINVAL) {
        ag_memory_broken(part, s);
        rv = replace(shared, kept, size, pconf, s);
    }
    return rv;
}

int ag_memory_open(ag_shared_t *shared, apr_size_t size, apr_pool_t *pconf, server_rec *s)
{
    apr_status_t rv = open_kept(shared, size, pconf, s);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "AG0111: ApiGuardSharedMemory: %" APR_SIZE_T_FMT " bytes of shared memory cannot be set up",
                     size);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
