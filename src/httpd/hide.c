/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hide: the credential is taken away from whoever comes after us: handlers, backends, logs. The
 * exchange keeps what redirects and sub-requests need to be checked themselves.
 */
#include "hide.h"

/* A proxy's raw target: "nocanon", [P,NE] and a forward proxy pass the arguments on as a part of it. */
static char *target_without(char *target, const char *name, apr_pool_t *p)
{
    char *query = target ? strchr(target, '?') : NULL;
    const char *left = query ? ag_cred_args_without(query + 1, name, p) : NULL;
    const char *path = query ? apr_pstrmemdup(p, target, (apr_size_t)(query - target)) : target;

    return left ? apr_pstrcat(p, path, "?", left, NULL) : (char *)path;
}

static void hide_in_target(request_rec *r, const char *name)
{
    if (!r->filename || strncmp(r->filename, "proxy:", 6) != 0) {
        return;
    }
    if (r->proxyreq == PROXYREQ_PROXY) {
        r->uri = target_without(r->uri, name, r->pool);
        r->filename = target_without(r->filename, name, r->pool);
    }
    else if (apr_table_get(r->notes, "proxy-nocanon")) {
        r->filename = target_without(r->filename, name, r->pool);
    }
}

static void mask_target(request_rec *r, const char *name)
{
    char *shown = r->filename ? ag_mask_argument(r->filename, name, 0, r->pool) : NULL;

    if (shown != r->filename) {
        ag_unmasked_t *sent = ag_unmasked_of(r);

        sent->file = sent->file ? sent->file : r->filename;
        r->filename = shown;
    }
}

void ag_hide_target(request_rec *r, const ag_policy_t *policy)
{
    void (*hide)(request_rec * r, const char *name) = policy->hide == AG_HIDE_NONE ? mask_target : hide_in_target;
    int i;

    for (i = 0; i < policy->key_from.n; i++) {
        if (policy->key_from.sources[i].from == AG_FROM_QUERY) {
            hide(r, policy->key_from.sources[i].name);
        }
    }
}

void ag_show_target(request_rec *r)
{
    const ag_unmasked_t *sent = ag_unmasked_found(r);

    if (sent && sent->file) {
        r->filename = sent->file;
    }
}

/* A script is told of the request it was redirected from, too. */
static void hide_argument(request_rec *r, const char *name)
{
    request_rec *each;

    for (each = r; each; each = each->prev) {
        if (each->args) {
            each->args = ag_cred_args_without(each->args, name, r->pool);
            each->parsed_uri.query = each->args;
        }
    }
    hide_in_target(r, name);
    ag_mask_addresses(r, name);
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

static void hide_source(request_rec *r, ag_exchange_t *exchange, const ag_key_source_t *source, int fields)
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
    ag_cred_find(found, &check->exchange->request, &check->policy->key_from, ag_policy_types(check->policy));
    return found;
}

static void hide_authorization(request_rec *r, ag_check_t *check)
{
    ag_credential_t found;
    const ag_credential_t *credential = shown(&found, check);
    const char *name = check->exchange->request.authorization;

    if ((credential->places & AG_FROM_AUTHORIZATION)
        && (check->policy->hide == AG_HIDE_ALL || !credential->type || !credential->type->kind->token
            || check->verdict.reason == AG_R_CREDENTIAL_AMBIGUOUS)) {
        ag_hide_field(r, check->exchange, name, apr_table_get(r->headers_in, name));
    }
}

/* Where no TLS protected it: whatever the section lets applications see, a page of errors is none. */
static void hide_bare(request_rec *r, ag_check_t *check)
{
    const ag_key_from_t *from = &check->policy->key_from;
    int i;

    for (i = 0; i < from->n; i++) {
        hide_source(r, check->exchange, &from->sources[i], 1);
    }
    hide_spellings(r, check->exchange, "Authorization");
    hide_spellings(r, check->exchange, "Proxy-Authorization");
    ag_hide_copies(r, check, from);
}

void ag_identity_hide(request_rec *r, ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    const ag_credential_t *credential = &check->credential;
    int known = credential->looked && credential->fields < 2; /* no need to look once more */
    int i;

    if (check->verdict.reason == AG_R_TLS_REQUIRED) {
        hide_bare(r, check);
        return;
    }
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
    ag_hide_copies(r, check, &policy->key_from);
}

void ag_hide_upgrade(request_rec *r)
{
    const char *asked = ag_h2c_on() ? apr_table_get(r->headers_in, "Upgrade") : NULL;

    if (asked && ap_strcasestr(asked, "h2c")) {
        apr_table_unset(r->headers_in, "Upgrade");
    }
}

const ag_key_from_t *ag_hide_collected(request_rec *r)
{
    const ag_key_from_t *collected = ag_collected();
    ag_exchange_t *exchange = ag_check_of(r)->exchange;
    int i;

    for (i = 0; i < collected->n; i++) {
        hide_source(r, exchange, &collected->sources[i], 1);
    }
    hide_spellings(r, exchange, exchange->request.authorization);
    return collected;
}
