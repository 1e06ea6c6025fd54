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
    const char *mark = query_only ? NULL : strchr(text, '?');
    const char *query = query_only ? text : mark ? mark + 1 : NULL;
    char *out = query ? ag_cred_args_masked(text, query, name, p) : NULL;

    return out ? out : text;
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

/* In all its spellings: whoever comes after us may take any of them for the name. */
static void hide_spellings(request_rec *r, ag_exchange_t *exchange, const char *name)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    int i = 0;

    while (i < fields->nelts) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);

        if (ag_text_same_field(field->key, name)) {
            ag_hide_field(r, exchange, field->key, field->val); /* others take its place */
        }
        else {
            i++;
        }
    }
}

static void hide_source(request_rec *r, ag_exchange_t *exchange, const ag_key_source_t *source,
                        int fields)
{
    switch (source->from) {
    case AG_FROM_HEADER:
        if (fields) {
            hide_spellings(r, exchange, source->name);
        }
        return;
    case AG_FROM_QUERY:
        hide_argument(r, source->name);
        return;
    case AG_FROM_COOKIE:
        hide_cookie(r, exchange, source->name);
        return;
    default:
        return; /* Authorization, which tokens share: ag_identity_hide() */
    }
}

/* What stands in Authorization. Where nobody was asked who he is (ApiGuardEnforce require), nobody has
 * looked yet. */
static const ag_credential_t *shown(ag_credential_t *found, const ag_check_t *check)
{
    if (check->credential.places || check->verdict.who) {
        return &check->credential;
    }
    ag_cred_find(found, &check->exchange->request, &check->policy->key_from,
                 ag_policy_types(check->policy));
    return found;
}

static void hide_authorization(request_rec *r, ag_check_t *check)
{
    ag_credential_t found;
    const ag_credential_t *credential = shown(&found, check);
    const char *name = check->exchange->request.authorization;

    if ((credential->places & AG_FROM_AUTHORIZATION)
        && (check->policy->hide == AG_HIDE_ALL || credential->type != &ag_cred_jwt)) {
        ag_hide_field(r, check->exchange, name, apr_table_get(r->headers_in, name));
    }
}

void ag_identity_hide(request_rec *r, ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    const ag_credential_t *credential = &check->credential;
    int known = credential->looked && credential->fields < 2; /* no need to look once more */
    int i;

    if (policy->hide == AG_HIDE_NONE) {
        return;
    }
    hide_authorization(r, check);
    if (known && credential->fields) {
        ag_hide_field(r, check->exchange, credential->field, credential->value);
    }
    for (i = 0; i < policy->key_from.n; i++) {
        hide_source(r, check->exchange, &policy->key_from.sources[i], !known);
    }
}

static int is_key_field(const ag_key_source_t *source, const char *name)
{
    return source->from == AG_FROM_HEADER && ag_text_same_field(name, source->name);
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
