/* SPDX-License-Identifier: Apache-2.0 */
/*
 * given: one parameter, wherever it stands: it is there and is checked, or is missing.
 */
#include "head.h"

void ag_head_invalid(ag_head_t *head, const ag_parameter_t *parameter, const char *keyword, const char *detail)
{
    ag_value_find(head->call, parameter, keyword, detail);
    head->invalid = 1;
}

void ag_head_check(ag_head_t *head, const ag_parameter_t *parameter, const ag_given_t *given)
{
    if (given->n) {
        head->invalid |= ag_value_check(head->call, parameter, given) != AG_R_NONE;
    }
    else if (parameter->required) {
        ag_value_find(head->call, parameter, "required", "is missing");
    }
}
