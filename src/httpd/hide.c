/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hide: the credential is taken away from whoever comes after us: handlers, backends, logs. The
 * exchange keeps what redirects and sub-requests need to be checked themselves.
 */
#include "glue.h"

/* `text` without the pairs NAME=..., set apart by `separator`; NULL when nothing is left. */
static char *without_pair(const char *text, const char *name, char separator, apr_pool_t *p)
{
    apr_size_t size = strlen(name);
    char *out = apr_palloc(p, strlen(text) + 1);
    char *at = out;

    while (*text) {
        const char *end = strchr(text, separator);
        const char *start = text + strspn(text, " ");
        apr_size_t n = end ? (apr_size_t)(end - text) : strlen(text);

        if (strncmp(start, name, size) != 0 || start[size] != '=') {
            if (at > out) {
                *at++ = separator;
            }
            memcpy(at, text, n);
            at += n;
        }
        text += n + (end != NULL);
    }
    *at = '\0';
    return at > out ? out : NULL;
}

/* The value of the argument as *** in a request line or URI: what logs show. */
static char *masked(const char *text, const char *name, apr_pool_t *p)
{
    apr_size_t size = strlen(name);
    const char *at = strchr(text, '?');
    char *out = (char *)text;

    while (at) {
        at++;
        if (strncmp(at, name, size) == 0 && at[size] == '=') {
            const char *value = at + size + 1;
            apr_size_t before = (apr_size_t)(value - text);
            apr_size_t n = strcspn(value, "& #");

            out = apr_pstrcat(p, apr_pstrmemdup(p, text, before), "***", value + n, NULL);
            text = out;
            value = text + before;
            at = value;
        }
        at += strcspn(at, "& ");
        at = *at == '&' ? at : NULL;
    }
    return out;
}

/* The log tells of the request a redirect came from, so all of them are masked. */
static void mask_all(request_rec *r, const char *name)
{
    for (; r; r = r->prev ? r->prev : r->main) {
        if (r->the_request) {
            r->the_request = masked(r->the_request, name, r->pool);
        }
        if (r->unparsed_uri) {
            r->unparsed_uri = masked(r->unparsed_uri, name, r->pool);
        }
    }
}

void ag_mask_arguments(request_rec *r, const ag_policy_t *policy)
{
    int i;

    for (i = 0; policy->key_from.queries && i < policy->key_from.n; i++) {
        const ag_key_source_t *source = &policy->key_from.sources[i];

        if (source->from == AG_FROM_QUERY) {
            mask_all(r, source->name);
        }
    }
}

static void hide_argument(request_rec *r, const char *name)
{
    if (r->args) {
        r->args = without_pair(r->args, name, '&', r->pool);
        r->parsed_uri.query = r->args;
    }
}

static void hide_cookie(request_rec *r, ag_exchange_t *exchange, const char *name)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie");
    char *left = cookies ? without_pair(cookies, name, ';', r->pool) : NULL;

    if (cookies) {
        ag_hide_field(r, exchange, "Cookie");
    }
    if (left) {
        apr_table_setn(r->headers_in, "Cookie", left);
    }
}

static void hide_source(request_rec *r, ag_check_t *check, const ag_key_source_t *source)
{
    switch (source->from) {
    case AG_FROM_HEADER:
        ag_hide_field(r, check->exchange, source->name);
        return;
    case AG_FROM_QUERY:
        hide_argument(r, source->name);
        return;
    case AG_FROM_COOKIE:
        hide_cookie(r, check->exchange, source->name);
        return;
    default:
        return;
    }
}

void ag_identity_hide(request_rec *r, ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    const ag_credential_t *shown = &check->credential;
    int i;

    if (policy->hide == AG_HIDE_NONE) {
        return;
    }
    for (i = 0; i < policy->key_from.n; i++) {
        hide_source(r, check, &policy->key_from.sources[i]);
    }
    if (shown->type && (policy->hide == AG_HIDE_ALL || shown->type == &ag_cred_key)
        && (shown->from == AG_FROM_BEARER || shown->from == AG_FROM_BASIC)) {
        ag_hide_field(r, check->exchange, "Authorization");
    }
}
