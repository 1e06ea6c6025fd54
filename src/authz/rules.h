/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: the functions that rules.def names. Only authz.c's table uses them.
 */
#ifndef AG_RULES_H
#define AG_RULES_H

#include "authz.h"

typedef const char *ag_rule_parse_fn(ag_rule_t *rule, const char *line, const ag_setting_call_t *call);
typedef ag_rule_e ag_rule_test_fn(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request);

ag_rule_parse_fn ag_rule_parse_words, ag_rule_parse_clients, ag_rule_parse_kinds, ag_rule_parse_claim,
    ag_rule_parse_ip;
ag_rule_test_fn ag_rule_test_client, ag_rule_test_scope, ag_rule_test_role, ag_rule_test_claim, ag_rule_test_issuer,
    ag_rule_test_ip, ag_rule_test_credential;

#endif
