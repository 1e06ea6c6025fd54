/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: SQL on a connection on loan; the one place that keeps prepared statements. One is
 * prepared when a connection first needs it, kept there under its text, and prepared anew after an
 * error: a server's go with its restart, and SQLite's die when another process changes a table, which is
 * known by the same text's success.
 *
 * An error is never taken for "no rows". Values are bound, never part of the text.
 */
#ifndef AG_STATEMENT_H
#define AG_STATEMENT_H

#include "ports.h"

/* ---- in the driver's words: each returns its error number, and 0 is success -------------------- */

/* Runs a query with `n` values (NULL for NULL); *rows holds all rows. A query that fails is tried once
 * more, on a connection made anew where it is broken: not for use within a transaction. */
int ag_statement_query(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values,
                       apr_pool_t *p);

/* The same with a single try; the next one prepares anew, which SQLite keeps until the connection ends: for
 * short-lived processes. */
int ag_statement_ask(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char **values,
                     apr_pool_t *p);

/* The next row of a result of which all rows were asked for: they are taken one after the other, `number`
 * from 1. By its number, since PostgreSQL's driver wants that; SQLite's walks along all rows before it then,
 * which for 40,000 of them takes half a minute, but has the next one at hand. -1 behind the last. */
int ag_statement_row(apr_dbd_row_t **row, const ag_db_t *db, apr_dbd_results_t *rows, int number, apr_pool_t *p);

/* A copy of the value in a column: APR_SUCCESS (*text is NULL for NULL) or a fault. A copy, since
 * PostgreSQL's driver throws the rows away when it is asked for one behind the last. SQLite's has no
 * text for a BLOB without bytes, which is not NULL: that would be "any address", "never". */
apr_status_t ag_statement_value(const char **text, const ag_db_t *db, apr_dbd_row_t *row, int column, apr_pool_t *p);

/* Runs a change with `n` values, once; *changed rows. As for ag_statement_ask(), a failure costs memory. */
int ag_statement_run(int *changed, ag_db_t *db, const char *sql, int n, const char **values, apr_pool_t *p);

/* The first line of what the driver says of an error. */
const char *ag_statement_error(const ag_db_t *db, int rc, apr_pool_t *p);

/* 1 when this error of a driver says that SQLite is locked right now. */
int ag_statement_is_busy(const ag_db_t *db, int rc);

/* ---- a whole piece of work ------------------------------------------------------------------- */

/* A row's columns as text, NULL for NULL; they last as long as the call. 0 ends the reading with an
 * error. */
typedef int ag_statement_row_fn(void *ctx, const char *const *columns);

/* Runs a query; `row` is called for each row of (at most 8) `columns`. APR_SUCCESS, or APR_EGENERAL
 * with the reason in *error. */
apr_status_t ag_statement_select(ag_statement_row_fn *row, void *ctx, int columns, ag_db_t *db, const char *sql,
                                 const char **values, int n, const char **error, apr_pool_t *p);

/* Runs a change once for each of `rows` sets of `n` values, all of them or none. */
apr_status_t ag_statement_change(ag_db_t *db, const char *sql, const char **values, int n, int rows,
                                 const char **error, apr_pool_t *p);

#endif
