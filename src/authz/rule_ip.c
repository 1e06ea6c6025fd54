/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Require api-ip: addresses, networks, lists and files, in any mixture. It holds when one of them has
 * the address; it fails when all of them say no; and when one cannot tell, neither is true, since
 * "Require not" would make a yes of a no.
 */
#include "rules.h"

#include <apr_strings.h>

#include "ip_source.h"

static int is_source(const char *word)
{
    return strncmp(word, "file:", 5) == 0 || strncmp(word, "list:", 5) == 0;
}

static const char *add_net(ag_rule_t *rule, apr_array_header_t *nets, const char *word, apr_pool_t *p)
{
    int masked;
    const char *error = ag_net_parse(apr_array_push(nets), word, &masked, p);

    if (!error && masked) {
        rule->warning = apr_psprintf(p, "\"%s\" has bits behind its mask; they are ignored", word);
    }
    return error;
}

static const char *add_source(ag_rule_t *rule, const char *word, const ag_setting_call_t *call)
{
    ag_ip_source_t *source = NULL;
    const char *error = ag_ip_source_of(&source, word, call);

    if (!error) {
        APR_ARRAY_PUSH((apr_array_header_t *)rule->parsed, ag_ip_source_t *) = source;
    }
    return error;
}

const char *ag_rule_parse_ip(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    apr_array_header_t *nets = apr_array_make(call->p, 4, sizeof(ag_net_t));
    const char *error = ag_text_words(&rule->words, line, call->p);
    int i;

    rule->parsed = apr_array_make(call->p, 1, sizeof(ag_ip_source_t *));
    for (i = 0; !error && i < rule->words.n; i++) {
        const char *word = rule->words.v[i];

        error = is_source(word) ? add_source(rule, word, call) : add_net(rule, nets, word, call->p);
    }
    if (!error) {
        rule->networks = ag_ipset_make((ag_net_t *)nets->elts, nets->nelts, call->p);
    }
    return error;
}

ag_rule_e ag_rule_test_ip(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
{
    const apr_array_header_t *sources = rule->parsed;
    ag_rule_e answer = AG_RULE_NO;
    int i;

    (void)who;
    if (ag_ipset_has(rule->networks, &request->ip)) {
        return AG_RULE_YES;
    }
    for (i = 0; i < sources->nelts; i++) {
        ag_ipshare_t *share = APR_ARRAY_IDX(sources, i, ag_ip_source_t *)->share;

        switch (share ? ag_ipshare_ask(share, &request->ip, request->now) : AG_IP_UNKNOWN) {
        case AG_IP_YES:
            return AG_RULE_YES;
        case AG_IP_UNKNOWN:
            answer = AG_RULE_UNKNOWN;
            break;
        case AG_IP_NO:
            break;
        }
    }
    return answer;
}
