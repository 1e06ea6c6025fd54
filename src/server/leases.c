/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leases: the store of a fleet in this server: memory for its leases, made when memcached is first
 * configured and kept by the parent process over graceful restarts, and the store itself, opened
 * in each child. It is a segment of its own, a quarter of ApiGuardSharedMemory on top, so that
 * those who count without memcached pay nothing for it.
 */
#include "server.h"

#include <ap_mpm.h>
#include <apr_shm.h>

#include "../limit/lease_reset.h"
#include "../limit/lease_restore.h"

#define USERDATA "mod_apiguard:leases:1"
#define PART     4 /* of ApiGuardSharedMemory */

/* What the parent process keeps. The module is loaded anew between two generations, so nothing here
 * points into it. */
typedef struct {
    apr_shm_t *shm;
    apr_size_t size;
} kept_t;

static ag_leases_t *leases; /* of the configuration in force; NULL: none */

static apr_status_t make(kept_t **out, apr_size_t size, apr_pool_t *pprocess)
{
    kept_t *kept = apr_pcalloc(pprocess, sizeof *kept);
    apr_status_t rv = apr_shm_create(&kept->shm, size, NULL, pprocess);

    if (rv == APR_SUCCESS) {
        kept->size = size;
        apr_pool_userdata_set(kept, USERDATA, apr_pool_cleanup_null, pprocess);
        *out = kept;
    }
    return rv;
}

static apr_status_t attach(const kept_t *kept, int fresh, apr_pool_t *pconf)
{
    return ag_leases_attach(&leases, apr_shm_baseaddr_get(kept->shm), kept->size, fresh, pconf);
}

int ag_leases_open(apr_pool_t *pconf, server_rec *s)
{
    const ag_site_t *site = ag_server_of(s)->site;
    apr_size_t size = (apr_size_t)site->shared_memory / PART;
    apr_pool_t *pprocess = s->process->pool;
    kept_t *kept = NULL;
    apr_status_t rv = APR_EINVAL;

    leases = NULL;
    if (!site->counter_store.servers) {
        return OK;
    }
    apr_pool_userdata_get((void **)&kept, USERDATA, pprocess);
    if (kept) {
        rv = attach(kept, 0, pconf);
    }
    if (kept && rv == APR_EINVAL) {
        ag_memory_broken("the leases of a fleet", s);
        apr_shm_destroy(kept->shm);
    }
    if (rv == APR_EINVAL) {
        rv = make(&kept, size, pprocess);
        rv = rv == APR_SUCCESS ? attach(kept, 1, pconf) : rv;
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "AG0137: ApiGuardSharedMemory: %" APR_SIZE_T_FMT
                     " bytes of shared memory for leases cannot be set up",
                     size);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

void ag_leases_child(apr_pool_t *pchild, server_rec *s)
{
    const ag_counter_store_t *config = &ag_server_of(s)->site->counter_store;
    const ag_engine_t *main_engine = ag_server_of(s)->engine;
    ag_fleet_config_t fleet = {
        config->servers, config->prefix, config->timeout, 1, main_engine->breaker, ag_server_log(s, pchild), NULL};
    ag_store_t *store = NULL;
    apr_status_t rv;
    int threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    fleet.threads = (threads > 0 ? threads : 1) + 2; /* one for each of the watchdog's threads */
    rv = ag_store_lease_open(&store, leases, &fleet, pchild);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "AG0132: ApiGuardCounterStore: \"%s\" cannot be "
                     "used; this child ends",
                     config->servers);
        exit(APEXIT_CHILDSICK);
    }
    for (; s; s = s->next) {
        ag_server_of(s)->engine->memcached = store;
    }
}

void ag_leases_hear(server_rec *s, apr_time_t now, apr_pool_t *ptmp)
{
    ag_store_t *store = ag_server_of(s)->engine->memcached;

    if (store) {
        ag_lease_hear(store, now, ptmp);
    }
}

void ag_leases_restore(server_rec *s, apr_time_t now, apr_pool_t *ptmp)
{
    ag_store_t *store = ag_server_of(s)->engine->memcached;

    if (store) {
        ag_lease_restore(store, now, ptmp);
    }
}

void ag_leases_tend(server_rec *s, apr_time_t now, apr_pool_t *ptmp)
{
    ag_store_t *store = ag_server_of(s)->engine->memcached;

    if (store) {
        store->tend(store, now, ptmp);
    }
}
