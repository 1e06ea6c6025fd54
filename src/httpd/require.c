/* SPDX-License-Identifier: Apache-2.0 */
/*
 * require: one pair of functions for all our Require rules; the rule's name tells which row of
 * authz.c is meant. And the provider that lets AuthBasicProvider ask for API keys.
 */
#include "glue.h"

#include <ap_provider.h>

#include "../authz/authz.h"

static const char *parse(cmd_parms *cmd, const char *line, const void **parsed)
{
    ag_setting_call_t call = ag_setting_call(cmd);
    ag_rule_t *rule;
    const char *error;
    void *name = NULL;

    apr_pool_userdata_get(&name, AUTHZ_PROVIDER_NAME_NOTE, cmd->temp_pool);
    if (!name) {
        return "Require: httpd did not tell the rule's name";
    }
    error = ag_rule_parse(&rule, name, line, &call);
    *parsed = rule;
    return error;
}

static authz_status test(request_rec *r, const char *line, const void *parsed)
{
    ag_check_t *check = ag_check_of(r);

    (void)line;
    switch (ag_rule_test(parsed, &check->verdict, &check->exchange->request.ip, r->pool)) {
    case AG_RULE_YES:
        return AUTHZ_GRANTED;
    case AG_RULE_NO:
        return AUTHZ_DENIED;
    case AG_RULE_NO_WHO:
        break;
    }
    return AUTHZ_DENIED_NO_USER;
}

static const authz_provider rule_provider = {test, parse};

/* Basic credentials whose password is an API key; the user name must be the key's client. */
static authn_status check_password(request_rec *r, const char *user, const char *password)
{
    ag_check_t *check = ag_check_of(r);
    const ag_principal_t *who;
    ag_reason_e reason = ag_guard_identify_key(check, password);

    who = check->verdict.who;
    if (reason == AG_R_NONE && strcmp(who->client, user) == 0) {
        return AUTH_GRANTED;
    }
    check->verdict.who = NULL;
    /* Another provider may know this user; and httpd, not we, words the refusal. */
    check->verdict.reason = AG_R_NONE;
    return reason == AG_R_KEYSTORE_UNAVAILABLE || reason == AG_R_INTERNAL_ERROR ? AUTH_GENERAL_ERROR
                                                                                 : AUTH_DENIED;
}

static const authn_provider key_provider = {check_password, NULL};

void ag_register_providers(apr_pool_t *p)
{
    const ag_rule_type_t *type;

    for (type = ag_rule_types; type->name; type++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, type->name, AUTHZ_PROVIDER_VERSION,
                                  &rule_provider, AP_AUTH_INTERNAL_PER_CONF);
    }
    ap_register_auth_provider(p, AUTHN_PROVIDER_GROUP, "apiguard", AUTHN_PROVIDER_VERSION,
                              &key_provider, AP_AUTH_INTERNAL_PER_CONF);
}
