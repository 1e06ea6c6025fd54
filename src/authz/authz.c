/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authz: the table of rules, made from rules.def; what each does stands in a rule_*.c.
 */
#include "authz.h"

#include <string.h>

#include <apr_strings.h>

#include "rules.h"

const ag_rule_type_t ag_rule_types[] = {
#define AG_RULE(id, name, reason, needs_who, parse, test) {name, AG_R_##reason, needs_who, parse, test},
#include "rules.def"
#undef AG_RULE
    {NULL, AG_R_NONE, 0, NULL, NULL},
};

const char *ag_rule_parse(ag_rule_t **out, const char *name, const char *line, const ag_setting_call_t *call)
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
    error = ag_text_wordless(line) ? "a value is missing" : type->parse(rule, line, call);
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
    for (i = 0; i < rule->words.n; i++) {
        verdict->wanted = i ? apr_pstrcat(p, verdict->wanted, " ", rule->words.v[i], NULL) : rule->words.v[0];
    }
}

/* A list of addresses may be away; anything else is a rule that does not say enough. */
ag_reason_e ag_rule_why_unknown(const ag_rule_t *rule)
{
    return rule->type->reason == AG_R_IP_DENIED ? AG_R_LIST_UNAVAILABLE : AG_R_INTERNAL_ERROR;
}

ag_rule_e ag_rule_test(const ag_rule_t *rule, ag_verdict_t *verdict, const ag_request_t *request)
{
    ag_rule_e answer;

    if (rule->type->needs_who && !verdict->who) {
        return AG_RULE_NO_WHO;
    }
    answer =
        verdict->memo_rule == rule ? (ag_rule_e)verdict->memo_answer : rule->type->test(rule, verdict->who, request);
    if (!rule->type->needs_who) {
        verdict->memo_rule = rule;
        verdict->memo_answer = (int)answer;
    }
    if (answer == AG_RULE_NO) {
        nominate(rule, verdict, request->pool);
    }
    return answer;
}

void ag_rule_ask(const ag_rule_t *rule, ag_verdict_t *verdict, apr_pool_t *p)
{
    ag_asked_t *asked;

    if (rule->type->reason == AG_R_SCOPE_INSUFFICIENT && !rule->excludes) {
        asked = apr_palloc(p, sizeof *asked);
        asked->scopes = rule->words;
        asked->before = verdict->asked;
        verdict->asked = asked;
    }
}
