/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template add, list, show, remove: what keys of one kind have in common, for `key create
 * --template`. A key that was made does not remember its template, so a change of one changes no
 * key.
 */
#include <stdio.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "key.h"
#include "view.h"

typedef struct {
    ag_rules_t rules;
    const char *expires, *note;
} template_options_t;

static const ag_opt_t template_options[] = {
    AG_RULE_OPTIONS(template_options_t),
    {"expires", AG_OPT_TEXT, offsetof(template_options_t, expires), "DURATION",
     "how long its keys last: a duration; " AG_KEY_LIFE " unless given"},
    {"note", AG_OPT_TEXT, offsetof(template_options_t, note), "TEXT", "what it is for"},
    {0},
};

/* In the order of the SELECT and the INSERT. */
enum { NAME, SCOPES, ROLES, IPS, ENDPOINTS, RATE, PLAN, EXPIRES_IN, NOTE, COLUMNS };

static const ag_view_t view[] = {
    {"name", AG_VIEW_TEXT, "TEMPLATE"},
    {"permissions", AG_VIEW_LIST, "SCOPES"},
    {"roles", AG_VIEW_LIST, "ROLES"},
    {"allowed_ips", AG_VIEW_LIST, NULL},
    {"allowed_endpoints", AG_VIEW_LIST, NULL},
    {"rate_limit", AG_VIEW_TEXT, "RATE"},
    {"plan", AG_VIEW_TEXT, "PLAN"},
    {"expires_in", AG_VIEW_SPAN, "EXPIRES IN"},
    {"note", AG_VIEW_TEXT, "NOTE"},
    {0},
};

/* Where its cells go in the draft of a key. */
static const struct {
    int from;
    ag_draft_e to;
} parts[] = {
    {SCOPES, AG_D_SCOPES},       {ROLES, AG_D_ROLES}, {IPS, AG_D_IPS},
    {ENDPOINTS, AG_D_ENDPOINTS}, {RATE, AG_D_RATE},   {PLAN, AG_D_PLAN},
};

#define PARTS (sizeof parts / sizeof *parts)

static const char sql_templates[] =
    "SELECT name, permissions, roles, allowed_ips, allowed_endpoints, rate_limit, plan, expires_in,"
    " note FROM api_templates";

static const char sql_add[] = "INSERT INTO api_templates (name, permissions, roles, allowed_ips, allowed_endpoints,"
                              " rate_limit, plan, expires_in, note) VALUES (%s, %s, %s, %s, %s, %s, %s, %lld, %s)";

static const char sql_remove[] = "DELETE FROM api_templates WHERE name = %s";

static int select_templates(ag_rows_t *rows, ag_ctl_t *ctl, const char *name)
{
    return ag_ctl_select(
        rows, ctl, apr_pstrcat(ctl->pool, sql_templates, name ? " WHERE name = %s" : "", " ORDER BY name", NULL),
        name != NULL, &name);
}

static int find(const char ***row, ag_ctl_t *ctl, const char *name)
{
    ag_rows_t rows;
    int code = select_templates(&rows, ctl, name);

    if (code == AG_EXIT_OK && rows.n != 1) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no template \"%s\"", ag_ctl_plain(name, ctl->pool));
    }
    *row = rows.cells;
    return code;
}

/* A plan that was asked for is not overruled by a limit that was not. */
int ag_ctl_template(ag_draft_t *d, const char **life, ag_ctl_t *ctl, const char *name)
{
    const char **row = NULL;
    int plan_given = d->text[AG_D_PLAN] != NULL;
    ag_draft_e wrong;
    const char *error;
    apr_size_t i;
    int code = find(&row, ctl, name);

    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 0; i < PARTS; i++) {
        if (!d->text[parts[i].to] && !(parts[i].to == AG_D_RATE && plan_given)) {
            d->text[parts[i].to] = row[parts[i].from];
        }
    }
    *life = row[EXPIRES_IN];
    error = ag_draft_check(&wrong, d, ctl->pool);
    return error ? ag_ctl_fail(AG_EXIT_NO, "the template's %s: %s", ag_draft_name(wrong), error) : AG_EXIT_OK;
}

/* The options as values of sql_add. */
static const char *read_options(const char **values, const template_options_t *o, const char *name, apr_pool_t *p)
{
    ag_draft_t d = {{0}};
    apr_int64_t seconds = 0;
    const char *error = ag_draft_check_text(AG_D_PLAN, name, p); /* the same rule for its name */
    apr_size_t i;

    if (error) {
        return apr_pstrcat(p, "NAME: ", error, NULL);
    }
    error = ag_ctl_rules(&d, &o->rules, p);
    if (!error && o->expires) {
        error = ag_measure_duration(&seconds, o->expires, p);
        error = !error && seconds == 0 ? "it is at least a second" : error;
        error = error ? apr_pstrcat(p, "--expires: ", error, NULL) : NULL;
    }
    if (!error && o->note && !ag_text_printable(o->note)) {
        error = "--note: UTF-8 without control characters";
    }
    for (i = 0; i < PARTS; i++) {
        values[parts[i].from] = d.text[parts[i].to];
    }
    values[NAME] = name;
    values[EXPIRES_IN] = seconds ? apr_psprintf(p, "%" APR_INT64_T_FMT, seconds) : NULL;
    values[NOTE] = o->note;
    return error;
}

static int write_template(ag_ctl_t *ctl, const char **values)
{
    ag_rows_t rows;
    const char **row;
    int changed;
    int code = select_templates(&rows, ctl, values[NAME]);

    if (code == AG_EXIT_OK && rows.n) {
        return ag_ctl_fail(AG_EXIT_NO, "there is such a template already; remove it first");
    }
    code = code == AG_EXIT_OK ? ag_draft_check_plan(ctl, values[PLAN]) : code;
    code = code == AG_EXIT_OK ? ag_ctl_change(&changed, ctl, sql_add, COLUMNS, values) : code;
    code = code == AG_EXIT_OK ? find(&row, ctl, values[NAME]) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print_one(ctl, view, row);
    }
    return code;
}

static int template_add(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *values[COLUMNS];
    const char *error = read_options(values, options, operands->v[0], ctl->pool);
    int code;

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    return code == AG_EXIT_OK ? write_template(ctl, values) : code;
}

static int template_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    ag_rows_t rows;
    int code = ag_ctl_open(ctl, 1);

    (void)options;
    (void)operands;
    code = code == AG_EXIT_OK ? select_templates(&rows, ctl, NULL) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, view, &rows);
    }
    return code;
}

static int template_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
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

static int template_remove(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    int changed;
    int code = ag_ctl_open(ctl, 1);

    (void)options;
    code = code == AG_EXIT_OK ? find(&row, ctl, operands->v[0]) : code;
    code = code == AG_EXIT_OK ? ag_ctl_change(&changed, ctl, sql_remove, 1, &operands->v[0]) : code;
    if (code == AG_EXIT_OK) {
        ag_ctl_removed(ctl, "template", operands->v[0]);
    }
    return code;
}

const ag_cmd_t ag_cmds_template[] = {
    {"template add", template_add, template_options, sizeof(template_options_t), "NAME",
     "say what keys of one kind have in common"},
    {"template list", template_list, NULL, 0, NULL, "list the templates"},
    {"template show", template_show, NULL, 0, "NAME", "show one template"},
    {"template remove", template_remove, NULL, 0, "NAME", "remove a template; its keys stay"},
    {0},
};
