/* SPDX-License-Identifier: Apache-2.0 */
/*
 * require: our Require rules as httpd's authorization providers, and the provider that lets
 * AuthBasicProvider ask for API keys.
 */
#include "request.h"

#include <ap_provider.h>

#include "../authz/authz.h"

/* What the rule names keeps out: nobody need ask for it. */
static int excludes(const ap_directive_t *at)
{
    int excluding = at && strncasecmp(at->args, "not", 3) == 0 && apr_isspace(at->args[3]);

    for (at = at ? at->parent : NULL; at && !excluding; at = at->parent) {
        excluding = strcasecmp(at->directive, "<RequireNone") == 0;
    }
    return excluding;
}

static const char *parse(cmd_parms *cmd, const char *name, const char *line, const void **parsed)
{
    ag_setting_call_t call = ag_setting_call(cmd);
    ag_rule_t *rule;
    const char *error = ag_rule_parse(&rule, name, line, &call);

    if (!error && rule->warning && call.later) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, cmd->server, "AG0135: Require %s: %s", name,
                     rule->warning);
    }

    if (!error) {
        rule->excludes = excludes(cmd->directive);
    }
    *parsed = rule;
    return error;
}

/* A parser for each name. httpd leaves the name of a Require line in the pool of the command, but
 * not that of an <AuthzProviderAlias>, where an earlier line's would be found. */
#define AG_RULE(id, name, reason, needs_who, parse_rule, test_rule)                                                  \
    static const char *parse_##id(cmd_parms *cmd, const char *line, const void **parsed)                             \
    {                                                                                                                \
        return parse(cmd, name, line, parsed);                                                                       \
    }
#include "../authz/rules.def"
#undef AG_RULE

static authz_status test(request_rec *r, const char *line, const void *parsed)
{
    ag_check_t *check = ag_check_of(r);

    (void)line;
    switch (ag_rule_test(parsed, &check->verdict, &check->exchange->request)) {
    case AG_RULE_YES:
        return AUTHZ_GRANTED;
    case AG_RULE_NO:
        ag_authorizing(r, 1); /* also where another AuthType is in force */
        ag_errors_hold(r, check);
        return AUTHZ_DENIED;
    case AG_RULE_UNKNOWN:
        ag_require_failed(r, check, ag_rule_why_unknown(parsed));
        return AUTHZ_GENERAL_ERROR; /* "Require not" makes a yes of a no, but not of this */
    case AG_RULE_NO_WHO:
        if (check->policy->resource) {
            ag_rule_ask(parsed, &check->verdict, r->pool);
        }
        break;
    }
    return AUTHZ_DENIED_NO_USER;
}

static const struct {
    const char *name;
    authz_provider provider;
} rules[] = {
#define AG_RULE(id, name, reason, needs_who, parse_rule, test_rule) {name, {test, parse_##id}},
#include "../authz/rules.def"
#undef AG_RULE
};

/* Basic credentials whose password is an API key; the user name must be the key's client. Whoever is
 * not known here may be known to the next provider; httpd, not we, words the refusal. */
static authn_status check_password(request_rec *r, const char *user, const char *password)
{
    ag_check_t *check = ag_check_of(r);
    ag_reason_e reason = ag_guard_identify_key(check, password);
    const ag_principal_t *who = check->verdict.who;

    /* Where several issuers are accepted, a client is not called what a token's user is. */
    if (reason == AG_R_NONE && strcmp(ag_principal_qualified(who, who->client, r->pool), user) == 0) {
        return AUTH_GRANTED;
    }
    check->verdict.who = NULL;
    check->verdict.reason = AG_R_NONE;
    if (reason == AG_R_KEYSTORE_UNAVAILABLE || reason == AG_R_INTERNAL_ERROR) {
        return AUTH_GENERAL_ERROR;
    }
    return reason == AG_R_KEY_INVALID || reason == AG_R_CREDENTIAL_MISSING ? AUTH_USER_NOT_FOUND : AUTH_DENIED;
}

static const authn_provider key_provider = {check_password, NULL};

void ag_register_providers(apr_pool_t *p)
{
    apr_size_t i;

    for (i = 0; i < sizeof rules / sizeof *rules; i++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, rules[i].name, AUTHZ_PROVIDER_VERSION, &rules[i].provider,
                                  AP_AUTH_INTERNAL_PER_CONF);
    }
    ap_register_auth_provider(p, AUTHN_PROVIDER_GROUP, "apiguard", AUTHN_PROVIDER_VERSION, &key_provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
