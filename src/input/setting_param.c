/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting_param: all lines of ApiGuardParam in a section, by name; an inner section's line takes the place of an outer one's.
 */
#include <string.h>

#include <apr_strings.h>

#include "param_line.h"
#include "setting.h"

#define LINES_MOST 200 /* in one section */

/* ---- lines, by place and name -------------------------------------------------------------------- */

static int same(const ag_param_t *a, const ag_param_t *b)
{
    return a->header == b->header
           && (a->header ? ag_text_same_field(a->name, b->name) : strcmp(a->name, b->name) == 0);
}

static const ag_param_t *find(const ag_params_t *params, const ag_param_t *like)
{
    int i;

    for (i = 0; i < params->lines->nelts; i++) {
        const ag_param_t *param = APR_ARRAY_IDX(params->lines, i, const ag_param_t *);

        if (same(param, like)) {
            return param;
        }
    }
    return NULL;
}

static ag_params_t *make(int most, apr_pool_t *p)
{
    ag_params_t *params = apr_pcalloc(p, sizeof *params);

    params->lines = apr_array_make(p, most, sizeof(const ag_param_t *));
    params->queries = apr_palloc(p, (apr_size_t)most * sizeof *params->queries);
    params->headers = apr_palloc(p, (apr_size_t)most * sizeof *params->headers);
    params->names = ag_input_names_room(most, p);
    return params;
}

static void add(ag_params_t *params, const ag_param_t *param, apr_pool_t *p)
{
    APR_ARRAY_PUSH(params->lines, const ag_param_t *) = param;
    if (param->off) {
        return;
    }
    if (param->header) {
        params->headers[params->n_headers++] = param;
    }
    else {
        params->queries[ag_input_names_add(params->names, param->name, p)] = param;
        params->n_queries++;
    }
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* `* refuse`, `* off`: arguments that no line names. */
static const char *read_others(ag_params_t *params, const ag_words_t *words, int tenant, apr_pool_t *p)
{
    int choice = words->n > 1 ? ag_setting_choose("refuse|off", words->v[1]) : -1;

    if (choice < 0 || words->n > 2) {
        return apr_psprintf(p, "\"%s\" is not allowed: * refuse, or * off",
                            words->n > 2   ? words->v[2]
                            : words->n > 1 ? words->v[1]
                                           : "*");
    }
    if (choice == 1 && tenant) {
        return "off is not allowed in .htaccess";
    }
    params->refuse = choice ? -1 : 1;
    return NULL;
}

static const char *read_line(ag_params_t *params, const ag_words_t *words, int tenant, apr_pool_t *p)
{
    ag_param_t *param = apr_palloc(p, sizeof *param);
    const char *error = ag_param_line(param, words, tenant, p);

    if (error) {
        return error;
    }
    if (find(params, param)) {
        return apr_psprintf(p, "\"%s\" has a line in this section already", param->name);
    }
    if (params->lines->nelts == LINES_MOST) {
        return "there are more than 200 lines in this section";
    }
    add(params, param, p);
    return NULL;
}

static int is_off(const ag_words_t *words)
{
    return words->n == 1 && (strcasecmp(words->v[0], "off") == 0 || strcasecmp(words->v[0], "none") == 0);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_params_t **params = value;
    int tenant = !call->later;

    (void)row;
    if (!call->again) {
        *params = make(LINES_MOST, call->p);
    }
    if (is_off(words)) {
        (*params)->cleared = 1;
        return tenant ? "off is not allowed in .htaccess" : NULL;
    }
    return strcmp(words->v[0], "*") == 0 ? read_others(*params, words, tenant, call->p)
                                         : read_line(*params, words, tenant, call->p);
}

/* ---- merging ------------------------------------------------------------------------------------- */

/* What stands in .htaccess holds beside what it inherits, so it may narrow and not widen. Its default is told where
 * there is nothing that it could break. httpd merges all <Files> first: then a line of .htaccess may stand on one of the
 * server's, which takes the place of the outer one. */
static const ag_param_t *beside(const ag_param_t *inner, const ag_param_t *outer, apr_pool_t *p)
{
    ag_param_t *both;

    if (!inner->tenant || !outer || outer->off) {
        return inner;
    }
    both = apr_pmemdup(p, inner, sizeof *both);
    both->beneath = inner->beneath ? beside(inner->beneath, outer, p) : outer;
    both->fallback = both->beneath->fallback;
    both->told = both->beneath->told;
    return both;
}

/* 1 for a name in .htaccess that some backend may take for one that is inherited: "ID", say, beside "id". */
static int respells(const ag_param_t *param, const ag_input_names_t *inherited)
{
    ag_span_t name = ag_span(param->name, strlen(param->name));
    ag_pair_t pair = {name, ag_span(param->name + name.n, 0), 1};
    int which;

    return param->tenant && !param->header && ag_input_name(&which, inherited, &pair) == AG_NAME_SPELLED;
}

static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_params_t *under = *(ag_params_t *const *)outer, *over = *(ag_params_t *const *)inner;
    int n_under = over->cleared ? 0 : under->lines->nelts, n_over = over->lines->nelts, i;
    ag_params_t *params = make(n_under + n_over, p);

    params->refuse = over->refuse ? over->refuse : over->cleared ? 0 : under->refuse;
    params->cleared = under->cleared || over->cleared;
    for (i = 0; i < n_under; i++) {
        const ag_param_t *param = APR_ARRAY_IDX(under->lines, i, const ag_param_t *);

        if (!find(over, param)) {
            add(params, param, p);
        }
    }
    for (i = 0; i < n_over; i++) {
        const ag_param_t *param = APR_ARRAY_IDX(over->lines, i, const ag_param_t *);

        if (respells(param, params->names)) {
            continue;
        }
        add(params, beside(param, over->cleared ? NULL : find(under, param), p), p);
    }
    *(ag_params_t **)value = params;
}

const ag_setting_kind_t ag_kind_params = {parse, merge, NULL};
