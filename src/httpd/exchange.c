/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange: one exchange for a client's request, kept on the topmost request; one check for every
 * pass through the hooks, kept on its own request_rec. Both are made by whichever hook comes first.
 */
#include "../base/speed.h"
#include "body.h"
#include "hide.h"

/* A request field that was hidden from other modules and the backend, with its first value. */
typedef struct hidden_t {
    const char *name;
    const char *value;
    struct hidden_t *next;
} hidden_t;

/* What is kept in r->request_config. */
typedef struct {
    ag_exchange_t *exchange; /* on the topmost request only */
    hidden_t *hidden;        /* likewise */
    ag_body_t *body;         /* likewise, once somebody asks */
    ag_check_t *check;
    ag_unmasked_t unmasked;
    ag_personal_t personal;
    ap_conf_vector_t *config; /* the section for which `ours` was computed */
    int ours;                 /* AuthType ApiGuard is in force */
    int authorizing;          /* httpd's authorization was asked last: a 403 is its word */
    int begun;                /* on the topmost request: a handler had begun before there was an exchange */

    /* Allocated together with this struct, since every guarded request needs them. */
    ag_exchange_t own_exchange;
    ag_check_t own_check;
    ag_log_t log;
    ag_fields_t fields;
} kept_t;

/* Of all requests that no section of ours saw before their handler; it is never written. */
static const kept_t unseen = {.begun = 1};

static kept_t *kept_of(request_rec *r)
{
    kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    if (!kept || kept == &unseen) {
        int begun = kept != NULL;

        kept = apr_pcalloc(r->pool, sizeof *kept);
        kept->begun = begun;
        ap_set_module_config(r->request_config, &apiguard_module, kept);
    }
    return kept;
}

ag_unmasked_t *ag_unmasked_of(request_rec *r)
{
    return &kept_of(r)->unmasked;
}

ag_unmasked_t *ag_unmasked_found(request_rec *r)
{
    kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    return kept ? &kept->unmasked : NULL;
}

ag_fields_t *ag_fields_kept(request_rec *r)
{
    return &kept_of(r)->fields;
}

ag_personal_t *ag_personal_of(request_rec *r)
{
    return &kept_of(r)->personal;
}

static request_rec *topmost(request_rec *r)
{
    while (r->main || r->prev) {
        r = r->main ? r->main : r->prev;
    }
    return r;
}

ag_body_t *ag_body_of(request_rec *r)
{
    request_rec *top = topmost(r);
    kept_t *kept = kept_of(top);

    if (!kept->body) {
        kept->body = apr_pcalloc(top->pool, sizeof *kept->body);
    }
    return kept->body;
}

static const char *hidden_value(const kept_t *kept, const char *name)
{
    const hidden_t *hidden;

    for (hidden = kept->hidden; hidden; hidden = hidden->next) {
        if (strcasecmp(hidden->name, name) == 0) {
            return hidden->value;
        }
    }
    return NULL;
}

static const char *header(const ag_request_t *request, const char *name)
{
    request_rec *r = request->ctx;
    const kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);
    const char *value = hidden_value(kept, name);

    return value ? value : apr_table_get(r->headers_in, name);
}

/* A field is hidden in all its spellings at once, so a field of that name that stands there now was set by
 * another module since. */
static void spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    request_rec *r = request->ctx;
    const kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    const hidden_t *hidden;
    int i, found = 0;

    for (hidden = kept->hidden; hidden; hidden = hidden->next) {
        if (ag_text_same_field(hidden->name, name)) {
            each(ctx, hidden->name, hidden->value);
            found = 1;
        }
    }
    for (i = 0; !found && i < fields->nelts; i++) {
        if (ag_text_same_field(field[i].key, name)) {
            each(ctx, field[i].key, field[i].val);
        }
    }
}

static ag_exchange_t *make_exchange(kept_t *kept, request_rec *r)
{
    ag_exchange_t *exchange = &kept->own_exchange;
    ag_request_t *request = &exchange->request;

    request->pool = r->pool;
    request->method = r->method;
    request->path = r->uri;
    request->args = r->args;
    ag_ip_of(&request->ip, r->useragent_addr);
    request->now = apr_time_now(); /* a slow client makes r->request_time as old as it likes */
    request->log = &kept->log;
    ag_request_log(&kept->log, r);
    request->header = header;
    request->spellings = spellings;
    request->secure = ag_secure;
    request->tls = ag_tls;
    request->authorization = r->proxyreq == PROXYREQ_PROXY ? "Proxy-Authorization" : "Authorization";
    request->ctx = r;
    exchange->engine = ag_server_of(r->server)->engine;
    exchange->begun = kept->begun;
    return exchange;
}

static ag_exchange_t *exchange_of(request_rec *r)
{
    request_rec *top = topmost(r);
    kept_t *kept = kept_of(top);

    if (!kept->exchange) {
        kept->exchange = make_exchange(kept, top);
    }
    return kept->exchange;
}

ag_exchange_t *ag_exchange_found(request_rec *r)
{
    const kept_t *kept = ap_get_module_config(topmost(r)->request_config, &apiguard_module);

    return kept ? kept->exchange : NULL;
}

void ag_exchange_begins(request_rec *r)
{
    request_rec *top = topmost(r);
    kept_t *kept = ap_get_module_config(top->request_config, &apiguard_module);

    if (!kept) {
        ap_set_module_config(top->request_config, &apiguard_module, (void *)&unseen);
    }
    else if (kept != &unseen) {
        kept->begun = 1;
    }
}

int ag_exchange_begun(request_rec *r)
{
    const kept_t *kept = ap_get_module_config(topmost(r)->request_config, &apiguard_module);

    return kept && (kept->begun || (kept->exchange && kept->exchange->begun));
}

/* httpd does not ask again who it is where a sub-request or redirect has its parent's very
 * configuration (AP_AUTH_INTERNAL_PER_CONF); so the answer is the parent's too. */
static void inherit(request_rec *r, ag_check_t *check)
{
    request_rec *parent = r->main ? r->main : r->prev;
    ag_check_t *known = parent && parent->per_dir_config == r->per_dir_config ? ag_check_found(parent) : NULL;

    if (known && known->verdict.reason == AG_R_NONE) {
        check->verdict.who = known->verdict.who;
        check->verdict.kind = known->verdict.kind;
        check->credential = known->credential;
    }
}

int ag_follows_error(const request_rec *r)
{
    while (r->prev && !ap_is_HTTP_ERROR(r->prev->status)) {
        r = r->prev;
    }
    return r->prev != NULL;
}

AG_RARE static ag_check_t *make_check(request_rec *r)
{
    kept_t *kept = kept_of(r);
    ag_check_t *check = kept->check = &kept->own_check;

    check->exchange = exchange_of(r);
    if (check->exchange->begun) {
        check->exchange->request.now = apr_time_now(); /* what a handler looks up may come much later */
    }
    if (ag_follows_error(r)) { /* what a limit of ours refused has been given back before */
        ag_guard_final(check->exchange);
    }
    check->number = ++check->exchange->passes;
    check->policy = ag_policy_of(r);
    check->config = r->per_dir_config;
    check->below = r->main != NULL;
    check->ours = ag_is_ours(r);
    ag_mask_arguments(r, check->policy);
    inherit(r, check);
    return check;
}

ag_check_t *ag_check_of(request_rec *r)
{
    const kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    return kept && kept->check ? kept->check : make_check(r);
}

/* mod_dir serves an index or a fallback by a sub-request that passed the gate, whose configuration
 * then becomes this request's (ap_internal_fast_redirect); so does its check. */
AG_RARE static void follow(request_rec *r, kept_t *kept)
{
    const ag_exchange_t *exchange = ag_exchange_found(r);
    ag_check_t *below = exchange ? exchange->passed_below : NULL;

    while (below && below->config != r->per_dir_config) {
        below = below->passed_before;
    }
    kept->check = below ? below : kept->check;
}

ag_check_t *ag_check_found(request_rec *r)
{
    kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    if (!kept) {
        return NULL;
    }
    if (!kept->check || kept->check->config != r->per_dir_config) {
        follow(r, kept);
    }
    return kept->check;
}

AG_RARE static int find_ours(request_rec *r)
{
    kept_t *kept = kept_of(r);
    const char *type = ap_auth_type(r);

    kept->ours = type && strcasecmp(type, "ApiGuard") == 0;
    kept->config = r->per_dir_config;
    return kept->ours;
}

/* httpd evaluates AuthType anew each time. */
int ag_is_ours(request_rec *r)
{
    const kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    return kept && kept->config == r->per_dir_config ? kept->ours : find_ours(r);
}

/* What AuthType is made of may have been set since, by another module's hook. */
int ag_is_ours_by_now(request_rec *r)
{
    return ag_is_ours(r) || find_ours(r);
}

void ag_authorizing(request_rec *r, int now)
{
    kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    if (kept && kept != &unseen) {
        kept->authorizing = now;
    }
}

int ag_is_authorizing(const request_rec *r)
{
    const kept_t *kept = ap_get_module_config(r->request_config, &apiguard_module);

    return kept && kept->authorizing;
}

/* A copy for the topmost request: what belongs to a sub-request's pool (its .htaccess, its fields) ends with the
 * sub-request. */
static const char *lasting(const request_rec *r, const request_rec *top, const char *text)
{
    return r->pool == top->pool ? text : apr_pstrdup(top->pool, text);
}

void ag_hide_field(request_rec *r, ag_exchange_t *exchange, const char *name, const char *value)
{
    request_rec *top = exchange->request.ctx;
    kept_t *kept = kept_of(top);

    if (!value) {
        return;
    }
    if (!hidden_value(kept, name)) {
        hidden_t *hidden = apr_palloc(top->pool, sizeof *hidden);

        hidden->name = lasting(r, top, name);
        hidden->value = lasting(r, top, value);
        hidden->next = kept->hidden;
        kept->hidden = hidden;
    }
    apr_table_unset(r->headers_in, name);
}

void ag_each_hidden(request_rec *r, void (*see)(void *ctx, const char *name, const char *value), void *ctx)
{
    const hidden_t *hidden;

    for (hidden = kept_of(topmost(r))->hidden; hidden; hidden = hidden->next) {
        see(ctx, hidden->name, hidden->value);
    }
}
