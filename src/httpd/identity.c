/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who it is, told to logs, scripts and backends; forged claims of it removed.
 */
#include "glue.h"

#define PREFIX "x-apiguard-"
#define PREFIX_SIZE (sizeof PREFIX - 1)

/* A backend may take '_', '.' or another sign for '-' in a field's name. */
static int is_identity_field(const char *name)
{
    apr_size_t i;

    for (i = 0; i < PREFIX_SIZE; i++) {
        char c = name[i];

        c = apr_isalnum(c) || !c ? (char)apr_tolower(c) : '-';
        if (c != PREFIX[i]) {
            return 0;
        }
    }
    return 1;
}

int ag_strip_forged(request_rec *r)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    const ag_policy_t *server = ap_get_module_config(r->server->lookup_defaults, &apiguard_module);
    int i;

    ag_mask_arguments(r, server);

    for (i = fields->nelts - 1; i >= 0; i--) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;

        if ((name[0] | 0x20) == 'x' && is_identity_field(name)) {
            apr_table_unset(r->headers_in, name);
            i = fields->nelts; /* one name may have stood there several times */
        }
    }
    return DECLINED;
}

static const char *joined(const ag_words_t *words, apr_pool_t *p)
{
    const char *text;
    int i;

    if (words->n == 0) {
        return NULL;
    }
    text = words->v[0];
    for (i = 1; i < words->n; i++) {
        text = apr_pstrcat(p, text, " ", words->v[i], NULL);
    }
    return text;
}

/* A claim's value for a header or variable: a string, or JSON; NULL when it cannot stand there. */
static const char *claim_text(const char *name, ag_principal_t *who, apr_pool_t *p)
{
    json_t *value = ag_json_path(ag_claims(who, p), name);
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
    return text && (!*text || ag_text_visible(text, strlen(text), 1)) ? text : NULL;
}

/* Where a name and its value go. */
typedef void (*tell_fn)(request_rec *r, const char *name, const char *value);

static void tell_variable(request_rec *r, const char *name, const char *value)
{
    if (value) {
        name = apr_pstrcat(r->pool, "APIGUARD_", name, NULL);
        apr_table_setn(r->subprocess_env, name, value);
        apr_table_setn(r->notes, name, value);
    }
}

static void each_claim(request_rec *r, ag_check_t *check, const char *prefix, tell_fn tell)
{
    const ag_words_t *names = &check->policy->pass_claims;
    int i;

    for (i = 0; i < names->n; i++) {
        tell(r, apr_pstrcat(r->pool, prefix, names->v[i], NULL),
             claim_text(names->v[i], check->verdict.who, r->pool));
    }
}

/* Variables that are there on every request: their names are not put together each time. */
static void set(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->subprocess_env, name, value);
        apr_table_setn(r->notes, name, value);
    }
}

void ag_identity_publish(request_rec *r, ag_check_t *check)
{
    const ag_principal_t *who = check->verdict.who;

    set(r, "APIGUARD_DECISION", "allowed");
    if (check->verdict.n_lines) {
        set(r, "APIGUARD_LIMIT", check->verdict.lines[0].policy);
    }
    if (!who) {
        return;
    }
    set(r, "APIGUARD_CLIENT", who->client);
    set(r, "APIGUARD_KEY_ID", who->key_id);
    set(r, "APIGUARD_CREDENTIAL", who->kind);
    set(r, "APIGUARD_SCOPES", joined(&who->scopes, r->pool));
    each_claim(r, check, "CLAIM_", tell_variable);
}

static void tell_field(request_rec *r, const char *name, const char *value)
{
    name = apr_pstrcat(r->pool, "X-ApiGuard-", name, NULL);
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

    tell_field(r, "Client", who->client);
    tell_field(r, "User", who->user);
    tell_field(r, "Key-Id", who->key_id);
    tell_field(r, "Credential", who->kind);
    tell_field(r, "Scopes", joined(&who->scopes, r->pool));
    tell_field(r, "Roles", joined(&who->roles, r->pool));
    each_claim(r, check, "Claim-", tell_field);
}

/* mod_proxy drops the fields that the client's Connection field names, so ours are set after that
 * (mod_proxy_fcgi does not run this hook; for it they were set in fixups). */
int ag_proxy_fixups(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (check && check->passed && check->verdict.who && check->policy->pass_headers) {
        ag_identity_tell_backend(r, check);
    }
    return DECLINED;
}
