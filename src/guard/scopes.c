/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scopes: all that a refused client may have to ask for, so that it need not learn of one after the other.
 */
#include <apr_strings.h>

#include "guard.h"

/* Adds the words that are not there yet. */
static void add(apr_array_header_t *all, const ag_words_t *words)
{
    int i;

    for (i = 0; i < words->n; i++) {
        ag_words_t so_far = {all->nelts, (const char **)all->elts};

        if (!ag_words_has(&so_far, words->v[i])) {
            APR_ARRAY_PUSH(all, const char *) = words->v[i];
        }
    }
}

/* In the order of the rules, of which the last comes first. */
static void add_asked(apr_array_header_t *all, const ag_asked_t *asked)
{
    if (asked) {
        add_asked(all, asked->before);
        add(all, &asked->scopes);
    }
}

static void add_text(apr_array_header_t *all, const char *text, apr_pool_t *p)
{
    ag_words_t words;

    if (text && !ag_text_list(&words, text, p)) {
        add(all, &words);
    }
}

const char *ag_guard_scopes(const ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;
    apr_array_header_t *all = apr_array_make(request->pool, 8, sizeof(const char *));

    add_asked(all, check->verdict.asked);
    add_text(all, ag_methods_asked(&check->policy->method_scopes, request->method, request->pool), request->pool);
    add_text(all, check->verdict.wanted, request->pool);
    return all->nelts ? apr_array_pstrcat(request->pool, all, ' ') : NULL;
}

const ag_asked_t *ag_guard_keep_asked(const ag_asked_t *asked, apr_pool_t *p)
{
    ag_asked_t *kept = asked ? apr_pmemdup(p, asked, sizeof *kept) : NULL;
    int i;

    for (i = 0; kept && i < kept->scopes.n; i++) {
        kept->scopes.v =
            i ? kept->scopes.v : apr_pmemdup(p, asked->scopes.v, (apr_size_t)kept->scopes.n * sizeof *kept->scopes.v);
        kept->scopes.v[i] = apr_pstrdup(p, asked->scopes.v[i]);
    }
    if (kept) {
        kept->before = ag_guard_keep_asked(asked->before, p);
    }
    return kept;
}
