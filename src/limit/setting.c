/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the limits of a section, as ApiGuardRateLimit and ApiGuardConcurrency say them.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

void ag_limits_add(ag_limits_t *limits, ag_limit_t *limit, apr_pool_t *p)
{
    if (!limit || !limits->list) {
        static const ag_limits_t none = {NULL, 0, 0};

        *limits = none;
        limits->list = apr_array_make(p, 2, sizeof(ag_limit_t *));
    }
    APR_ARRAY_PUSH(limits->list, ag_limit_t *) = limit;
    if (limit) {
        limits->windows += limit->n_windows;
        limits->early |= ag_limit_is_early(limit);
    }
}

static const char *limits_off(ag_limits_t *limits, const ag_setting_call_t *call)
{
    if (!call->later) {
        return "off is not allowed in .htaccess";
    }
    ag_limits_add(limits, NULL, call->p); /* the mark that nothing is inherited */
    return NULL;
}

/* Cost, subject and condition may differ between sections that share a count; what is counted not. */
static int same_windows(const ag_limit_t *a, const ag_limit_t *b)
{
    int same = a->n_windows == b->n_windows;
    int i;

    for (i = 0; same && i < a->n_windows; i++) {
        const ag_window_t *x = &a->windows[i];
        const ag_window_t *y = &b->windows[i];

        same = x->algo == y->algo && x->burst == y->burst && x->rate.n == y->rate.n
               && x->rate.period.seconds == y->rate.period.seconds && x->rate.period.kind == y->rate.period.kind;
    }
    return same;
}

/* One name, one count: two limits of a server that share a name must count alike. In .htaccess a name is
 * the section's own. */
const char *ag_limit_later(void *ctx, ag_later_call_t *call)
{
    ag_limit_t *limit = ctx;
    const ag_limit_t *first = limit;
    int shared = limit->name && call->named;

    if (shared) {
        first = ag_setting_first(call->named, call->server, apr_pstrcat(call->p, "limit:", limit->name, NULL), limit,
                                 call->p);
    }
    if (!same_windows(first, limit)) {
        return apr_psprintf(call->p, "\"%s\" and \"%s\" share a name and differ", first->text, limit->text);
    }
    ag_limit_name(limit, apr_pstrcat(call->p, call->server_name, "\n", shared ? "" : call->section, NULL), call->p);
    return NULL;
}

typedef const char *(*parse_fn)(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr,
                                apr_pool_t *p);

static const char *add_limit(ag_limits_t *limits, const ag_setting_t *row, const ag_words_t *words, parse_fn parse,
                             const ag_setting_call_t *call)
{
    ag_limit_t *limit = apr_pcalloc(call->p, sizeof *limit);
    const char *error;
    int i;

    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        return limits_off(limits, call);
    }
    error = parse(limit, words, call->expr, call->p);
    if (error) {
        return error;
    }
    if (!call->again) {
        limits->list = NULL;
    }
    for (i = 0; limits->list && i < limits->list->nelts; i++) {
        const ag_limit_t *other = APR_ARRAY_IDX(limits->list, i, ag_limit_t *);

        if (other && strcmp(other->text, limit->text) == 0) {
            return apr_psprintf(call->p, "\"%s\" stands here twice", limit->text);
        }
    }
    ag_limits_add(limits, limit, call->p);
    return ag_setting_later(call, row->name, AG_LATER_OURS, ag_limit_later, limit);
}

static const char *parse_rate_limit(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    return add_limit(value, row, words, ag_limit_parse, call);
}

static const char *parse_concurrency(void *value, const ag_setting_t *row, const ag_words_t *words,
                                     const ag_setting_call_t *call)
{
    return add_limit(value, row, words, ag_concurrency_parse, call);
}

/* Inner limits are added to the outer ones, unless `off` stands first. */
static void merge_limits(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_limits_t *out = outer, *in = inner;
    ag_limits_t *limits = value;

    *limits = *in;
    if (APR_ARRAY_IDX(in->list, 0, ag_limit_t *)) {
        limits->list = apr_array_append(p, out->list, in->list);
        limits->windows += out->windows;
        limits->early |= out->early;
    }
}

const ag_setting_kind_t ag_kind_rate_limit = {parse_rate_limit, merge_limits, NULL};
const ag_setting_kind_t ag_kind_concurrency = {parse_concurrency, merge_limits, NULL};
