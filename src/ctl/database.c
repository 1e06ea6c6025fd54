/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database: one connection by the driver the server uses too. It never makes a file: SQLite would
 * do so for any misspelled path, so only `init` may.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "../core/statement.h"
#include "../keys/keys.h"
#include "ctl.h"
#include "sqlite_file.h"

const char *ag_ctl_address(const char **driver, const char **params, const char *address, apr_pool_t *p)
{
    const char *colon = strchr(address, ':');

    if (!colon || colon == address || !colon[1]) {
        return "a database is DRIVER:PARAMS, as in sqlite3:/var/lib/apiguard/keys.db, "
               "\"pgsql:host=127.0.0.1 dbname=api\" or \"mysql:host=127.0.0.1 dbname=api\"";
    }
    *driver = apr_pstrmemdup(p, address, (apr_size_t)(colon - address));
    *params = colon + 1;
    return NULL;
}

static apr_status_t close_database(void *ctx)
{
    ag_db_t *db = ctx;

    return apr_dbd_close(db->driver, db->handle);
}

/* For MariaDB: a change counts the rows it found, as elsewhere, not those that look different after;
 * and a connection that breaks is not made anew behind our back, in the middle of a transaction. */
#define MYSQL_PARAMS " flags=CLIENT_FOUND_ROWS reconnect=0"

/* Where SQLite's file is, and who this tool is while it uses it. */
static int approach(const char *path, apr_pool_t *p)
{
    const char *error;
    struct stat info;

    if (stat(path, &info) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? ag_ctl_fail(AG_EXIT_DATABASE, "there is no database %s; `apiguardctl init` makes it", path)
                   : ag_ctl_fail(AG_EXIT_DATABASE, "%s: %s", path, strerror(errno));
    }
    error = ag_sqlite_step_down(path, p);
    if (!error && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        error = ag_sqlite_denied(path, p);
    }
    return error ? ag_ctl_fail(AG_EXIT_DATABASE, "%s", error) : AG_EXIT_OK;
}

/* Parameters may hold a password, so messages name the driver alone, or SQLite's file. */
static int open_database(ag_ctl_t *ctl, const char *driver, const char *params)
{
    const char *error = NULL;
    ag_db_t *db = &ctl->db;
    int is_mysql = strcmp(driver, "mysql") == 0;
    int code = strcmp(driver, "sqlite3") == 0 ? approach(params, ctl->pool) : AG_EXIT_OK;

    if (code != AG_EXIT_OK) {
        return code;
    }
    if (apr_dbd_get_driver(ctl->pool, driver, &db->driver) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_DATABASE, "there is no database driver \"%s\" on this machine", driver);
    }
    params = is_mysql ? apr_pstrcat(ctl->pool, params, MYSQL_PARAMS, NULL) : params;
    if (apr_dbd_open_ex(db->driver, ctl->pool, params, &db->handle, &error) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_DATABASE, "the %s database cannot be opened%s%.*s", driver, error ? ": " : "",
                           error ? (int)strcspn(error, "\n") : 0, error ? error : "");
    }
    db->pool = ctl->pool;
    db->prepared = apr_hash_make(ctl->pool);
    apr_pool_cleanup_register(ctl->pool, db, close_database, apr_pool_cleanup_null);
    return is_mysql ? ag_ctl_run(ctl, "SET autocommit = 1") : AG_EXIT_OK;
}

/* SQLite knows "readonly" and "unable to open"; what is behind that, or NULL. */
static const char *denied(const ag_ctl_t *ctl)
{
    const char *path = strchr(ctl->address, ':') + 1;

    return strncmp(ctl->address, "sqlite3:", 8) == 0 ? ag_sqlite_denied(path, ctl->pool) : NULL;
}

static int check_schema(ag_ctl_t *ctl)
{
    ag_db_port_t port = ag_ctl_port(ctl);
    const char *detail, *why;

    switch (ag_keys_dbd_schema(&port, NULL, &detail, ctl->pool)) {
    case AG_SCHEMA_OK:
        return AG_EXIT_OK;
    case AG_SCHEMA_DOWN:
        return ag_ctl_fail(AG_EXIT_DATABASE, "the database does not answer: %s", detail);
    case AG_SCHEMA_NEWER:
        return ag_ctl_fail(AG_EXIT_DATABASE,
                           "the tables are newer than this apiguardctl (%s); use a "
                           "newer one",
                           detail);
    default:
        why = denied(ctl);
        return why ? ag_ctl_fail(AG_EXIT_DATABASE, "%s", why)
                   : ag_ctl_fail(AG_EXIT_DATABASE,
                                 "the database has no usable tables (%s); "
                                 "`apiguardctl init` makes them",
                                 detail);
    }
}

int ag_ctl_open(ag_ctl_t *ctl, int schema)
{
    const char *driver, *params;
    const char *error = ag_ctl_address(&driver, &params, ctl->address, ctl->pool);
    int code;

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = open_database(ctl, driver, params);
    if (code != AG_EXIT_OK || schema) {
        return code == AG_EXIT_OK ? check_schema(ctl) : code;
    }
    error = denied(ctl);
    return error ? ag_ctl_fail(AG_EXIT_DATABASE, "%s", error) : AG_EXIT_OK; /* who makes tables must write */
}

static apr_status_t lend(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    (void)p;
    *db = ((ag_ctl_t *)ctx)->db;
    return APR_SUCCESS;
}

static void take_back(void *ctx, ag_db_t *db)
{
    (void)ctx;
    (void)db;
}

ag_db_port_t ag_ctl_port(ag_ctl_t *ctl)
{
    ag_db_port_t port = {lend, take_back, ctl};

    return port;
}

static int failed(ag_ctl_t *ctl, int rc)
{
    const char *error = ag_ctl_plain(ag_statement_error(&ctl->db, rc, ctl->pool), ctl->pool);
    const char *why = denied(ctl);

    return ag_ctl_fail(AG_EXIT_DATABASE, "the database says: %s%s%s", error, why ? "; " : "", why ? why : "");
}

#define SQLITE_ERROR 1 /* the driver's error numbers are SQLite's */

/* SQLite learns only from a statement's failure that another process changed the tables; the next
 * time it knows. The driver's number says no more than "failed", and a statement that failed did
 * nothing, so to prepare and run it once more does no harm. */
static int may_be_outdated(const ag_ctl_t *ctl, int rc)
{
    return rc == SQLITE_ERROR && strcmp(apr_dbd_name(ctl->db.driver), "sqlite3") == 0;
}

/* Adds a row's cells; 0 when the driver failed. */
static int add_row(apr_array_header_t *cells, ag_ctl_t *ctl, apr_dbd_row_t *row, int columns)
{
    int i;

    for (i = 0; i < columns; i++) {
        const char *text;

        if (ag_statement_value(&text, &ctl->db, row, i, ctl->pool) != APR_SUCCESS) {
            return 0;
        }
        APR_ARRAY_PUSH(cells, const char *) = text;
    }
    return 1;
}

int ag_ctl_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *sql, int n, const char **values)
{
    apr_array_header_t *cells = apr_array_make(ctl->pool, 64, sizeof(const char *));
    apr_dbd_results_t *results;
    int rc = ag_statement_ask(&results, &ctl->db, sql, n, values, ctl->pool);

    if (may_be_outdated(ctl, rc)) {
        rc = ag_statement_ask(&results, &ctl->db, sql, n, values, ctl->pool);
    }
    rows->n = 0;
    rows->columns = rc == 0 ? apr_dbd_num_cols(ctl->db.driver, results) : 0;
    while (rc == 0) {
        apr_dbd_row_t *row;

        rc = ag_statement_row(&row, &ctl->db, results, rows->n + 1, ctl->pool);
        if (rc == 0) {
            rows->n++;
            rc = add_row(cells, ctl, row, rows->columns) ? 0 : 1;
        }
    }
    rows->cells = (const char **)cells->elts;
    return rc == -1 ? AG_EXIT_OK : failed(ctl, rc);
}

int ag_ctl_change(int *changed, ag_ctl_t *ctl, const char *sql, int n, const char **values)
{
    int rc = ag_statement_run(changed, &ctl->db, sql, n, values, ctl->pool);

    if (may_be_outdated(ctl, rc)) {
        rc = ag_statement_run(changed, &ctl->db, sql, n, values, ctl->pool);
    }
    ctl->changed |= rc == 0 && *changed != 0;
    return rc == 0 ? AG_EXIT_OK : failed(ctl, rc);
}

/* The driver answers "done" for a transaction that an error has ended before, so whoever calls must
 * have noticed that error: every function above reports its own. */
int ag_ctl_begin(ag_ctl_t *ctl)
{
    int rc;

    ctl->transaction = NULL;
    rc = apr_dbd_transaction_start(ctl->db.driver, ctl->pool, ctl->db.handle, &ctl->transaction);
    return rc == 0 ? AG_EXIT_OK : failed(ctl, rc);
}

int ag_ctl_end(ag_ctl_t *ctl, int code)
{
    int rc;

    if (code != AG_EXIT_OK) {
        ctl->changed = 0;
        apr_dbd_transaction_mode_set(ctl->db.driver, ctl->transaction, APR_DBD_TRANSACTION_ROLLBACK);
    }
    rc = apr_dbd_transaction_end(ctl->db.driver, ctl->pool, ctl->transaction);
    ctl->transaction = NULL;
    return code == AG_EXIT_OK && rc != 0 ? failed(ctl, rc) : code;
}

int ag_ctl_run(ag_ctl_t *ctl, const char *sql)
{
    int changed = 0;
    int rc = apr_dbd_query(ctl->db.driver, ctl->db.handle, &changed, sql);

    return rc == 0 ? AG_EXIT_OK : failed(ctl, rc);
}
