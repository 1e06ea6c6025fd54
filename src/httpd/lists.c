/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists: who keeps the named sets of addresses (authz/ip_source) and who reads them when. Files are
 * opened with the configuration, lists in the short-lived child that checks the database at start;
 * after that a watchdog job looks for changes. Requests only ask.
 *
 * A list's memory belongs to the parent process: a graceful restart while the database is away finds
 * the list as it was.
 */
#include "glue.h"

#include "../authz/ip_source.h"

/* How long a list is believed beyond `stale=`: as long as it may take until another child takes the
 * watchdog over. */
#define HANDOVER apr_time_from_sec(15)

static ag_ip_source_t *source_at(int i)
{
    return APR_ARRAY_IDX(ag_plans()->sources, i, ag_ip_source_t *);
}

int ag_lists_wanted(void)
{
    int i;

    for (i = 0; i < ag_plans()->sources->nelts; i++) {
        if (ag_ip_source_list(source_at(i))) {
            return 1;
        }
    }
    return 0;
}

int ag_files_wanted(void)
{
    return ag_plans()->sources->nelts > 0 && !ag_lists_wanted();
}

/* ---- whose database --------------------------------------------------------------------------- */

/* The lines between <VirtualHost> and its end; NULL for the main server. */
static const ap_directive_t *lines_of(const server_rec *s, const ap_directive_t *at)
{
    for (; at; at = at->next) {
        if (strcasecmp(at->directive, "<VirtualHost") == 0 && s->defn_name
            && at->line_num == (int)s->defn_line_number && strcmp(at->filename, s->defn_name) == 0) {
            return at->first_child;
        }
    }
    return NULL;
}

/* A virtual host without a DBD line has the main server's database, and its lists. */
static server_rec *database_of(server_rec *s, server_rec *first, apr_pool_t *p)
{
    return s->is_virtual && *ag_database_lines(lines_of(s, ap_conftree), "", p) ? s : first;
}

/* ---- memory ----------------------------------------------------------------------------------- */

static const char *memory_name(const ag_ip_source_t *source, apr_pool_t *p)
{
    const server_rec *s = source->server;
    const char *text = apr_psprintf(p, "%s\n%s\n%u\n%s", source->name,
                                    s->server_hostname ? s->server_hostname : "", (unsigned)s->port,
                                    ag_database_lines(ap_conftree, "", p));
    ag_id_t id = ag_id_of(text, strlen(text));
    char hex[2 * sizeof id + 1];

    return apr_pstrcat(p, "mod_apiguard:list:1:", ag_hex(hex, &id, sizeof id), NULL);
}

/* A name that is kept must be the process's, too. */
static apr_status_t open_list(ag_ip_source_t *source, apr_pool_t *pprocess, apr_pool_t *ptemp)
{
    const char *name = memory_name(source, ptemp);
    void *kept = NULL;
    apr_status_t rv;

    apr_pool_userdata_get(&kept, name, pprocess);
    if (kept) {
        source->share = kept;
        return APR_SUCCESS;
    }
    rv = ag_ipshare_make(&source->share, NULL);
    if (rv == APR_SUCCESS) {
        apr_pool_userdata_set(source->share, name, apr_pool_cleanup_null, pprocess);
    }
    return rv;
}

int ag_lists_open(server_rec *s, apr_pool_t *ptemp)
{
    server_rec *each;
    int i;

    for (each = s; each; each = each->next) {
        ag_server_of(each)->database = database_of(each, s, ptemp);
    }
    for (i = 0; i < ag_plans()->sources->nelts; i++) {
        ag_ip_source_t *source = source_at(i);
        apr_status_t rv;

        if (!ag_ip_source_list(source)) {
            continue;
        }
        source->server = ag_server_of(source->server)->database;
        rv = open_list(source, s->process->pool, ptemp);
        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0112: Require api-ip: no memory can be "
                         "shared for %s", source->name);
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

    if (source->share && ag_dbd_port(&port, s)) {
        ag_ip_list_poll(source, &port, apr_time_from_sec(stale) + HANDOVER, apr_time_now(),
                        ag_server_log(s, ptmp), ptmp);
    }
}

/* Two sources with one memory (hosts with one database) take turns, so the list is read once. */
void ag_lists_poll(server_rec *s, apr_pool_t *p, int (*is_over)(void))
{
    int i;

    for (i = 0; i < ag_plans()->sources->nelts && !is_over(); i++) {
        const ag_ip_source_t *source = source_at(i);
        apr_pool_t *ptmp;

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
