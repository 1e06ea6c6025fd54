/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft_write: a draft becomes a row. It checks nothing but what only the database knows.
 */
#include "draft.h"

static const char sql_plan[] = "SELECT name FROM api_plans WHERE name = %s";

static const char sql_insert[] =
    "INSERT INTO api_keys (key_hash, key_prefix, client_name, client_email, permissions, roles,"
    " allowed_ips, allowed_endpoints, rate_limit, plan, metadata, created_at, expires_at,"
    " grace_until, is_active)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %lld, %lld, %lld, %d)";

static const char sql_id[] = "SELECT id FROM api_keys WHERE key_hash = %s";

int ag_draft_check_plan(ag_ctl_t *ctl, const char *plan)
{
    ag_rows_t rows;
    int code;

    if (!plan) {
        return AG_EXIT_OK;
    }
    code = ag_ctl_select(&rows, ctl, sql_plan, 1, &plan);
    if (code == AG_EXIT_OK && rows.n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no plan \"%s\"", ag_ctl_plain(plan, ctl->pool));
    }
    return code;
}

int ag_draft_insert(const char **id, ag_ctl_t *ctl, const ag_draft_t *d)
{
    const char *values[AG_D_COUNT];
    ag_rows_t rows;
    int changed, i;
    int code;

    for (i = 0; i < AG_D_COUNT; i++) {
        values[i] = d->text[i];
    }
    code = ag_ctl_change(&changed, ctl, sql_insert, AG_D_COUNT, values);
    if (code != AG_EXIT_OK || !id) {
        return code;
    }
    code = ag_ctl_select(&rows, ctl, sql_id, 1, &values[AG_D_HASH]);
    if (code == AG_EXIT_OK && rows.n != 1) {
        code = ag_ctl_fail(AG_EXIT_DATABASE, "the key was written but is not there");
    }
    *id = code == AG_EXIT_OK ? rows.cells[0] : NULL;
    return code;
}
