/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask: arguments that hold a key read *** in what logs and mod_status show; and where keys stand in
 * any section at all, for those who ask before a section is known.
 */
#include "hide.h"

#include <scoreboard.h>

/* Where a key stands in some section; a request refused by httpd itself has no section. */
static ag_key_from_t collected;

const ag_key_from_t *ag_collected(void)
{
    return &collected;
}

char *ag_mask_argument(char *text, const char *name, int query_only, apr_pool_t *p)
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
        if (collected.sources[i].from == AG_FROM_QUERY) {
            text = ag_mask_argument(text, collected.sources[i].name, query_only, p);
        }
    }
    return text;
}

/* Of a page or of what was asked for, with all its arguments: what browsers, their libraries and proxies
 * send along. */
static const char *const addresses[] = {
    "Referer",         "HX-Current-URL",        "Ping-From",
    "Ping-To",         "Turbolinks-Referrer",   "X-Up-Location",
    "X-Original-URL",  "X-Original-URI",        "X-Rewrite-URL",
    "X-Forwarded-URI", "X-Envoy-Original-Path", "Content-Location",
    "Destination",
};

void ag_mask_addresses(request_rec *r, const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char *sent = (char *)apr_table_get(r->headers_in, addresses[i]);
        char *shown = !sent ? NULL : name ? ag_mask_argument(sent, name, 0, r->pool) : ag_masked(sent, 0, r->pool);

        if (shown != sent) {
            apr_table_setn(r->headers_in, addresses[i], shown);
        }
    }
}

static void mask(request_rec *r, const char *name)
{
    if (r->the_request) {
        r->the_request = ag_mask_argument(r->the_request, name, 0, r->pool);
    }
    if (r->unparsed_uri) {
        r->unparsed_uri = ag_mask_argument(r->unparsed_uri, name, 0, r->pool);
    }
}

/* The log tells of the request a redirect came from, so all of them are masked. */
void ag_mask_arguments(request_rec *r, const ag_policy_t *policy)
{
    request_rec *each;
    int i;

    for (i = 0; policy->key_from.queries && i < policy->key_from.n; i++) {
        const ag_key_source_t *source = &policy->key_from.sources[i];

        for (each = r; each && source->from == AG_FROM_QUERY; each = each->prev ? each->prev : each->main) {
            mask(each, source->name);
        }
    }
}

static void collect_source(apr_array_header_t *sources, const ag_key_source_t *source)
{
    int i;

    for (i = 0; i < sources->nelts; i++) {
        const ag_key_source_t *known = &APR_ARRAY_IDX(sources, i, ag_key_source_t);

        if (known->from == source->from && strcmp(known->name, source->name) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(sources, ag_key_source_t) = *source;
    collected.queries += source->from == AG_FROM_QUERY;
    if (source->from == AG_FROM_HEADER || source->from == AG_FROM_COOKIE) {
        collected.vary = apr_pstrcat(sources->pool, collected.vary, ", ",
                                     source->from == AG_FROM_COOKIE ? "Cookie" : source->name, NULL);
    }
}

static void collect(apr_array_header_t *sources, const ag_policy_t *policy)
{
    int i;

    for (i = 0; i < policy->key_from.n; i++) {
        collect_source(sources, &policy->key_from.sources[i]);
    }
}

/* RFC 6749 s2.3.1 forbids it there, and some client sends it there all the same. */
static const ag_key_source_t secret = {.from = AG_FROM_QUERY, .name = "client_secret"};

int ag_mask_collect(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    apr_array_header_t *sources = apr_array_make(pconf, 4, sizeof(ag_key_source_t));
    int i;

    (void)plog;
    (void)ptemp;
    collected.queries = 0;
    collected.vary = "Authorization"; /* tokens stand there */
    for (i = 0; i < policies->nelts; i++) {
        collect(sources, APR_ARRAY_IDX(policies, i, ag_policy_t *));
    }
    for (; s; s = s->next) {
        collect(sources, ap_get_module_config(s->lookup_defaults, &apiguard_module));
        if (ag_server_of(s)->site->token_sign) {
            collect_source(sources, &secret);
        }
    }
    collected.n = sources->nelts;
    collected.sources = (const ag_key_source_t *)sources->elts;
    return OK;
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
    if (r->filename) { /* a proxy's target, or where mod_rewrite sends the client */
        r->filename = ag_masked(r->filename, 0, r->pool);
    }
}

/* httpd has written the request line where mod_status finds it, right before it asked to log. */
int ag_mask_log(request_rec *r)
{
    const char *told = r->the_request;
    request_rec *each;

    for (each = collected.queries ? r : NULL; each; each = each->next) {
        mask_all(each);
        ag_mask_addresses(each, NULL);
    }
    if (r->the_request != told) {
        ap_update_child_status(r->connection->sbh, SERVER_BUSY_LOG, r);
    }
    return DECLINED;
}

/* Does the request carry what this source would read? */
static int is_sent(const request_rec *r, const ag_key_source_t *source)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    int i, sent = 0, twice = 0;

    switch (source->from) {
    case AG_FROM_HEADER:
        for (i = 0; i < fields->nelts; i++) {
            sent |= ag_text_same_field(APR_ARRAY_IDX(fields, i, apr_table_entry_t).key, source->name);
        }
        return sent;
    case AG_FROM_QUERY:
        return ag_cred_argument(r->args, source->name, &twice, r->pool) != NULL;
    case AG_FROM_COOKIE:
        return ag_cred_cookie(apr_table_get(r->headers_in, "Cookie"), source->name, &twice, r->pool) != NULL;
    default:
        return 0; /* Authorization: ag_credential_sent() */
    }
}

const char *ag_credential_sent(request_rec *r)
{
    int i, sent = apr_table_get(r->headers_in, "Authorization") != NULL;

    for (i = 0; i < collected.n; i++) {
        sent |= is_sent(r, &collected.sources[i]);
    }
    return sent ? collected.vary : NULL;
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
        found |= is_key_field(&collected.sources[i], name);
    }
    for (i = 0; i < here->n; i++) {
        found |= is_key_field(&here->sources[i], name);
    }
    return found;
}
