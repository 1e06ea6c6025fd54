/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan add, list, show, change, remove: what clients book. A change reaches every key that has the
 * plan; a plan that somebody has is not removed.
 */
#include <stdio.h>

#include <apr_strings.h>

#include "key.h"
#include "view.h"

typedef struct {
    ag_rules_t rules; /* only its rates are used */
    const char *note;
} plan_options_t;

static const ag_opt_t plan_options[] = {
    {"rate", AG_OPT_LIST, offsetof(plan_options_t, rules.rates), "N/PERIOD",
     "its limit; may be repeated, or hold several: \"1000/h 20000/day\""},
    {"note", AG_OPT_TEXT, offsetof(plan_options_t, note), "TEXT", "what it is for"},
    {0},
};

/* In the order of the SELECT. */
enum { NAME, RATE, KEYS, TEMPLATES, NOTE };

static const ag_view_t view[] = {
    {"name", AG_VIEW_TEXT, "PLAN"},   {"rate_limit", AG_VIEW_TEXT, "RATE"},
    {"keys", AG_VIEW_NUMBER, "KEYS"}, {"templates", AG_VIEW_NUMBER, "TEMPLATES"},
    {"note", AG_VIEW_TEXT, "NOTE"},   {0},
};

static const char sql_plans[] =
    "SELECT p.name, p.rate_limit, (SELECT count(*) FROM api_keys k WHERE k.plan = p.name),"
    " (SELECT count(*) FROM api_templates t WHERE t.plan = p.name), p.note FROM api_plans p";

static const char sql_add[] = "INSERT INTO api_plans (rate_limit, note, name) VALUES (%s, %s, %s)";
static const char sql_change[] = "UPDATE api_plans SET rate_limit = %s, note = %s WHERE name = %s";
static const char sql_remove[] = "DELETE FROM api_plans WHERE name = %s";

static int select_plans(ag_rows_t *rows, ag_ctl_t *ctl, const char *name)
{
    return ag_ctl_select(
        rows, ctl, apr_pstrcat(ctl->pool, sql_plans, name ? " WHERE p.name = %s" : "", " ORDER BY p.name", NULL),
        name != NULL, &name);
}

static int find(const char ***row, ag_ctl_t *ctl, const char *name)
{
    ag_rows_t rows;
    int code = select_plans(&rows, ctl, name);

    if (code == AG_EXIT_OK && rows.n != 1) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no plan \"%s\"", ag_ctl_plain(name, ctl->pool));
    }
    *row = rows.cells;
    return code;
}

/* The options as values of sql_add and sql_change, NULL for what was not said. */
static const char *read_options(const char **values, const plan_options_t *o, const char *name, apr_pool_t *p)
{
    ag_draft_t d = {{0}};
    const char *error = ag_draft_check_text(AG_D_PLAN, name, p);

    if (error) {
        return apr_pstrcat(p, "NAME: ", error, NULL);
    }
    error = ag_ctl_rules(&d, &o->rules, p);
    if (!error && o->note && !ag_text_printable(o->note)) {
        error = "--note: UTF-8 without control characters";
    }
    values[0] = d.text[AG_D_RATE];
    values[1] = o->note;
    values[2] = name;
    return error;
}

static int write_plan(ag_ctl_t *ctl, const char *sql, const char **values)
{
    const char **row;
    int changed;
    int code = ag_ctl_change(&changed, ctl, sql, 3, values);

    code = code == AG_EXIT_OK ? find(&row, ctl, values[2]) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print_one(ctl, view, row);
    }
    return code;
}

static int plan_add(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *values[3];
    const char *error = read_options(values, options, operands->v[0], ctl->pool);
    ag_rows_t rows;
    int code;

    if (!error && !values[0]) {
        error = "--rate N/PERIOD is needed: the limit that the plan is";
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? select_plans(&rows, ctl, values[2]) : code;
    if (code == AG_EXIT_OK && rows.n) {
        return ag_ctl_fail(AG_EXIT_NO, "there is such a plan already; see plan change");
    }
    return code == AG_EXIT_OK ? write_plan(ctl, sql_add, values) : code;
}

static int plan_change(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *values[3];
    const char *error = read_options(values, options, operands->v[0], ctl->pool);
    const char **row;
    int code;

    if (!error && !values[0] && !values[1]) {
        error = "what shall change? --rate or --note";
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? find(&row, ctl, values[2]) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    values[0] = values[0] ? values[0] : row[RATE];
    values[1] = values[1] ? values[1] : row[NOTE];
    return write_plan(ctl, sql_change, values);
}

/* SQLite does not look after references unless told to, so the tool does, in one transaction. */
static int remove_unused(ag_ctl_t *ctl, const char *name)
{
    const char **row;
    int changed;
    int code = find(&row, ctl, name);

    if (code == AG_EXIT_OK && (apr_atoi64(row[KEYS]) || apr_atoi64(row[TEMPLATES]))) {
        return ag_ctl_fail(AG_EXIT_NO, "the plan is in use: keys %s, templates %s", row[KEYS], row[TEMPLATES]);
    }
    return code == AG_EXIT_OK ? ag_ctl_change(&changed, ctl, sql_remove, 1, &name) : code;
}

static int plan_remove(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    int code = ag_ctl_open(ctl, 1);

    (void)options;
    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    code = ag_ctl_end(ctl, remove_unused(ctl, operands->v[0]));
    if (code == AG_EXIT_OK) {
        ag_ctl_removed(ctl, "plan", operands->v[0]);
    }
    return code;
}

static int plan_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    ag_rows_t rows;
    int code = ag_ctl_open(ctl, 1);

    (void)options;
    (void)operands;
    code = code == AG_EXIT_OK ? select_plans(&rows, ctl, NULL) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, view, &rows);
    }
    return code;
}

static int plan_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    int code = ag_ctl_open(ctl, 1);

    (void)options;
    code = code == AG_EXIT_OK ? find(&row, ctl, operands->v[0]) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print_one(ctl, view, row);
    }
    return code;
}

const ag_cmd_t ag_cmds_plan[] = {
    {"plan add", plan_add, plan_options, sizeof(plan_options_t), "NAME", "make a plan"},
    {"plan list", plan_list, NULL, 0, NULL, "list the plans, and how many keys have them"},
    {"plan show", plan_show, NULL, 0, "NAME", "show one plan"},
    {"plan change", plan_change, plan_options, sizeof(plan_options_t), "NAME",
     "change its limit or note, for all keys that have it"},
    {"plan remove", plan_remove, NULL, 0, "NAME", "remove a plan that nobody has"},
    {0},
};
