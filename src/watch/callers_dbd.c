/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callers_dbd: rows of callers into the database. Nothing is tried twice here: rows that could not be written wait
 * where they are.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"
#include "../core/statement.h"
#include "callers.h"

#define COLUMNS 7
#define DAY     86400

/* What a row becomes when it is there already; `NEW(x)` is the value that came too late. */
#define OLD(column) "api_deprecated_usage." column
#define ADD(NEW)                                                                                                                               \
    " requests = " OLD("requests") " + " NEW("requests") ", refused = " OLD("refused") " + " NEW("refused") ", last_used_at = CASE WHEN " OLD( \
        "last_used_at") " > " NEW("last_used_at") " THEN " OLD("last_used_at") " ELSE " NEW("last_used_at") " END"
#define EXCLUDED(column) "excluded." column
#define VALUES(column)   "VALUES(" column ")"
#define INTO                                                                                                         \
    "INSERT INTO api_deprecated_usage (section, kind, client, day, requests, refused, last_used_at)"                 \
    " VALUES (%s, %s, %s, %lld, %lld, %lld, %lld)"

static const char standard[] = INTO " ON CONFLICT (section, kind, client, day) DO UPDATE SET" ADD(EXCLUDED);
static const char mysql[] = INTO " ON DUPLICATE KEY UPDATE" ADD(VALUES);

static const char *number(apr_uint64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)n);
}

/* In the order of INTO. A name may have been cut within a character, and no database takes half of one. */
static const char **values_of(const ag_callers_row_t *rows, int n, apr_pool_t *p)
{
    const char **values = apr_palloc(p, COLUMNS * (apr_size_t)n * sizeof *values), **at = values;
    int i;

    for (i = 0; i < n; i++) {
        *at++ = ag_text_plain(rows[i].name.section, p);
        *at++ = ag_text_plain(rows[i].name.kind, p);
        *at++ = ag_text_plain(rows[i].name.client, p);
        *at++ = number(rows[i].name.day * DAY, p);
        *at++ = number(rows[i].requests, p);
        *at++ = number(rows[i].refused, p);
        *at++ = number((apr_uint64_t)rows[i].last_used, p);
    }
    return values;
}

apr_status_t ag_callers_write(const char **error, const ag_db_port_t *port, const ag_callers_row_t *rows, int n,
                              apr_pool_t *p)
{
    apr_status_t rv;
    ag_db_t db;

    *error = "the database cannot be reached";
    if (port->acquire(port->ctx, &db, p) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = ag_statement_change(&db, strcmp(apr_dbd_name(db.driver), "mysql") == 0 ? mysql : standard,
                             values_of(rows, n, p), COLUMNS, n, error, p);
    port->release(port->ctx, &db);
    return rv;
}
