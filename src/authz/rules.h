/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: those Require rules that fill a file of their own. Only authz.c's table uses them.
 */
#ifndef AG_RULES_H
#define AG_RULES_H

#include "authz.h"

const char *ag_rule_parse_claim(ag_rule_t *rule, const char *line, const ag_setting_call_t *call);
int ag_rule_test_claim(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip,
                       apr_pool_t *p);

const char *ag_rule_parse_ip(ag_rule_t *rule, const char *line, const ag_setting_call_t *call);
int ag_rule_test_ip(const ag_rule_t *rule, ag_principal_t *who, const ag_ip_t *ip, apr_pool_t *p);

#endif
