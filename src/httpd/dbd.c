/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbd: mod_dbd's connections behind the core's port. A connection is taken for one query and given
 * back at once: ap_dbd_acquire() would hold it through the whole response.
 */
#include "glue.h"

#include <apr_dbd.h>
#include <apr_optional.h>
#include <ap_mpm.h>
#include <mod_dbd.h>
#include <mpm_common.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_SECONDS 10 /* a database that says nothing for so long counts as away */
#define READ_SECONDS 60  /* for its address lists, of a million entries perhaps */

static void give_back(server_rec *s, ap_dbd_t *rec)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);

    close(s, rec);
}

/* Where a MariaDB server is set to autocommit = 0, a connection would go on seeing what it saw first,
 * and no revocation would ever be noticed. This ends that, and says at once whether it is alive. */
static int is_fresh(ap_dbd_t *rec)
{
    int n;

    return strcmp(apr_dbd_name(rec->driver), "mysql") != 0
           || apr_dbd_query(rec->driver, rec->handle, &n, "SET autocommit = 1") == 0;
}

static apr_status_t acquire(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    ap_dbd_t *rec = open ? open(p, ctx) : NULL;

    if (!rec) {
        return APR_EGENERAL;
    }
    if (!is_fresh(rec)) {
        give_back(ctx, rec);
        return APR_EGENERAL;
    }
    db->driver = rec->driver;
    db->handle = rec->handle;
    db->prepared = rec->prepared;
    db->pool = rec->pool;
    db->loan = rec;
    return APR_SUCCESS;
}

static void release(void *ctx, ag_db_t *db)
{
    give_back(ctx, db->loan);
}

int ag_dbd_port(ag_db_port_t *port, server_rec *s)
{
    port->acquire = acquire;
    port->release = release;
    port->ctx = s;
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

/* mod_dbd opens its pools in child_init. A child that is not one of the server's own calls just
 * that. */
static void start_mod_dbd(apr_pool_t *p, server_rec *s)
{
    const apr_array_header_t *hooks = ap_hook_get_child_init();
    const ap_LINK_child_init_t *hook = (const ap_LINK_child_init_t *)hooks->elts;
    int i;

    for (i = 0; i < hooks->nelts; i++) {
        if (strcmp(hook[i].szName, "mod_dbd.c") == 0) {
            hook[i].pFunc(p, s);
        }
    }
}

static int has_schema(const ag_key_store_t *store, apr_pool_t *p)
{
    server_rec *s = store->server;
    const char *detail = "";

    switch (ag_keys_dbd_schema(&ag_server_of(s)->keys->db, store->realm->query, &detail, p)) {
    case AG_SCHEMA_OK:
        return 1;
    case AG_SCHEMA_DOWN:
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "AG0120: the key database cannot be reached; "
                     "until it can, API keys get 503 (%s)", detail);
        return 1;
    case AG_SCHEMA_OLD:
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "AG0121: the key database has tables of another "
                     "version; run \"apiguardctl init\" of this module's version (%s)", detail);
        return 0;
    case AG_SCHEMA_MISSING:
        break;
    }
    ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "AG0122: the database of DBDParams has no API key "
                 "tables; run \"apiguardctl init\" (%s)", detail);
    return 0;
}

/* Once for each store, however many servers have it. */
static int check_database(const ag_database_t *database, apr_pool_t *p)
{
    int i, good = 1;

    for (i = 0; good && i < database->stores->nelts; i++) {
        good = has_schema(APR_ARRAY_IDX(database->stores, i, ag_key_store_t *), p);
    }
    if (good) {
        ag_notice_enter(database, apr_time_now(), p);
    }
    return good;
}

static int check_all(server_rec *s, apr_pool_t *p)
{
    const apr_array_header_t *all = ag_databases();
    int i, good = 1;

    for (i = 0; good && all && i < all->nelts; i++) {
        good = check_database(APR_ARRAY_IDX(all, i, ag_database_t *), p);
    }
    if (good) {
        alarm(READ_SECONDS);
        ag_lists_first(s, p);
    }
    return !good;
}

/* The child's whole life. Connections must not cross fork, and SQLite opened as root leaves files
 * behind that the server's children cannot write. */
static void work_and_exit(int (*work)(server_rec *servers, apr_pool_t *p), server_rec *servers,
                          unsigned seconds, apr_pool_t *p)
{
    alarm(seconds);
    if (ap_run_drop_privileges(p, servers) != OK) {
        _exit(1);
    }
    start_mod_dbd(p, servers);
    _exit(work(servers, p));
}

apr_status_t ag_dbd_child(int *status, int (*work)(server_rec *servers, apr_pool_t *p),
                          server_rec *servers, unsigned seconds, apr_pool_t *p)
{
    pid_t pid = fork();

    if (pid == 0) {
        work_and_exit(work, servers, seconds, p);
    }
    return pid < 0 || waitpid(pid, status, 0) != pid ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

int ag_dbd_check(server_rec *servers, apr_pool_t *ptemp)
{
    int status;
    apr_status_t rv = ag_dbd_child(&status, check_all, servers, CHECK_SECONDS, ptemp);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, servers, "AG0123: no child to check the key "
                     "database");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, servers, "AG0124: the key database has not "
                     "answered in time; until it does, API keys and address lists get 503");
        return OK;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
