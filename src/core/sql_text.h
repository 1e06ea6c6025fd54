/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_text: SQL as text, each value quoted by the driver where its placeholder stood, for what prepared
 * statements do badly. MariaDB's driver ("mysql") cuts long texts without a word and sets aside memory for the
 * longest possible row; SQLite's never frees a statement before its connection ends.
 */
#ifndef AG_SQL_TEXT_H
#define AG_SQL_TEXT_H

#include "ports.h"

/* 1 when queries on this connection are to go through ag_sql_text_select(). */
int ag_sql_text_needed(const ag_db_t *db);

/* Runs a query with `n` values (NULL for NULL) in place of its %s, %d, %lld and so on. The driver's
 * error number; 0 when *rows holds all rows, to be read by number from 1 on. */
int ag_sql_text_select(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char *const *values,
                       apr_pool_t *p);

/* The same for a change; *changed rows. */
int ag_sql_text_run(int *changed, ag_db_t *db, const char *sql, int n, const char *const *values, apr_pool_t *p);

#endif
