/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_signal: the file by which apiguardctl tells this server of a change, and its rows in api_nodes, one
 * for each database. The parent makes the file at the first start and maps it, its children inherit
 * the mapping, and it stays until the server ends; when a reload brings more databases it grows.
 */
#include "server.h"

#include <unistd.h>

#include "../control/change_signal.h"

#define KEPT  "mod_apiguard:signal:3"
#define AGAIN apr_time_from_sec(60) /* after a failure */

/* What the parent process keeps. */
typedef struct {
    const apr_uint64_t *words; /* NULL: there is no file */
    int n;
    const char *path;
} kept_t;

static void tell(server_rec *s, apr_status_t rv, const char *path, const char *what)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                 "AG0161: %s cannot be %s, so apiguardctl cannot tell "
                 "this server of a change; it notices within a second",
                 path, what);
}

static void make(kept_t *kept, int n, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    apr_status_t rv;

    ag_change_signal_tidy(ap_runtime_dir_relative(pprocess, ""), pprocess);
    kept->path = ap_runtime_dir_relative(pprocess, ag_change_signal_file(getpid(), pprocess));
    kept->n = ag_change_signal_room(n);
    rv = ag_change_signal_make(&kept->words, kept->n, kept->path);
    if (rv != APR_SUCCESS) {
        tell(s, rv, kept->path, "made");
        kept->words = NULL;
    }
}

static void grow(kept_t *kept, int n, server_rec *s)
{
    apr_status_t rv = ag_change_signal_grow(&kept->words, kept->n, ag_change_signal_room(n), kept->path);

    if (rv != APR_SUCCESS) {
        tell(s, rv, kept->path, "made longer");
        return;
    }
    kept->n = ag_change_signal_room(n);
}

void ag_change_signal_open(ag_shared_t *shared, int n, apr_pool_t *pconf, server_rec *s)
{
    kept_t *kept = ag_keep(KEPT, sizeof *kept, s->process->pool);

    if (!kept->words) {
        make(kept, n, s);
    }
    else if (n > kept->n) {
        grow(kept, n, s);
    }
    if (kept->words) {
        shared->signal = kept->words;
        shared->signals = kept->n;
        shared->signal_path = kept->path;
        ag_keep_file(kept->path, pconf);
    }
}

/* A refusal is said once for each database; the account's rights rarely change by themselves. */
static void fail(server_rec *s, ag_key_words_t *words, apr_status_t rv, const char *detail)
{
    if (rv == APR_EACCES && !words->told) {
        words->told = 1;
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "AG0162: this server may not write the table "
                     "api_nodes (%s): apiguardctl cannot tell it of a change; it notices within a "
                     "second",
                     detail);
    }
}

static void enter(const ag_database_t *database, apr_time_t now, apr_pool_t *ptmp)
{
    ag_key_words_t *words = database->words;
    const char *detail = "";
    apr_status_t rv;

    if (!database->signal || (!database->polled && !database->revocations)
        || (words->entered <= now && now - words->entered < AG_CHANGE_SIGNAL_REFRESH)) {
        return;
    }
    words->entered = now;
    rv = ag_nodes_enter(&detail, &database->keys->db, database->signal, now, ptmp);
    if (rv != APR_SUCCESS) {
        words->entered = now - AG_CHANGE_SIGNAL_REFRESH + AGAIN;
        fail(database->server, words, rv, detail);
    }
}

void ag_change_signal_enter_all(apr_time_t now, int (*is_over)(void), apr_pool_t *ptmp)
{
    const apr_array_header_t *all = ag_databases();
    int i;

    for (i = 0; all && i < all->nelts && !(is_over && is_over()); i++) {
        enter(APR_ARRAY_IDX(all, i, const ag_database_t *), now, ptmp);
    }
}
