/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authz: the Require rules. A rule is parsed once, with the configuration, and tested per request.
 * It says yes or no and knows nothing of the tree it stands in; a no is only a candidate, since
 * another branch may still grant.
 */
#ifndef AG_AUTHZ_H
#define AG_AUTHZ_H

#include "../core/request.h"
#include "../core/setting.h"
#include "../core/verdict.h"

typedef struct ag_rule_t ag_rule_t;

/* UNKNOWN: what is asked cannot be told now, so neither may the rule hold nor its contrary. */
typedef enum { AG_RULE_NO, AG_RULE_YES, AG_RULE_NO_WHO, AG_RULE_UNKNOWN } ag_rule_e;

typedef struct ag_rule_type_t {
    const char *name; /* "api-scope" */
    ag_reason_e reason;
    int needs_who; /* it cannot be tested before a credential is accepted */
    const char *(*parse)(ag_rule_t *rule, const char *line, const ag_setting_call_t *call);
    ag_rule_e (*test)(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request);
} ag_rule_type_t;

struct ag_rule_t {
    const ag_rule_type_t *type;
    ag_words_t words;
    const ag_ipset_t *networks;
    void *parsed;        /* the type's own */
    const char *warning; /* what is allowed and probably not meant, or NULL */
    int excludes;        /* it stands under "not" or in <RequireNone>: set by who parses the line */
};

/* All rule types; ends with one whose name is NULL. */
extern const ag_rule_type_t ag_rule_types[];

/* Parses what follows the rule's name. An error text or NULL. */
const char *ag_rule_parse(ag_rule_t **rule, const char *name, const char *line, const ag_setting_call_t *call);

/* What to refuse with when it could not be tested. */
ag_reason_e ag_rule_why_unknown(const ag_rule_t *rule);

/* Does it hold? A no leaves its reason in verdict->candidate (the first one stays). */
ag_rule_e ag_rule_test(const ag_rule_t *rule, ag_verdict_t *verdict, const ag_request_t *request);

/* Notes the scopes that a rule asks for, if it asks for any: a client is told of them when it is refused. */
void ag_rule_ask(const ag_rule_t *rule, ag_verdict_t *verdict, apr_pool_t *p);

#endif
