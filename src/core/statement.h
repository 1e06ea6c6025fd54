/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: SQL on a connection on loan, for work in the background. A statement is prepared when a
 * connection first needs it, kept there under its text, and prepared anew after an error: SQLite's
 * die when another process changes a table, and a server's go with its restart.
 *
 * An error is never taken for "no rows". Values are bound, never part of the text.
 */
#ifndef AG_STATEMENT_H
#define AG_STATEMENT_H

#include "ports.h"

/* A row's columns as text, NULL for NULL; they last as long as the call. 0 ends the reading with an
 * error. */
typedef int ag_statement_row_fn(void *ctx, const char *const *columns);

/* Runs a query with `n` values; `row` is called for each row of (at most 8) `columns`. A query that
 * fails is tried once more. APR_SUCCESS, or APR_EGENERAL with the reason in *error. */
apr_status_t ag_statement_select(ag_statement_row_fn *row, void *ctx, int columns, ag_db_t *db,
                                 const char *sql, const char **values, int n, const char **error,
                                 apr_pool_t *p);

/* The next row of a result of which all rows were asked for: they are taken one after the other, `number`
 * from 1. By its number, since PostgreSQL's driver wants that; SQLite's walks along all rows before it then,
 * which for 40,000 of them takes half a minute, but has the next one at hand. 0, -1 behind the last, or the
 * driver's error. */
int ag_statement_row(apr_dbd_row_t **row, const ag_db_t *db, apr_dbd_results_t *rows, int number,
                     apr_pool_t *p);

/* Runs a change once for each of `rows` sets of `n` values, all of them or none. */
apr_status_t ag_statement_change(ag_db_t *db, const char *sql, const char **values, int n, int rows,
                                 const char **error, apr_pool_t *p);

/* 1 when this error of a driver says that SQLite is locked right now. */
int ag_statement_is_busy(const ag_db_t *db, int rc);

/* Before one more try: waits a little if SQLite is locked, which all are for a moment when its first
 * user comes or its last one goes. The driver waits for a statement that runs, and not for one that is
 * prepared. */
void ag_statement_pause(const ag_db_t *db, int rc);

#endif
