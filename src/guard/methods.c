/* SPDX-License-Identifier: Apache-2.0 */
/*
 * methods: the step that asks whether who was identified may use the method here (authz/methods.h).
 */
#include <string.h>

#include <apr_strings.h>

#include "guard.h"

/* May this method be used with these permissions? Nobody has any, but may say who it is. */
ag_reason_e ag_step_methods(ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;
    ag_verdict_t *verdict = &check->verdict;
    const char *wanted;

    if (ag_methods_allow(&check->policy->method_scopes, request->method, verdict->who, &wanted, request->pool)) {
        return AG_R_NONE;
    }
    verdict->shown = verdict->who;
    verdict->who = NULL;
    if (!verdict->kind) {
        return ag_refuse(verdict, AG_R_CREDENTIAL_MISSING, NULL);
    }
    verdict->wanted = wanted;
    return ag_refuse(
        verdict, AG_R_SCOPE_INSUFFICIENT,
        apr_pstrcat(request->pool, "The key or token does not allow ",
                    ag_text_visible(request->method, strlen(request->method), 0) ? request->method : "this method",
                    NULL));
}
