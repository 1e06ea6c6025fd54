/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authz: the table of rules, and those that compare words. Addresses and claims have files of their
 * own.
 */
#include "authz.h"

#include <string.h>

#include <apr_strings.h>

#include "rules.h"

static const char *parse_words(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    return ag_text_words(&rule->words, line, call->p);
}

/* `*` may end a name, and stands nowhere else. */
static const char *parse_clients(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    const char *error = parse_words(rule, line, call);
    int i;

    for (i = 0; !error && i < rule->words.n; i++) {
        const char *star = strchr(rule->words.v[i], '*');

        if (star && star[1]) {
            error = apr_psprintf(call->p, "\"%s\" is not allowed: a * may only end a name",
                                 rule->words.v[i]);
        }
    }
    return error;
}

static const char *parse_kinds(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    const char *error = parse_words(rule, line, call);
    int i;

    for (i = 0; !error && i < rule->words.n; i++) {
        if (ag_setting_choose("key|jwt|anonymous", rule->words.v[i]) < 0) {
            error = apr_psprintf(call->p, "\"%s\" is not allowed: key, jwt or anonymous",
                                 rule->words.v[i]);
        }
    }
    return error;
}

/* A permission "orders:*" covers "orders:read"; one without `*` only itself. */
static int any_covers(const ag_words_t *held, const ag_words_t *wanted)
{
    int i, j;

    for (i = 0; i < held->n; i++) {
        for (j = 0; j < wanted->n; j++) {
            if (ag_text_starts(held->v[i], wanted->v[j])) {
                return 1;
            }
        }
    }
    return 0;
}

static int test_scope(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip, apr_pool_t *p)
{
    (void)ip;
    (void)p;
    return any_covers(&who->scopes, &rule->words);
}

static int test_role(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip, apr_pool_t *p)
{
    int i;

    (void)ip;
    (void)p;
    for (i = 0; i < rule->words.n; i++) {
        if (ag_words_has(&who->roles, rule->words.v[i])) {
            return 1;
        }
    }
    return 0;
}

/* "acme" and "key:acme" are a key's client, "jwt:acme" a token's: names of two issuers of
 * credentials are two name spaces. */
static int client_fits(const char *word, const ag_principal_t *who)
{
    apr_size_t n = strlen(who->kind);

    if (strncmp(word, who->kind, n) == 0 && word[n] == ':') {
        return ag_text_starts(word + n + 1, who->client);
    }
    return strcmp(who->kind, "key") == 0 && ag_text_starts(word, who->client);
}

static int test_client(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip,
                       apr_pool_t *p)
{
    int i;

    (void)ip;
    (void)p;
    for (i = 0; who->client && i < rule->words.n; i++) {
        if (client_fits(rule->words.v[i], who)) {
            return 1;
        }
    }
    return 0;
}

static int test_credential(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip,
                           apr_pool_t *p)
{
    (void)ip;
    (void)p;
    return ag_words_has(&rule->words, who->kind);
}

const ag_rule_type_t ag_rule_types[] = {
    {"api-client", AG_R_CLIENT_DENIED, 1, parse_clients, test_client},
    {"api-scope", AG_R_SCOPE_INSUFFICIENT, 1, parse_words, test_scope},
    {"api-role", AG_R_ROLE_INSUFFICIENT, 1, parse_words, test_role},
    {"api-claim", AG_R_CLAIM_DENIED, 1, ag_rule_parse_claim, ag_rule_test_claim},
    {"api-ip", AG_R_IP_DENIED, 0, ag_rule_parse_ip, ag_rule_test_ip},
    {"api-credential", AG_R_CREDENTIAL_DENIED, 1, parse_kinds, test_credential},
    {NULL, AG_R_NONE, 0, NULL, NULL},
};

const char *ag_rule_parse(ag_rule_t **out, const char *name, const char *line,
                          const ag_setting_call_t *call)
{
    ag_rule_t *rule = apr_pcalloc(call->p, sizeof *rule);
    const ag_rule_type_t *type = ag_rule_types;
    const char *error;

    while (type->name && strcasecmp(type->name, name) != 0) {
        type++;
    }
    if (!type->name) {
        return apr_psprintf(call->p, "Require %s: there is no such rule", name);
    }
    rule->type = type;
    *out = rule;
    error = strspn(line, " \t") == strlen(line) ? "a value is missing"
                                                : type->parse(rule, line, call);
    return error ? apr_pstrcat(call->p, "Require ", type->name, ": ", error, NULL) : NULL;
}

/* Leaves the first refusal as the one to tell, with the scopes that would have helped. */
static void nominate(const ag_rule_t *rule, ag_verdict_t *verdict, apr_pool_t *p)
{
    int i;

    if (verdict->candidate != AG_R_NONE) {
        return;
    }
    verdict->candidate = rule->type->reason;
    if (rule->type->reason != AG_R_SCOPE_INSUFFICIENT) {
        return;
    }
    verdict->wanted = rule->words.v[0];
    for (i = 1; i < rule->words.n; i++) {
        verdict->wanted = apr_pstrcat(p, verdict->wanted, " ", rule->words.v[i], NULL);
    }
}

ag_rule_e ag_rule_test(const ag_rule_t *rule, ag_verdict_t *verdict, const ag_ip_t *ip,
                       apr_pool_t *p)
{
    if (rule->type->needs_who && !verdict->who) {
        return AG_RULE_NO_WHO;
    }
    if (rule->type->test(rule, verdict->who, ip, p)) {
        return AG_RULE_YES;
    }
    nominate(rule, verdict, p);
    return AG_RULE_NO;
}
