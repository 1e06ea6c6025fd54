/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leases: the store of a fleet in this server: memory for its leases, made when memcached is first
 * configured and kept by the parent process over graceful restarts, and the store itself, opened
 * in each child. It is a segment of its own, a quarter of ApiGuardSharedMemory on top, so that
 * those who count without memcached pay nothing for it.
 */
#include "server.h"

#include <ap_mpm.h>

#include "../limit/lease_reset.h"
#include "../limit/lease_restore.h"

#define KEPT "mod_apiguard:leases:2"
#define PART 4 /* of ApiGuardSharedMemory */

static ag_leases_t *leases; /* of the configuration in force; NULL: none */

static apr_status_t lay_out(const char **part, void *ctx, const ag_segment_t *segment, int fresh, apr_pool_t *pconf)
{
    *part = "the leases of a fleet";
    return ag_leases_attach(ctx, apr_shm_baseaddr_get(segment->shm), segment->size, fresh, pconf);
}

int ag_leases_open(server_rec *s)
{
    const ag_site_t *site = ag_server_of(s)->site;
    apr_size_t size = (apr_size_t)site->shared_memory / PART;
    apr_status_t rv;

    leases = NULL;
    if (!site->counter_store.servers) {
        return OK;
    }
    rv = ag_keep_segment(ag_keep(KEPT, sizeof(ag_segment_t), s->process->pool), size, lay_out, &leases, s);
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
