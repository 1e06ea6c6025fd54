/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hide: the credential is taken away from whoever comes after us: handlers, backends, logs. The
 * exchange keeps what redirects and sub-requests need to be checked themselves.
 */
#include "glue.h"

/* ---- in logs --------------------------------------------------------------------------------- */

/* Arguments that hold a key in some section; a request refused by httpd itself has no section. */
static ag_words_t collected;

/* `text` with *** for the argument's value; its query begins behind the first '?', or at once. */
static char *masked(char *text, const char *name, int query_only, apr_pool_t *p)
{
    apr_size_t size = strlen(name);
    const char *at = query_only ? text : strchr(text, '?');
    char *out, *to;

    if (!at || !strstr(at, name)) {
        return text;
    }
    at += !query_only;
    /* A pair takes three bytes or more ("k=&") and grows by three at most. */
    to = out = apr_palloc(p, 2 * strlen(text) + 4);
    memcpy(to, text, (apr_size_t)(at - text));
    to += at - text;
    while (*at) {
        int named = strncmp(at, name, size) == 0 && at[size] == '=';
        apr_size_t n = named ? size + 1 : strcspn(at, "& ");

        memcpy(to, at, n);
        to += n;
        at += n;
        if (named) {
            memcpy(to, "***", 3);
            to += 3;
            at += strcspn(at, "& #");
        }
        if (*at == ' ' || *at == '#') {
            break; /* what follows is no query any more */
        }
        if (*at) {
            *to++ = *at++;
        }
    }
    memcpy(to, at, strlen(at) + 1);
    return out;
}

static void mask(request_rec *r, const char *name)
{
    if (r->the_request) {
        r->the_request = masked(r->the_request, name, 0, r->pool);
    }
    if (r->unparsed_uri) {
        r->unparsed_uri = masked(r->unparsed_uri, name, 0, r->pool);
    }
}

/* The log tells of the request a redirect came from, so all of them are masked. */
void ag_mask_arguments(request_rec *r, const ag_policy_t *policy)
{
    request_rec *each;
    int i;

    for (i = 0; policy->key_from.queries && i < policy->key_from.n; i++) {
        const ag_key_source_t *source = &policy->key_from.sources[i];

        for (each = r; each && source->from == AG_FROM_QUERY;
             each = each->prev ? each->prev : each->main) {
            mask(each, source->name);
        }
    }
}

static void collect(apr_array_header_t *names, const ag_policy_t *policy)
{
    int i;

    for (i = 0; i < policy->key_from.n; i++) {
        if (policy->key_from.sources[i].from == AG_FROM_QUERY) {
            APR_ARRAY_PUSH(names, const char *) = policy->key_from.sources[i].name;
        }
    }
}

void ag_mask_collect(server_rec *s, apr_pool_t *p)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    apr_array_header_t *names = apr_array_make(p, 4, sizeof(char *));
    int i;

    for (i = 0; i < policies->nelts; i++) {
        collect(names, APR_ARRAY_IDX(policies, i, ag_policy_t *));
    }
    for (; s; s = s->next) {
        collect(names, ap_get_module_config(s->lookup_defaults, &apiguard_module));
    }
    collected.n = names->nelts;
    collected.v = (const char **)names->elts;
}

int ag_mask_log(request_rec *r)
{
    request_rec *each;
    int i;

    for (i = 0; i < collected.n; i++) {
        for (each = r; each; each = each->next) {
            mask(each, collected.v[i]);
            each->args = each->args ? masked(each->args, collected.v[i], 1, r->pool) : NULL;
        }
    }
    return DECLINED;
}

/* ---- from handlers and backends -------------------------------------------------------------- */

static void hide_argument(request_rec *r, const char *name)
{
    if (r->args) {
        r->args = ag_cred_args_without(r->args, name, r->pool);
        r->parsed_uri.query = r->args;
    }
}

static void hide_cookie(request_rec *r, ag_exchange_t *exchange, const char *name)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie");
    char *left = cookies ? ag_cred_cookies_without(cookies, name, r->pool) : NULL;

    if (cookies) {
        ag_hide_field(r, exchange, "Cookie", cookies);
    }
    if (left) {
        apr_table_setn(r->headers_in, "Cookie", left);
    }
}

static void hide_field(request_rec *r, ag_check_t *check, const char *name)
{
    ag_hide_field(r, check->exchange, name, apr_table_get(r->headers_in, name));
}

static void hide_source(request_rec *r, ag_check_t *check, const ag_key_source_t *source)
{
    switch (source->from) {
    case AG_FROM_HEADER:
        if (source == check->credential.source) { /* no need to look for it once more */
            ag_hide_field(r, check->exchange, source->name, check->credential.text);
        }
        else {
            hide_field(r, check, source->name);
        }
        return;
    case AG_FROM_QUERY:
        hide_argument(r, source->name);
        return;
    case AG_FROM_COOKIE:
        hide_cookie(r, check->exchange, source->name);
        return;
    default:
        return; /* Authorization, which tokens share: ag_identity_hide() */
    }
}

void ag_identity_hide(request_rec *r, ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    const ag_credential_t *shown = &check->credential;
    unsigned authorization = (1u << AG_FROM_BEARER) | (1u << AG_FROM_BASIC);
    int i;

    if (policy->hide == AG_HIDE_NONE) {
        return;
    }
    for (i = 0; i < policy->key_from.n; i++) {
        hide_source(r, check, &policy->key_from.sources[i]);
    }
    if ((shown->places & authorization)
        && (policy->hide == AG_HIDE_ALL || shown->type == &ag_cred_key)) {
        hide_field(r, check, "Authorization");
    }
}
