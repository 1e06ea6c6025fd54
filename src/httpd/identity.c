/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who it is, told to logs, scripts and backends.
 */
#include "hide.h"

int ag_strip_forged(request_rec *r)
{
    ag_hide_behind(r);
    ag_mask_line(r);
    if (ag_collected()->queries) {
        ag_mask_addresses(r, NULL);
    }
    ag_drop_forged(r);
    ag_trailers_watch(r);
    return DECLINED;
}

const char *ag_issuer_label(const ag_principal_t *who)
{
    return who->issuer && *who->issuer ? who->issuer : NULL;
}

static const char *joined(const ag_words_t *words, apr_pool_t *p)
{
    apr_size_t size = 1;
    ag_buf_t text;
    int i;

    if (words->n < 2) {
        return words->n ? words->v[0] : NULL;
    }
    for (i = 0; i < words->n; i++) {
        size += strlen(words->v[i]) + 1;
    }
    ag_buf_init(&text, apr_palloc(p, size), size);
    for (i = 0; i < words->n; i++) {
        ag_buf_mem(&text, " ", i > 0);
        ag_buf_str(&text, words->v[i]);
    }
    return text.start;
}

/* A claim's value for a header or variable: a string, or JSON; NULL when it cannot stand there, or
 * would be another value there, since a field's blanks at its ends are nothing (RFC 9110 s5.5). */
static const char *claim_text(const char *name, ag_principal_t *who, apr_pool_t *p)
{
    json_t *value = ag_json_claim(ag_claims(who, p), name);
    const char *text;
    char *dumped;

    if (json_is_string(value)) {
        text = json_string_value(value);
    }
    else {
        dumped = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
        text = dumped ? apr_pstrdup(p, dumped) : NULL;
        free(dumped);
    }
    return text && (!*text || ag_text_visible(text, strlen(text), 1)) && ag_text_blank(text) != AG_BLANK_END ? text
                                                                                                             : NULL;
}

/* Where a name and its value go. */
typedef void (*tell_fn)(request_rec *r, const char *name, const char *value);

typedef void (*table_fn)(apr_table_t *table, const char *name, const char *value);

/* A new request has no variable of ours, so none needs to be looked for; a sub-request or redirect
 * may have its parent's. */
static table_fn setter(request_rec *r)
{
    return ap_is_initial_req(r) ? apr_table_addn : apr_table_setn;
}

static void set(request_rec *r, table_fn put, const char *name, const char *value)
{
    if (value) {
        put(r->subprocess_env, name, value);
    }
    else if (put == apr_table_setn) {
        apr_table_unset(r->subprocess_env, name); /* the parent's, of somebody else */
    }
}

static void tell_variable(request_rec *r, const char *name, const char *value)
{
    set(r, setter(r), apr_pstrcat(r->pool, "APIGUARD_", name, NULL), value);
}

/* A claim's name in a variable or field: "https://x/role" becomes https___x_role. */
static const char *claim_name(const char *prefix, const char *claim, char joint, apr_pool_t *p)
{
    char *name = apr_pstrcat(p, prefix, claim, NULL);
    char *at;

    for (at = name + strlen(prefix); *at; at++) {
        *at = apr_isalnum(*at) || *at == '_' ? *at : joint;
    }
    return name;
}

static void each_claim(request_rec *r, ag_check_t *check, const char *prefix, char joint, tell_fn tell)
{
    const ag_words_t *names = &check->policy->pass_claims;
    int i;

    for (i = 0; i < names->n; i++) {
        tell(r, claim_name(prefix, names->v[i], joint, r->pool),
             claim_text(names->v[i], check->verdict.who, r->pool));
    }
}

/* A sub-request is given its parent's variables, and what a script of the parent's was told as fields. */
static int is_parents(const char *name)
{
    return strncmp(name, "APIGUARD_", 9) == 0 || (strncmp(name, "HTTP_", 5) == 0 && ag_identity_field(name + 5));
}

/* Where a sub-request is somebody else's, nothing of who its parent's client is holds for it. */
static void forget_parents(request_rec *r)
{
    apr_array_header_t *variables = apr_array_copy(r->pool, apr_table_elts(r->subprocess_env));
    int i;

    for (i = 0; i < variables->nelts; i++) {
        const char *name = APR_ARRAY_IDX(variables, i, apr_table_entry_t).key;

        if (is_parents(name)) {
            apr_table_unset(r->subprocess_env, name);
        }
    }
    if (r->headers_in == r->main->headers_in) {
        r->headers_in = apr_table_copy(r->pool, r->headers_in);
    }
    ag_drop_forged(r);
}

/* Is a sub-request somebody else's than its parent? */
static int is_other(const request_rec *r, const ag_check_t *check)
{
    const ag_check_t *parent = ag_check_found(r->main);

    return check->verdict.who && !(parent && parent->verdict.who == check->verdict.who);
}

void ag_identity_forget(request_rec *r, const ag_check_t *check)
{
    if (r->main && is_other(r, check)) {
        forget_parents(r);
    }
}

/* mod_include gives an included page the variables of the page around it, unless that page is not known to it. */
void ag_identity_apart(request_rec *r, const ag_check_t *check)
{
    static module *includes;

    if (r->main && is_other(r, check) && (includes || (includes = ap_find_linked_module("mod_include.c")))) {
        ap_set_module_config(r->request_config, includes, NULL);
    }
}

void ag_identity_publish(request_rec *r, ag_check_t *check)
{
    const ag_principal_t *who = check->verdict.who;
    table_fn put = setter(r);

    set(r, put, "APIGUARD_DECISION", "allowed");
    if (check->verdict.degraded) {
        set(r, put, "APIGUARD_DEGRADED", ag_check_degraded(check));
    }
    set(r, put, "APIGUARD_LIMIT", ag_guard_limit(check));
    set(r, put, "APIGUARD_DRYRUN", check->verdict.watched);
    if (!who) {
        return;
    }
    set(r, put, "APIGUARD_CLIENT", ag_principal_qualified(who, who->client, r->pool));
    set(r, put, "APIGUARD_ISSUER", ag_issuer_label(who));
    set(r, put, "APIGUARD_KEY_ID", who->key_id);
    set(r, put, "APIGUARD_CREDENTIAL", who->kind->name);
    set(r, put, "APIGUARD_SCOPES", joined(&who->scopes, r->pool));
    each_claim(r, check, "CLAIM_", '_', tell_variable);
}

static void tell_field(request_rec *r, const char *name, const char *value)
{
    name = apr_pstrcat(r->pool, AG_IDENTITY_PREFIX, name, NULL);
    if (value && (!*value || ag_text_visible(value, strlen(value), 1))) {
        apr_table_setn(r->headers_in, name, value);
    }
    else {
        apr_table_unset(r->headers_in, name);
    }
}

void ag_identity_tell_backend(request_rec *r, ag_check_t *check)
{
    const ag_principal_t *who = check->verdict.who;

    tell_field(r, "Client", ag_principal_qualified(who, who->client, r->pool));
    tell_field(r, "User", ag_principal_qualified(who, who->user, r->pool));
    tell_field(r, "Issuer", ag_issuer_label(who));
    tell_field(r, "Key-Id", who->key_id);
    tell_field(r, "Credential", who->kind->name);
    tell_field(r, "Scopes", joined(&who->scopes, r->pool));
    tell_field(r, "Roles", joined(&who->roles, r->pool));
    each_claim(r, check, "Claim-", '-', tell_field);
}

void ag_identity_pass(request_rec *r, ag_check_t *check)
{
    if (ag_is_ours(r)) {
        ag_identity_hide(r, check);
    }
    if (check->verdict.who && check->policy->pass_headers) {
        ag_identity_tell_backend(r, check);
    }
}

/* mod_proxy drops the fields that the client's Connection field names, so ours are set after that
 * (mod_proxy_fcgi does not run this hook; for it they were set in fixups). */
int ag_proxy_fixups(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (ag_trailers_merged()) {
        ag_drop_forged(r);
    }
    if (check && check->passed && check->verdict.who && check->policy->pass_headers) {
        ag_identity_tell_backend(r, check);
    }
    return DECLINED;
}

int ag_identity_handler(request_rec *r)
{
    return ag_trailers_merged() ? ag_proxy_fixups(r) : DECLINED;
}
