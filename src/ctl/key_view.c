/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_view: keys as the tool reads and prints them. To what the table says of a key come two cells
 * that depend on the time: when it ends, and what it is good for now.
 */
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/measure.h"
#include "key.h"
#include "view.h"

/* In the order of ag_key_cell_e. */
static const ag_view_t view[] = {
    {"id", AG_VIEW_NUMBER, "ID"},
    {"key_prefix", AG_VIEW_TEXT, "KEY"},
    {"client_name", AG_VIEW_TEXT, "CLIENT"},
    {"client_email", AG_VIEW_TEXT, NULL},
    {"permissions", AG_VIEW_LIST, "SCOPES"},
    {"roles", AG_VIEW_LIST, NULL},
    {"allowed_ips", AG_VIEW_LIST, NULL},
    {"allowed_endpoints", AG_VIEW_LIST, NULL},
    {"rate_limit", AG_VIEW_TEXT, NULL},
    {"plan", AG_VIEW_TEXT, NULL},
    {"created_at", AG_VIEW_TIME, NULL},
    {"expires_at", AG_VIEW_TIME, NULL},
    {"grace_until", AG_VIEW_TIME, NULL},
    {"is_active", AG_VIEW_NUMBER, NULL},
    {"rotated_to", AG_VIEW_NUMBER, NULL},
    {"metadata", AG_VIEW_TEXT, NULL},
    {"requests", AG_VIEW_NUMBER, NULL},
    {"denied", AG_VIEW_NUMBER, NULL},
    {"key_hash", AG_VIEW_HIDDEN, NULL},
    {"ends_at", AG_VIEW_TIME, "ENDS"},
    {"last_used_at", AG_VIEW_TIME, "LAST USED"},
    {"status", AG_VIEW_TEXT, "STATUS"},
    {0},
};

/* The last cells are filled in here. */
static const char sql_keys[] =
    "SELECT k.id, k.key_prefix, k.client_name, k.client_email, k.permissions, k.roles,"
    " k.allowed_ips, k.allowed_endpoints, k.rate_limit, k.plan, k.created_at, k.expires_at,"
    " k.grace_until, k.is_active, k.rotated_to, k.metadata,"
    " (SELECT coalesce(sum(u.requests), 0) FROM api_usage u WHERE u.key_id = k.id),"
    " (SELECT coalesce(sum(u.denied), 0) FROM api_usage u WHERE u.key_id = k.id),"
    " k.key_hash, NULL,"
    " (SELECT max(u.last_used_at) FROM api_usage u WHERE u.key_id = k.id), NULL"
    " FROM api_keys k";

static apr_time_t time_of(const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;

    return text && !ag_measure_number(&seconds, text, 0, AG_LAST_SECOND, p) ? apr_time_from_sec(seconds) : 0;
}

static const char *end_of(const char **row, apr_pool_t *p)
{
    const char *expires = row[AG_K_EXPIRES];
    const char *grace = row[AG_K_GRACE];

    return grace && (!expires || time_of(grace, p) < time_of(expires, p)) ? grace : expires;
}

static const char *status_of(const ag_ctl_t *ctl, const char **row)
{
    const char *end = row[AG_K_END];

    if (strcmp(row[AG_K_ACTIVE], "1") != 0) {
        return "revoked";
    }
    if (end && time_of(end, ctl->pool) <= ctl->now) {
        return "expired";
    }
    return row[AG_K_ROTATED] ? "rotated" : "active";
}

int ag_ctl_keys_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *condition, int n, const char **values)
{
    int code = ag_ctl_select(rows, ctl, apr_pstrcat(ctl->pool, sql_keys, condition, NULL), n, values);
    int r;

    for (r = 0; code == AG_EXIT_OK && r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        row[AG_K_END] = end_of(row, ctl->pool);
        row[AG_K_STATUS] = status_of(ctl, row);
    }
    return code;
}

void ag_ctl_keys_print(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    ag_view_print(ctl, view, rows);
}

json_t *ag_ctl_keys_json(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    return ag_view_rows_json(view, rows, ctl->pool);
}

void ag_ctl_key_print(const ag_ctl_t *ctl, const char **row)
{
    ag_view_print_one(ctl, view, row);
}
