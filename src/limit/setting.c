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
    if (call->scope && !call->opens) {
        return "off is not allowed in .htaccess";
    }
    ag_limits_add(limits, NULL, call->p); /* the mark that nothing is inherited */
    return NULL;
}

typedef const char *(*parse_fn)(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr,
                                apr_pool_t *p);

static const char *add_limit(ag_limits_t *limits, const ag_words_t *words, parse_fn parse,
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
    if (call->limits) {
        APR_ARRAY_PUSH(call->limits, ag_limit_t *) = limit;
    }
    else {
        ag_limit_name(limit, call->scope, call->p);
    }
    return NULL;
}

static const char *parse_rate_limit(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    (void)row;
    return add_limit(value, words, ag_limit_parse, call);
}

static const char *parse_concurrency(void *value, const ag_setting_t *row, const ag_words_t *words,
                                     const ag_setting_call_t *call)
{
    (void)row;
    return add_limit(value, words, ag_concurrency_parse, call);
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
