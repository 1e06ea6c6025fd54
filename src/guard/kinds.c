/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds: values of a section. Each parser names the wrong word and what is allowed.
 */
#include "kinds.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

/* ---- ApiGuardRateLimit ---------------------------------------------------------------------------- */

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

/* ---- ApiGuardStoreFailure, ApiGuardInvalidKeyStatus ------------------------------------------- */

static const char *parse_store_failure(void *value, const ag_setting_t *row, const ag_words_t *words,
                                       const ag_setting_call_t *call)
{
    ag_store_failure_t *failure = value;
    apr_int64_t nodes = 1;

    (void)row;
    failure->policy = ag_setting_choose("local|allow|deny", words->v[0]);
    if (strncasecmp(words->v[0], "local/", 6) == 0) {
        failure->policy = AG_FAIL_LOCAL;
        if (ag_measure_number(&nodes, words->v[0] + 6, 1, 100000, call->p)) {
            failure->policy = -1;
        }
    }
    failure->nodes = (int)nodes;
    return failure->policy >= 0 && words->n == 1
               ? NULL
               : apr_psprintf(call->p, "\"%s\" is not allowed: local, local/NODES, allow or deny",
                              words->v[words->n - 1]);
}

const ag_setting_kind_t ag_kind_store_failure = {parse_store_failure, NULL, NULL};

static const char *parse_key_status(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    const char *error = ag_kind_choice.parse(value, row, words, call);

    *(int *)value = *(int *)value ? 403 : 401;
    return error;
}

const ag_setting_kind_t ag_kind_key_status = {parse_key_status, NULL, NULL};

/* ---- ApiGuardPassClaim --------------------------------------------------------------------------- */

/* Would a variable or a field be the same for both? There all signs are one, and capitals are none. */
static int is_same_claim(const char *a, const char *b)
{
    while (*a && *b && (apr_isalnum(*a) ? apr_tolower(*a) == apr_tolower(*b) : !apr_isalnum(*b))) {
        a++;
        b++;
    }
    return !*a && !*b;
}

/* A client that may choose one claim would tell the other one, too. */
static const char *parse_claim_names(void *value, const ag_setting_t *row, const ag_words_t *words,
                                     const ag_setting_call_t *call)
{
    int i, k;

    for (i = 1; i < words->n; i++) {
        for (k = 0; k < i; k++) {
            if (is_same_claim(words->v[k], words->v[i])) {
                return apr_psprintf(call->p, "\"%s\" and \"%s\" would be told under one name", words->v[k],
                                    words->v[i]);
            }
        }
    }
    return ag_kind_words.parse(value, row, words, call);
}

const ag_setting_kind_t ag_kind_claim_names = {parse_claim_names, NULL, NULL};
