/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: see statement.h. PostgreSQL's driver reports errors only when all rows are asked for at
 * once. SQLite's frees a prepared statement with its connection alone, so there none is prepared anew for a
 * mere failure: a client could have one fail with each request.
 */
#include "statement.h"

#include <string.h>

#include <apr_strings.h>

#include "sql_text.h"

#define MAX_COLUMNS 8

/* What is kept of a statement on a connection, under its SQL. It has a pool of its own: a server's that
 * fails is prepared anew time and again, and the connection may live for weeks. */
typedef struct {
    apr_pool_t *pool;
    apr_dbd_prepared_t *st; /* NULL: to be prepared */
} kept_t;

static int is_sqlite(const ag_db_t *db)
{
    return strcmp(apr_dbd_name(db->driver), "sqlite3") == 0;
}

static kept_t *kept_of(ag_db_t *db, const char *sql)
{
    kept_t *kept = apr_hash_get(db->prepared, sql, APR_HASH_KEY_STRING);

    if (!kept) {
        kept = apr_pcalloc(db->pool, sizeof *kept);
        apr_hash_set(db->prepared, apr_pstrdup(db->pool, sql), APR_HASH_KEY_STRING, kept);
    }
    return kept;
}

/* It has no label of its own at the driver, so PostgreSQL keeps nothing on its side that could be lost. */
static int prepare(kept_t *kept, ag_db_t *db, const char *sql)
{
    int rc;

    if (kept->st) {
        return 0;
    }
    if (kept->pool) {
        apr_pool_destroy(kept->pool);
    }
    apr_pool_create(&kept->pool, db->pool);
    rc = apr_dbd_prepare(db->driver, kept->pool, db->handle, sql, NULL, &kept->st);
    kept->st = rc ? NULL : kept->st;
    return rc;
}

const char *ag_statement_error(const ag_db_t *db, int rc, apr_pool_t *p)
{
    const char *error = apr_dbd_error(db->driver, db->handle, rc);

    return error ? apr_pstrmemdup(p, error, strcspn(error, "\r\n")) : "no reason given";
}

#define SQLITE_IS_BUSY 5 /* the driver's error numbers are SQLite's */

int ag_statement_is_busy(const ag_db_t *db, int rc)
{
    return rc == SQLITE_IS_BUSY && is_sqlite(db);
}

/* ---- queries --------------------------------------------------------------------------------- */

static int ask_kept(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values, apr_pool_t *p)
{
    kept_t *kept = kept_of(db, sql);
    int rc = prepare(kept, db, sql);

    *rows = NULL;
    return rc ? rc : apr_dbd_pselect(db->driver, p, db->handle, rows, kept->st, 1, n, values);
}

static int ask_once(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values, apr_pool_t *p)
{
    return ag_sql_text_needed(db) ? ag_sql_text_select(rows, db, sql, n, values, p)
                                  : ask_kept(rows, db, sql, n, values, p);
}

int ag_statement_ask(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values,
                     apr_pool_t *p)
{
    int rc = ask_once(rows, db, sql, n, values, p);

    if (rc) {
        kept_of(db, sql)->st = NULL;
    }
    return rc;
}

/* The driver's number does not say whether the statement is outdated or what it does fails. Where the same
 * text fares better, it was outdated; while SQLite was locked that proves nothing. */
static int ask_sqlite_again(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values,
                            int was_busy, apr_pool_t *p)
{
    int rc = ag_sql_text_select(rows, db, sql, n, values, p);

    if (rc == 0 && !was_busy) {
        kept_of(db, sql)->st = NULL;
    }
    return rc;
}

/* All wait for SQLite for a moment when its first user comes or its last one goes. The driver waits for
 * a statement that runs, and not for one that is prepared. */
int ag_statement_query(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values,
                       apr_pool_t *p)
{
    int rc = ask_once(rows, db, sql, n, values, p);
    int was_busy = ag_statement_is_busy(db, rc);

    if (rc == 0) {
        return 0;
    }
    if (was_busy) {
        apr_sleep(apr_time_from_msec(50));
    }
    if (is_sqlite(db)) {
        return ask_sqlite_again(rows, db, sql, n, values, was_busy, p);
    }
    kept_of(db, sql)->st = NULL;
    apr_dbd_check_conn(db->driver, p, db->handle);
    return ag_statement_ask(rows, db, sql, n, values, p);
}

int ag_statement_row(apr_dbd_row_t **row, const ag_db_t *db, apr_dbd_results_t *rows, int number, apr_pool_t *p)
{
    *row = NULL;
    return apr_dbd_get_row(db->driver, p, rows, row, is_sqlite(db) ? -1 : number);
}

apr_status_t ag_statement_value(const char **text, const ag_db_t *db, apr_dbd_row_t *row, int column, apr_pool_t *p)
{
    apr_status_t rv = apr_dbd_datum_get(db->driver, row, column, APR_DBD_TYPE_STRING, text);

    if (rv == APR_ENOENT) {
        *text = NULL;
        return APR_SUCCESS;
    }
    *text = rv == APR_SUCCESS ? apr_pstrdup(p, *text ? *text : "") : NULL;
    return rv;
}

static int read_row(const char **cells, int n, const ag_db_t *db, apr_dbd_row_t *row, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        if (ag_statement_value(&cells[i], db, row, i, p) != APR_SUCCESS) {
            return 0;
        }
    }
    return 1;
}

apr_status_t ag_statement_select(ag_statement_row_fn *row, void *ctx, int columns, ag_db_t *db, const char *sql,
                                 const char **values, int n, const char **error, apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    const char *cells[MAX_COLUMNS];
    int number, rc = ag_statement_query(&rows, db, sql, n, values, p);

    for (number = 1; rc == 0; number++) {
        apr_dbd_row_t *at;

        rc = ag_statement_row(&at, db, rows, number, p);
        if (rc == 0 && (!read_row(cells, columns, db, at, p) || !row(ctx, cells))) {
            *error = "a row could not be read";
            return APR_EGENERAL;
        }
    }
    if (rc != -1) {
        *error = ag_statement_error(db, rc, p);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

/* ---- changes --------------------------------------------------------------------------------- */

int ag_statement_run(int *changed, ag_db_t *db, const char *sql, int n, const char **values, apr_pool_t *p)
{
    kept_t *kept = kept_of(db, sql);
    int rc = prepare(kept, db, sql);

    *changed = 0;
    rc = rc ? rc : apr_dbd_pquery(db->driver, p, db->handle, changed, kept->st, n, values);
    kept->st = rc ? NULL : kept->st;
    return rc;
}

static int run_rows(ag_db_t *db, const char *sql, const char **values, int n, int rows, apr_pool_t *p)
{
    int i, changed, rc = 0;

    for (i = 0; i < rows && rc == 0; i++) {
        rc = is_sqlite(db) ? ag_sql_text_run(&changed, db, sql, n, values + i * n, p)
                           : ag_statement_run(&changed, db, sql, n, values + i * n, p);
    }
    return rc;
}

static int say(ag_db_t *db, const char *sql)
{
    int changed;

    return apr_dbd_query(db->driver, db->handle, &changed, sql);
}

/* SQLite would else begin as a reader, and might never become the writer. */
static int begin(ag_db_t *db)
{
    return say(db, is_sqlite(db) ? "BEGIN IMMEDIATE" : "BEGIN");
}

/* Not with APR's own transactions: where BEGIN fails PostgreSQL's driver crashes. SQLite's changes are text:
 * they come in bundles, seconds apart, and nothing stays behind of one that fails. */
apr_status_t ag_statement_change(ag_db_t *db, const char *sql, const char **values, int n, int rows,
                                 const char **error, apr_pool_t *p)
{
    int rc = is_sqlite(db) ? 0 : prepare(kept_of(db, sql), db, sql);

    rc = rc ? rc : begin(db);
    rc = rc ? rc : run_rows(db, sql, values, n, rows, p);
    rc = rc ? rc : say(db, "COMMIT");
    if (rc == 0) {
        return APR_SUCCESS;
    }
    *error = ag_statement_error(db, rc, p);
    say(db, "ROLLBACK"); /* an error of no account where nothing was begun */
    apr_dbd_check_conn(db->driver, p, db->handle);
    kept_of(db, sql)->st = NULL; /* also where it was BEGIN or COMMIT that failed */
    return APR_EGENERAL;
}
