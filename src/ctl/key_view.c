/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_view: keys as the tool reads and prints them. One table of columns drives the SELECT's order,
 * the JSON, the list and the single view.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/measure.h"
#include "key.h"

typedef enum { TEXT, NUMBER, TIME, LIST } kind_e;

/* In the order of the SELECT. A title puts a column into the list. */
static const struct {
    const char *name;
    kind_e kind;
    const char *title;
} columns[] = {
    {"id", NUMBER, "ID"},
    {"key_prefix", TEXT, "KEY"},
    {"client_name", TEXT, "CLIENT"},
    {"client_email", TEXT, NULL},
    {"permissions", LIST, "SCOPES"},
    {"roles", LIST, NULL},
    {"allowed_ips", LIST, NULL},
    {"allowed_endpoints", LIST, NULL},
    {"rate_limit", TEXT, NULL},
    {"plan", TEXT, NULL},
    {"created_at", TIME, NULL},
    {"expires_at", TIME, "EXPIRES"},
    {"grace_until", TIME, NULL},
    {"is_active", NUMBER, NULL},
    {"rotated_to", NUMBER, NULL},
    {"metadata", TEXT, NULL},
    {"last_used_at", TIME, "LAST USED"},
};

#define SHOWN ((int)(sizeof columns / sizeof *columns)) /* the hash, last in a row, is for us */

static const char sql_keys[] =
    "SELECT k.id, k.key_prefix, k.client_name, k.client_email, k.permissions, k.roles,"
    " k.allowed_ips, k.allowed_endpoints, k.rate_limit, k.plan, k.created_at, k.expires_at,"
    " k.grace_until, k.is_active, k.rotated_to, k.metadata,"
    " (SELECT max(u.last_used_at) FROM api_usage u WHERE u.key_id = k.id), k.key_hash"
    " FROM api_keys k";

int ag_ctl_keys_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *condition, int n,
                       const char **values)
{
    return ag_ctl_select(rows, ctl, apr_pstrcat(ctl->pool, sql_keys, condition, NULL), n, values);
}

static apr_time_t time_of(const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;

    return text && !ag_measure_number(&seconds, text, 0, APR_INT64_MAX / APR_USEC_PER_SEC, p)
               ? apr_time_from_sec(seconds)
               : 0;
}

const char *ag_ctl_key_end(const char **row, apr_pool_t *p)
{
    const char *expires = row[AG_K_EXPIRES];
    const char *grace = row[AG_K_GRACE];

    return grace && (!expires || time_of(grace, p) < time_of(expires, p)) ? grace : expires;
}

const char *ag_ctl_key_status(const ag_ctl_t *ctl, const char **row)
{
    const char *end = ag_ctl_key_end(row, ctl->pool);

    if (strcmp(row[AG_K_ACTIVE], "1") != 0) {
        return "revoked";
    }
    if (end && time_of(end, ctl->pool) <= ctl->now) {
        return "expired";
    }
    return row[AG_K_ROTATED] ? "rotated" : "active";
}

static json_t *list_json(const char *text, apr_pool_t *p)
{
    json_t *array = json_array();
    ag_words_t words;
    int i;

    if (!text || ag_text_list(&words, text, p)) {
        json_decref(array);
        return ag_ctl_text(text, p); /* a broken list as it is */
    }
    for (i = 0; i < words.n; i++) {
        json_array_append_new(array, ag_ctl_text(words.v[i], p));
    }
    return array;
}

static json_t *cell_json(kind_e kind, const char *text, apr_pool_t *p)
{
    apr_int64_t number;

    if (kind == LIST) {
        return list_json(text, p);
    }
    if (kind != TEXT && text && !ag_measure_number(&number, text, 0, APR_INT64_MAX, p)) {
        return json_integer(number);
    }
    return ag_ctl_text(text, p);
}

static json_t *row_json(const ag_ctl_t *ctl, const char **row)
{
    json_t *object = json_object();
    int i;

    for (i = 0; i < SHOWN; i++) {
        json_object_set_new(object, columns[i].name, cell_json(columns[i].kind, row[i], ctl->pool));
    }
    json_object_set_new(object, "status", json_string(ag_ctl_key_status(ctl, row)));
    return object;
}

static const char *cell_text(kind_e kind, const char *text, apr_pool_t *p)
{
    if (kind == TIME && text) {
        apr_time_t time = time_of(text, p);

        return time ? ag_ctl_time(time, p) : ag_ctl_plain(text, p);
    }
    return text ? ag_ctl_plain(text, p) : "-";
}

static void print_list(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    apr_array_header_t *cells = apr_array_make(ctl->pool, 64, sizeof(const char *));
    const char *titles[SHOWN + 1];
    int n = 0, r, i;

    for (i = 0; i < SHOWN; i++) {
        if (columns[i].title) {
            titles[n++] = columns[i].title;
        }
    }
    titles[n++] = "STATUS";
    for (r = 0; r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        for (i = 0; i < SHOWN; i++) {
            const char *text = i == AG_K_EXPIRES ? ag_ctl_key_end(row, ctl->pool) : row[i];

            if (columns[i].title) {
                APR_ARRAY_PUSH(cells, const char *) = cell_text(columns[i].kind, text, ctl->pool);
            }
        }
        APR_ARRAY_PUSH(cells, const char *) = ag_ctl_key_status(ctl, row);
    }
    ag_ctl_table(titles, n, cells, ctl->pool);
}

void ag_ctl_keys_print(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    json_t *array;
    int r;

    if (!ctl->json) {
        print_list(ctl, rows);
        return;
    }
    array = json_array();
    for (r = 0; r < rows->n; r++) {
        json_array_append_new(array, row_json(ctl, rows->cells + r * rows->columns));
    }
    ag_ctl_json(array);
}

void ag_ctl_key_print(const ag_ctl_t *ctl, const char **row)
{
    int i;

    if (ctl->json) {
        ag_ctl_json(row_json(ctl, row));
        return;
    }
    for (i = 0; i < SHOWN; i++) {
        printf("%-18s %s\n", columns[i].name, cell_text(columns[i].kind, row[i], ctl->pool));
    }
    printf("%-18s %s\n", "status", ag_ctl_key_status(ctl, row));
}
