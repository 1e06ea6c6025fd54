/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: see statement.h. PostgreSQL's driver reports errors only when all rows are asked for at
 * once.
 */
#include "statement.h"

#include <string.h>

#include <apr_strings.h>

#include "sql_text.h"

#define MAX_COLUMNS 8

/* What is kept of a statement on a connection. It has a pool of its own: one that fails is prepared
 * anew time and again, and the connection may live for weeks. */
typedef struct {
    apr_pool_t *pool;
    apr_dbd_prepared_t *st; /* NULL: to be prepared */
} kept_t;

/* Beside the key store's, which keeps other things under the same texts. */
static kept_t *kept_of(ag_db_t *db, const char *sql, apr_pool_t *p)
{
    const char *name = apr_pstrcat(p, "statement:", sql, NULL);
    kept_t *kept = apr_hash_get(db->prepared, name, APR_HASH_KEY_STRING);

    if (!kept) {
        kept = apr_pcalloc(db->pool, sizeof *kept);
        apr_hash_set(db->prepared, apr_pstrdup(db->pool, name), APR_HASH_KEY_STRING, kept);
    }
    return kept;
}

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

static const char *error_text(ag_db_t *db, int rc, apr_pool_t *p)
{
    const char *error = apr_dbd_error(db->driver, db->handle, rc);

    return error ? apr_pstrmemdup(p, error, strcspn(error, "\r\n")) : "no reason given";
}

#define SQLITE_IS_BUSY 5 /* the driver's error numbers are SQLite's */

int ag_statement_is_busy(const ag_db_t *db, int rc)
{
    return rc == SQLITE_IS_BUSY && strcmp(apr_dbd_name(db->driver), "sqlite3") == 0;
}

void ag_statement_pause(const ag_db_t *db, int rc)
{
    if (ag_statement_is_busy(db, rc)) {
        apr_sleep(apr_time_from_msec(50));
    }
}

/* ---- queries --------------------------------------------------------------------------------- */

static int start(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, const char **values, int n,
                 apr_pool_t *p)
{
    kept_t *kept;
    int rc;

    *rows = NULL;
    if (ag_sql_text_needed(db)) {
        return ag_sql_text_select(rows, db, sql, n, values, p);
    }
    kept = kept_of(db, sql, p);
    rc = prepare(kept, db, sql);
    return rc ? rc : apr_dbd_pselect(db->driver, p, db->handle, rows, kept->st, 1, n, values);
}

int ag_statement_row(apr_dbd_row_t **row, const ag_db_t *db, apr_dbd_results_t *rows, int number,
                     apr_pool_t *p)
{
    int by_turn = strcmp(apr_dbd_name(db->driver), "sqlite3") == 0;

    *row = NULL;
    return apr_dbd_get_row(db->driver, p, rows, row, by_turn ? -1 : number);
}

/* A copy of each value, since PostgreSQL's driver throws rows away when asked for one too many. */
static int read_row(const char **columns, int n, ag_db_t *db, apr_dbd_row_t *row, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        apr_status_t rv = apr_dbd_datum_get(db->driver, row, i, APR_DBD_TYPE_STRING, &columns[i]);

        if (rv != APR_SUCCESS && rv != APR_ENOENT) {
            return 0;
        }
        if (rv == APR_ENOENT) {
            columns[i] = NULL;
        }
        else { /* SQLite's driver has no text for a BLOB without bytes, which is not NULL */
            columns[i] = apr_pstrdup(p, columns[i] ? columns[i] : "");
        }
    }
    return 1;
}

apr_status_t ag_statement_select(ag_statement_row_fn *row, void *ctx, int columns, ag_db_t *db,
                                 const char *sql, const char **values, int n, const char **error,
                                 apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    const char *cells[MAX_COLUMNS];
    int number, rc = start(&rows, db, sql, values, n, p);

    if (rc != 0) {
        ag_statement_pause(db, rc);
        apr_dbd_check_conn(db->driver, p, db->handle);
        if (strcmp(apr_dbd_name(db->driver), "pgsql") != 0) {
            kept_of(db, sql, p)->st = NULL; /* PostgreSQL keeps nothing that could be lost */
        }
        rc = start(&rows, db, sql, values, n, p);
    }
    for (number = 1; rc == 0; number++) {
        apr_dbd_row_t *at;

        rc = ag_statement_row(&at, db, rows, number, p);
        if (rc == 0 && (!read_row(cells, columns, db, at, p) || !row(ctx, cells))) {
            *error = "a row could not be read";
            return APR_EGENERAL;
        }
    }
    if (rc != -1) {
        *error = error_text(db, rc, p);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

/* ---- changes --------------------------------------------------------------------------------- */

static int change_rows(ag_db_t *db, kept_t *kept, const char **values, int n, int rows,
                       apr_pool_t *p)
{
    int i, changed, rc = 0;

    for (i = 0; i < rows && rc == 0; i++) {
        rc = apr_dbd_pquery(db->driver, p, db->handle, &changed, kept->st, n, values + i * n);
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
    int sqlite = strcmp(apr_dbd_name(db->driver), "sqlite3") == 0;

    return say(db, sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
}

/* Not with APR's own transactions: where BEGIN fails PostgreSQL's driver crashes. */
apr_status_t ag_statement_change(ag_db_t *db, const char *sql, const char **values, int n, int rows,
                                 const char **error, apr_pool_t *p)
{
    kept_t *kept = kept_of(db, sql, p);
    int rc = prepare(kept, db, sql);

    rc = rc ? rc : begin(db);
    rc = rc ? rc : change_rows(db, kept, values, n, rows, p);
    rc = rc ? rc : say(db, "COMMIT");
    if (rc == 0) {
        return APR_SUCCESS;
    }
    *error = error_text(db, rc, p);
    say(db, "ROLLBACK"); /* an error of no account where nothing was begun */
    apr_dbd_check_conn(db->driver, p, db->handle);
    kept->st = NULL;
    return APR_EGENERAL;
}
