/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists: who keeps the named sets of addresses (authz/ip_source) and who reads them when. Files are
 * opened with the configuration, lists in the short-lived child that checks the database at start;
 * after that a watchdog job looks for changes. Requests only ask.
 *
 * A list's memory belongs to the parent process: a graceful restart while the database is away finds
 * the list as it was.
 */
#include "server.h"

#include "../authz/ip_source.h"

/* How long a list is believed beyond `stale=`: as long as it may take until another child takes the
 * watchdog over. */
#define HANDOVER apr_time_from_sec(15)

/* ---- memory ----------------------------------------------------------------------------------- */

static const char *memory_name(const ag_ip_source_t *source, const ag_database_t *database, apr_pool_t *p)
{
    char hex[2 * sizeof database->id + 1];

    return apr_pstrcat(p, "mod_apiguard:list:3:", ag_hex(hex, &database->id, sizeof database->id), ":", source->name,
                       NULL);
}

static apr_status_t open_list(ag_ip_source_t *source, const ag_database_t *database, apr_pool_t *pprocess,
                              apr_pool_t *ptemp)
{
    ag_ipshare_t **kept = ag_keep(memory_name(source, database, ptemp), sizeof *kept, pprocess);
    apr_status_t rv = *kept ? APR_SUCCESS : ag_ipshare_make(kept, NULL);

    source->share = rv == APR_SUCCESS ? *kept : NULL;
    return rv;
}

/* The list of a database is one, whichever of its servers names it; from now on it goes by the first. */
static apr_status_t open_source(ag_ip_source_t *source, server_rec *s, apr_pool_t *ptemp)
{
    const ag_plans_t *plans = ag_plans();
    const ag_database_t *database = source->server ? ag_server_of(source->server)->database : NULL;
    const ag_ip_source_t *first;

    source->server = database ? database->server : NULL;
    first = ag_setting_first(plans->named, source->server, source->name, source, apr_hash_pool_get(plans->named));
    if (first == source) {
        APR_ARRAY_PUSH(plans->polled, ag_ip_source_t *) = source;
        return database ? open_list(source, database, s->process->pool, ptemp) : APR_SUCCESS;
    }
    source->share = first->share;
    return APR_SUCCESS;
}

int ag_lists_open(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    ag_plans_t *plans = ag_plans();
    int i;

    plans->named = apr_hash_make(pconf);
    plans->polled = apr_array_make(pconf, 4, sizeof(ag_ip_source_t *));
    for (i = 0; i < plans->later->nelts; i++) {
        ag_ip_source_t *source = ag_later_of(&APR_ARRAY_IDX(plans->later, i, ag_later_t), ag_ip_source_open);
        apr_status_t rv = source ? open_source(source, s, ptemp) : APR_SUCCESS;

        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                         "AG0112: Require api-ip: no memory can be "
                         "shared for %s",
                         source->name);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void poll_list(const ag_ip_source_t *source, apr_pool_t *ptmp)
{
    server_rec *s = (server_rec *)(apr_uintptr_t)source->server;
    apr_int64_t stale = ag_server_of(s)->site->key_cache.stale;
    ag_db_port_t port;

    if (ag_dbd_port(&port, s)) {
        ag_ip_list_poll(source, &port, apr_time_from_sec(stale) + HANDOVER, apr_time_now(), ag_server_log(s, ptmp),
                        ptmp);
    }
}

void ag_lists_poll(server_rec *s, apr_pool_t *p, int (*is_over)(void))
{
    const apr_array_header_t *polled = ag_plans()->polled;
    int i;

    for (i = 0; i < polled->nelts && !is_over(); i++) {
        const ag_ip_source_t *source = APR_ARRAY_IDX(polled, i, ag_ip_source_t *);
        apr_pool_t *ptmp;

        if (!source->share) {
            continue; /* there was no memory for it: it says nothing of anybody until the next reload */
        }
        apr_pool_create(&ptmp, p);
        if (ag_ip_source_list(source)) {
            poll_list(source, ptmp);
        }
        else {
            ag_ip_file_poll(source, apr_time_now(), ag_server_log(s, ptmp), ptmp);
        }
        apr_pool_destroy(ptmp);
    }
}

static int never(void)
{
    return 0;
}

void ag_lists_first(server_rec *s, apr_pool_t *p)
{
    ag_lists_poll(s, p, never);
}
