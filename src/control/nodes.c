/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodes: a server's row in api_nodes. It is written at start and every ten minutes, by a statement
 * that is not worth being kept; an account that may not write it is no error here.
 */
#include <string.h>

#include <apr_network_io.h>
#include <apr_strings.h>

#include "change_signal.h"

const char *ag_nodes_host(apr_pool_t *p)
{
    char host[APRMAXHOSTLEN + 1];

    return apr_gethostname(host, sizeof host, p) == APR_SUCCESS && *host ? apr_pstrdup(p, host) : NULL;
}

/* Runs a statement; the rows it has changed, or -1 and *detail. */
static int change(const char **detail, ag_db_t *db, const char *sql, apr_pool_t *p)
{
    int changed = 0;
    int rc = apr_dbd_query(db->driver, db->handle, &changed, sql);
    const char *error = rc ? apr_dbd_error(db->driver, db->handle, rc) : NULL;

    if (rc) {
        *detail = error ? apr_pstrmemdup(p, error, strcspn(error, "\r\n")) : "no reason given";
        return -1;
    }
    return changed;
}

static apr_status_t enter(const char **detail, ag_db_t *db, const char *host, const char *name, apr_time_t now,
                          apr_pool_t *p)
{
    apr_int64_t seconds = apr_time_sec(now);
    const char *h = apr_dbd_escape(db->driver, p, host, db->handle);
    const char *n = apr_dbd_escape(db->driver, p, name, db->handle);
    int changed = change(
        detail, db,
        apr_psprintf(p, "UPDATE api_nodes SET seen_at = %" APR_INT64_T_FMT " WHERE host = '%s' AND notice = '%s'",
                     seconds, h, n),
        p);

    if (changed == 0) { /* for MariaDB also when the row is there and says just that */
        changed = change(detail, db,
                         apr_psprintf(p,
                                      "INSERT INTO api_nodes (host, notice, seen_at) "
                                      "SELECT '%s', '%s', %" APR_INT64_T_FMT
                                      " WHERE NOT EXISTS (SELECT 1 FROM api_nodes WHERE"
                                      " host = '%s' AND notice = '%s')",
                                      h, n, seconds, h, n),
                         p);
    }
    if (changed < 0) {
        return APR_EACCES;
    }
    change(detail, db,
           apr_psprintf(p, "DELETE FROM api_nodes WHERE host = '%s' AND seen_at < %" APR_INT64_T_FMT, h,
                        seconds - apr_time_sec(AG_CHANGE_SIGNAL_OLD)),
           p);
    return APR_SUCCESS;
}

apr_status_t ag_nodes_enter(const char **detail, const ag_db_port_t *port, const char *name, apr_time_t now,
                            apr_pool_t *p)
{
    const char *host = ag_nodes_host(p);
    apr_status_t rv;
    ag_db_t db;

    if (!host) {
        *detail = "this machine has no name";
        return APR_EGENERAL;
    }
    *detail = "the database cannot be reached";
    rv = port->acquire(port->ctx, &db, p);
    if (rv == APR_SUCCESS) {
        rv = enter(detail, &db, host, name, now, p);
        port->release(port->ctx, &db);
    }
    return rv;
}
