/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_text: see sql_text.h. Placeholders are those of apr_dbd_prepare(), so that one text of SQL
 * serves all drivers.
 */
#include "sql_text.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define WRONG_VALUES 2034 /* MariaDB's CR_INVALID_PARAMETER_NO */
#define NO_ROWS      2014 /* and CR_COMMANDS_OUT_OF_SYNC: what was asked was no query */

int ag_sql_text_needed(const ag_db_t *db)
{
    return strcmp(apr_dbd_name(db->driver), "mysql") == 0;
}

static int is_number(const char *value)
{
    value += *value == '-';
    return *value && strspn(value, "0123456789") == strlen(value);
}

/* A number stays one where a number was asked for: LIMIT takes no text. */
static const char *literal(ag_db_t *db, char type, const char *value, apr_pool_t *p)
{
    if (!value) {
        return "NULL";
    }
    if (type != 's' && is_number(value)) {
        return value;
    }
    return apr_pstrcat(p, "'", apr_dbd_escape(db->driver, p, value, db->handle), "'", NULL);
}

/* What follows the % of a placeholder: "s", "d", "lld", "pDt", "%". */
static apr_size_t type_length(const char *at)
{
    apr_size_t n = strspn(at, "hl");

    return *at == '%' ? 1 : strncmp(at, "pD", 2) == 0 && at[2] ? 3 : at[n] ? n + 1 : n;
}

/* The text with its values, or NULL when there are not as many as placeholders. */
static const char *fill(ag_db_t *db, const char *sql, int n, const char *const *values, apr_pool_t *p)
{
    apr_array_header_t *parts = apr_array_make(p, 2 * n + 2, sizeof(const char *));
    const char *percent;
    int used = 0;

    while ((percent = strchr(sql, '%')) != NULL) {
        apr_size_t length = type_length(percent + 1);
        int is_value = percent[1] != '%';

        if (is_value && used == n) {
            return NULL;
        }
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(p, sql, (apr_size_t)(percent - sql));
        APR_ARRAY_PUSH(parts, const char *) = is_value ? literal(db, percent[length], values[used++], p) : "%";
        sql = percent + 1 + length;
    }
    APR_ARRAY_PUSH(parts, const char *) = sql;
    return used == n ? apr_array_pstrcat(p, parts, '\0') : NULL;
}

/* MariaDB's driver takes an error that comes between two rows for success and hands out results that crash
 * whoever looks into them. Only the error's text tells; it is empty after a success. */
static int is_error_hidden(const ag_db_t *db)
{
    const char *error = ag_sql_text_needed(db) ? apr_dbd_error(db->driver, db->handle, 0) : NULL;

    return error && *error;
}

int ag_sql_text_select(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, int n, const char *const *values,
                       apr_pool_t *p)
{
    const char *text = fill(db, sql, n, values, p);
    int rc;

    *rows = NULL;
    if (!text) {
        return WRONG_VALUES;
    }
    rc = apr_dbd_select(db->driver, p, db->handle, rows, text, 1);
    if (rc != 0) {
        return rc;
    }
    return !*rows || is_error_hidden(db) ? NO_ROWS : 0;
}

int ag_sql_text_run(int *changed, ag_db_t *db, const char *sql, int n, const char *const *values, apr_pool_t *p)
{
    const char *text = fill(db, sql, n, values, p);

    *changed = 0;
    return text ? apr_dbd_query(db->driver, db->handle, changed, text) : WRONG_VALUES;
}
