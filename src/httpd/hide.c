/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hide: the credential is taken away from whoever comes after us: handlers, backends, logs. The
 * exchange keeps what redirects and sub-requests need to be checked themselves.
 */
#include "glue.h"

#include <scoreboard.h>

/* ---- in logs --------------------------------------------------------------------------------- */

/* Where a key stands in some section; a request refused by httpd itself has no section. */
static struct {
    const ag_key_source_t **sources;
    int n;
    int queries; /* how many of them are arguments */
} collected;

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

char *ag_masked(char *text, int query_only, apr_pool_t *p)
{
    int i;

    for (i = 0; collected.queries && i < collected.n; i++) {
        if (collected.sources[i]->from == AG_FROM_QUERY) {
            text = masked(text, collected.sources[i]->name, query_only, p);
        }
    }
    return text;
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

static int same_source(const ag_key_source_t *a, const ag_key_source_t *b)
{
    return a->from == b->from && (!a->name || strcmp(a->name, b->name) == 0);
}

static void collect_source(apr_array_header_t *sources, const ag_key_source_t *source)
{
    int i;

    for (i = 0; i < sources->nelts; i++) {
        if (same_source(source, APR_ARRAY_IDX(sources, i, const ag_key_source_t *))) {
            return;
        }
    }
    APR_ARRAY_PUSH(sources, const ag_key_source_t *) = source;
    collected.queries += source->from == AG_FROM_QUERY;
}

static void collect(apr_array_header_t *sources, const ag_policy_t *policy)
{
    int i;

    for (i = 0; i < policy->key_from.n; i++) {
        collect_source(sources, &policy->key_from.sources[i]);
    }
}

void ag_mask_collect(server_rec *s, apr_pool_t *p)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    apr_array_header_t *sources = apr_array_make(p, 4, sizeof(ag_key_source_t *));
    int i;

    collected.queries = 0;
    for (i = 0; i < policies->nelts; i++) {
        collect(sources, APR_ARRAY_IDX(policies, i, ag_policy_t *));
    }
    for (; s; s = s->next) {
        collect(sources, ap_get_module_config(s->lookup_defaults, &apiguard_module));
    }
    collected.n = sources->nelts;
    collected.sources = (const ag_key_source_t **)sources->elts;
}

static void mask_all(request_rec *r)
{
    if (r->the_request) {
        r->the_request = ag_masked(r->the_request, 0, r->pool);
    }
    if (r->unparsed_uri) {
        r->unparsed_uri = ag_masked(r->unparsed_uri, 0, r->pool);
    }
    if (r->args) {
        r->parsed_uri.query = r->args = ag_masked(r->args, 1, r->pool);
    }
}

/* httpd has written the request line where mod_status finds it, right before it asked to log. */
int ag_mask_log(request_rec *r)
{
    const char *told = r->the_request;
    request_rec *each;

    for (each = collected.queries ? r : NULL; each; each = each->next) {
        mask_all(each);
    }
    if (r->the_request != told) {
        ap_update_child_status(r->connection->sbh, SERVER_BUSY_LOG, r);
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

static int is_key_field(const ag_key_source_t *source, const char *name)
{
    return source->from == AG_FROM_HEADER && strcasecmp(source->name, name) == 0;
}

int ag_credential_field(request_rec *r, const char *name)
{
    static const char *const always[] = {"Authorization", "Proxy-Authorization", "Cookie"};
    const ag_key_from_t *here = &ag_policy_of(r)->key_from; /* an .htaccess is not collected */
    int i, found = 0;

    for (i = 0; i < (int)(sizeof always / sizeof *always); i++) {
        found |= strcasecmp(name, always[i]) == 0;
    }
    for (i = 0; i < collected.n; i++) {
        found |= is_key_field(collected.sources[i], name);
    }
    for (i = 0; i < here->n; i++) {
        found |= is_key_field(&here->sources[i], name);
    }
    return found;
}
