/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that compare words: clients, scopes, roles, issuers, kinds of credentials.
 */
#include <string.h>

#include <apr_strings.h>

#include "rules.h"

/* A scope or role that is held may end in `*`; what is asked for is one of them. Taken to the letter
 * a `*` here would never fit, and "Require not" with it would exclude nobody. */
const char *ag_rule_parse_words(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    const char *error = ag_text_words(&rule->words, line, call->p);
    int i;

    for (i = 0; !error && i < rule->words.n; i++) {
        if (!*rule->words.v[i] || strchr(rule->words.v[i], '*')) {
            error = apr_psprintf(call->p, "\"%s\" is not allowed: a word without *", rule->words.v[i]);
        }
    }
    return error;
}

/* `*` may end a name, and stands nowhere else. */
const char *ag_rule_parse_clients(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    const char *error = ag_text_words(&rule->words, line, call->p);
    int i;

    for (i = 0; !error && i < rule->words.n; i++) {
        const char *star = strchr(rule->words.v[i], '*');

        if (star && star[1]) {
            error = apr_psprintf(call->p, "\"%s\" is not allowed: a * may only end a name", rule->words.v[i]);
        }
    }
    return error;
}

const char *ag_rule_parse_kinds(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    const char *error = ag_rule_parse_words(rule, line, call);
    int i;

    for (i = 0; !error && i < rule->words.n; i++) {
        if (ag_setting_choose(AG_CRED_ALL, rule->words.v[i]) < 0) {
            error = apr_psprintf(call->p, "\"%s\" is not allowed: %s", rule->words.v[i],
                                 ag_setting_choices(AG_CRED_ALL, call->p));
        }
    }
    return error;
}

/* A key's permission "orders:*" covers "orders:read"; one without `*` only itself. */
static ag_rule_e any_covers(const ag_principal_t *who, const ag_words_t *held, const ag_words_t *wanted)
{
    int i, j;

    for (i = 0; i < held->n; i++) {
        for (j = 0; j < wanted->n; j++) {
            if (ag_principal_covers(who, held->v[i], wanted->v[j])) {
                return AG_RULE_YES;
            }
        }
    }
    return AG_RULE_NO;
}

ag_rule_e ag_rule_test_scope(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    (void)request;
    return any_covers(who, &who->scopes, &rule->words);
}

ag_rule_e ag_rule_test_role(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    (void)request;
    return any_covers(who, &who->roles, &rule->words);
}

/* What follows "NAME:", or NULL when the word does not begin so. */
static const char *after_name(const char *word, const char *name)
{
    apr_size_t n = name ? strlen(name) : 0;

    return n && strncmp(word, name, n) == 0 && word[n] == ':' ? word + n + 1 : NULL;
}

static int names_an_issuer(const char *word, const ag_principal_t *who)
{
    int i;

    for (i = 0; i < who->issuers.n && !after_name(word, who->issuers.v[i]); i++) {
    }
    return i < who->issuers.n;
}

/* What follows a token's kind ("jwt:") is CLIENT or ISSUER:CLIENT. Where several issuers are accepted the first does not say
 * whose client it is: then neither it nor its contrary may hold. */
static ag_rule_e token_fits(const char *word, const ag_principal_t *who)
{
    const char *client = after_name(word, who->issuer_name);

    if (client && ag_text_starts(client, who->client)) {
        return AG_RULE_YES;
    }
    if (!ag_text_starts(word, who->client) || names_an_issuer(word, who)) {
        return AG_RULE_NO;
    }
    return who->several && strcmp(word, "*") != 0 ? AG_RULE_UNKNOWN : AG_RULE_YES;
}

/* "acme" and "key:acme" are a key's client, "jwt:acme" a token's: each kind of credentials has a name space of
 * its own. */
static ag_rule_e client_fits(const char *word, const ag_principal_t *who)
{
    const ag_cred_kind_t *kind = who->kind;
    const char *rest = after_name(word, kind->name);

    if (rest) {
        return kind->token ? token_fits(rest, who) : (ag_rule_e)ag_text_starts(rest, who->client);
    }
    return kind == AG_KIND(key) && !ag_cred_before(&rest, word) && ag_text_starts(word, who->client) ? AG_RULE_YES
                                                                                                     : AG_RULE_NO;
}

ag_rule_e ag_rule_test_client(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    ag_rule_e answer = AG_RULE_NO;
    int i;

    for (i = 0; who->client && answer != AG_RULE_YES && i < rule->words.n; i++) {
        ag_rule_e each = client_fits(rule->words.v[i], who);

        answer = each == AG_RULE_NO ? answer : each;
    }
    if (answer == AG_RULE_UNKNOWN) {
        ag_log(request->log, AG_LOG_ERROR, 0,
               "AG0643: Require api-client: %s:%s does not say which "
               "issuer's client it means, and tokens of several issuers are accepted here: write "
               "%s:ISSUER:CLIENT",
               who->kind->name, who->client, who->kind->name);
    }
    return answer;
}

ag_rule_e ag_rule_test_issuer(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    int told = who->issuer && *who->issuer;

    (void)request;
    return told
                   && (ag_words_has(&rule->words, who->issuer)
                       || (who->issuer_name && ag_words_has(&rule->words, who->issuer_name)))
               ? AG_RULE_YES
               : AG_RULE_NO;
}

ag_rule_e ag_rule_test_credential(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    int i;

    (void)request;
    for (i = 0; i < rule->words.n; i++) {
        if (strcasecmp(rule->words.v[i], who->kind->name) == 0) {
            return AG_RULE_YES;
        }
    }
    return AG_RULE_NO;
}
