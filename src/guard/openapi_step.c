/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi_step: the part of the input step that holds a request to its section's OpenAPI document. That is done once for
 * a client's request: where it is sent on inside of the server (a front controller, a sub-request) under the same
 * document, the way there is the server's own, and no path of the document's; nor is that of an ErrorDocument.
 */
#include <apr_strings.h>

#include "guard.h"

/* Nobody is told which scope would do before it is known who asks. */
static ag_reason_e refuse_scopes(ag_check_t *check, const char *wanted)
{
    ag_input_call_t *call = check->input;
    const ag_principal_t *who = check->verdict.who;

    if (!who || who->anonymous) {
        return ag_input_refuse(call, AG_R_CREDENTIAL_MISSING, NULL);
    }
    check->verdict.wanted = wanted;
    return ag_input_refuse(
        call, AG_R_SCOPE_INSUFFICIENT,
        apr_pstrcat(call->p, "The key or token does not allow ", ag_operation_name(check->operation, call->p), NULL));
}

ag_reason_e ag_guard_openapi(ag_check_t *check)
{
    const ag_openapi_t *openapi = check->policy->openapi->openapi;
    ag_exchange_t *exchange = check->exchange;
    ag_openapi_found_t *found;
    const char *wanted;
    ag_reason_e reason;

    if (check->input->own_args || (exchange->held_to == openapi && check->number > 1)) {
        return AG_R_NONE;
    }
    found = apr_palloc(check->input->p, sizeof *found);
    reason = ag_openapi_find(found, openapi, check->input);
    check->operation = found->operation;
    if (reason != AG_R_NONE || !found->operation) {
        return reason;
    }
    if (!ag_openapi_allows(&wanted, openapi, found->operation, check->verdict.who, check->input->p)) {
        return refuse_scopes(check, wanted);
    }
    reason = ag_openapi_head(found, openapi, check->input);
    if (reason == AG_R_NONE && !check->below && !check->policy->dry_run) {
        exchange->held_to = openapi;
    }
    return reason;
}
