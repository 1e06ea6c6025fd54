/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_dbd: rows of usage into the database. Nothing is tried twice here: rows that could not be
 * written wait where they are.
 */
#include <string.h>

#include <apr_strings.h>

#include "../core/statement.h"
#include "usage.h"

#define COLUMNS 5

/* What a row becomes when it is there already; `NEW(x)` is the value that came too late. */
#define ADD(NEW)                                                                                                     \
    " requests = api_usage.requests + " NEW(                                                                         \
        "requests") ","                                                                                              \
                    " denied = api_usage.denied + " NEW(                                                             \
                        "denied") ","                                                                                \
                                  " last_used_at = CASE WHEN api_usage.last_used_at > " NEW(                         \
                                      "last_used_at") " THEN api_usage.last_used_at ELSE " NEW("last_used_at") " END"
#define EXCLUDED(column) "excluded." column
#define VALUES(column)   "VALUES(" column ")"
#define INTO             "INSERT INTO api_usage (day, requests, denied, last_used_at, key_id)"

/* PostgreSQL asks what type a value in a SELECT has; a key that was deleted yields no row. */
#define SELECT(type)                                                                                                 \
    " SELECT CAST(%lld AS " type "), CAST(%lld AS " type "), CAST(%lld AS " type "),"                                \
    " CAST(%lld AS " type "), k.id FROM api_keys k WHERE k.id = %lld"
#define PLAIN " VALUES (%lld, %lld, %lld, %lld, %lld)"

#define STANDARD(from) INTO from " ON CONFLICT (key_id, day) DO UPDATE SET" ADD(EXCLUDED)
#define MYSQL(from)    INTO from " ON DUPLICATE KEY UPDATE" ADD(VALUES)

/* By whether the keys are in a table of one's own. */
static const char *const standard[] = {STANDARD(SELECT("bigint")), STANDARD(PLAIN)};
static const char *const mysql[] = {MYSQL(SELECT("SIGNED")), MYSQL(PLAIN)};

static const char *number(apr_int64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, n);
}

/* In the order of INTO. */
static const char **values_of(const ag_usage_row_t *rows, int n, apr_pool_t *p)
{
    const char **values = apr_palloc(p, COLUMNS * (apr_size_t)n * sizeof *values), **at = values;
    int i;

    for (i = 0; i < n; i++) {
        *at++ = number(rows[i].day, p);
        *at++ = number((apr_int64_t)rows[i].requests, p);
        *at++ = number((apr_int64_t)rows[i].denied, p);
        *at++ = number(rows[i].last_used, p);
        *at++ = number((apr_int64_t)rows[i].key, p);
    }
    return values;
}

apr_status_t ag_usage_write(const char **error, const ag_db_port_t *port, int own_table, const ag_usage_row_t *rows,
                            int n, apr_pool_t *p)
{
    const char *const *sql;
    apr_status_t rv;
    ag_db_t db;

    *error = "the database cannot be reached";
    if (port->acquire(port->ctx, &db, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    sql = strcmp(apr_dbd_name(db.driver), "mysql") == 0 ? mysql : standard;
    rv = ag_statement_change(&db, sql[own_table != 0], values_of(rows, n, p), COLUMNS, n, error, p);
    port->release(port->ctx, &db);
    return rv;
}
