/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input_step: the steps that check what a request brings along (src/input): its head at the gate, its body once httpd has
 * read it. They are the last: whoever gets here was identified and charged, and a refusal gives nothing of that back, since
 * to read and to check is work.
 */
#include "guard.h"

#include "../input/body_schema.h"
#include "../input/params.h"

/* What a check needs for a body is given back at once: a JSON text of 1 MB takes up to 13 MB. */
static apr_pool_t *pool_for(const ag_input_call_t *call)
{
    apr_allocator_t *allocator = NULL;
    apr_pool_t *p;

    if (call->body.n > 65536 && apr_allocator_create(&allocator) != APR_SUCCESS) {
        allocator = NULL;
    }
    apr_pool_create_ex(&p, call->p, NULL, allocator);
    if (allocator) {
        apr_allocator_owner_set(allocator, p);
    }
    return p;
}

/* ApiGuardDryRun: in the log and in a variable, and no further. */
static ag_reason_e would_refuse(ag_check_t *check, ag_reason_e reason)
{
    const ag_input_call_t *call = check->input;
    ag_verdict_t told = {
        .reason = reason, .detail = call->detail, .findings = call->findings.n ? &call->findings : NULL};
    const char *detail = ag_problem_detail(&told, call->p);
    apr_uint32_t more;
    ag_log_level_e level = ag_guard_level(check, (apr_uint64_t)reason, &more);

    ag_would_refuse(&check->verdict, reason);
    ag_log(call->request->log, level, 0, "AG1003: ApiGuardDryRun: would_refuse %s%s%s%s", ag_reason(reason)->code,
           detail ? ": " : "", detail ? detail : "", ag_guard_more(check, more));
    return AG_R_NONE;
}

/* Hands over what the checks have to say. */
static ag_reason_e conclude(ag_check_t *check, ag_reason_e reason)
{
    const ag_input_call_t *call = check->input;
    ag_verdict_t *verdict = &check->verdict;

    if (reason == AG_R_NONE || check->policy->dry_run) {
        return reason == AG_R_NONE ? AG_R_NONE : would_refuse(check, reason);
    }
    verdict->findings = call->findings.n ? &call->findings : NULL;
    verdict->field = call->field.name;
    verdict->field_value = call->field.value;
    return ag_refuse(verdict, reason, call->detail);
}

/* What holds for bodies where the section has no such line: of those that its OpenAPI document knows, and of methods that
 * have a schema. */
static const ag_validate_t *validate_of(const ag_check_t *check, int schema)
{
    const ag_validate_t *validate = check->policy->validate;

    return validate || !(check->operation || schema) ? validate : &ag_validate_usual;
}

/* What the body is called. */
static ag_reason_e check_head(const ag_check_t *check, ag_input_call_t *call)
{
    const ag_policy_t *policy = check->policy;
    int schema = policy->body_schemas && ag_body_schema_wanted(policy->body_schemas, call);
    const ag_validate_t *validate = validate_of(check, schema);
    ag_reason_e reason = validate ? ag_input_head(validate, call) : AG_R_NONE;

    return reason == AG_R_NONE && schema ? ag_body_schema_head(call) : reason;
}

/* The body, which has been read. */
static ag_reason_e check_body(const ag_check_t *check, ag_input_call_t *call, apr_pool_t *ptmp)
{
    const ag_policy_t *policy = check->policy;
    const ag_validate_t *validate = validate_of(check, 0);
    ag_reason_e reason = ag_input_content(call, ptmp);

    if (reason == AG_R_NONE && validate) {
        reason = ag_input_form(validate, call);
    }
    if (reason == AG_R_NONE && check->operation) {
        reason = ag_openapi_body(check->operation, call, ptmp);
    }
    return reason == AG_R_NONE && policy->body_schemas && call->body.n && call->wants.doc
               ? ag_body_schema_body(policy->body_schemas, call)
               : reason;
}

ag_reason_e ag_step_input(ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    ag_input_call_t *call = check->input;
    ag_reason_e reason = AG_R_NONE;

    ag_guard_final(check->exchange);
    call->credentials = policy->key_from.arguments;
    if (policy->openapi) {
        reason = ag_guard_openapi(check);
    }
    if (reason == AG_R_NONE && policy->params) {
        reason = ag_input_params(policy->params, call);
    }
    if (reason == AG_R_NONE) {
        reason = check_head(check, call);
    }
    return conclude(check, reason);
}

ag_reason_e ag_step_body(ag_check_t *check)
{
    ag_input_call_t *call = check->input;
    apr_pool_t *ptmp = pool_for(call);
    ag_reason_e reason = check_body(check, call, ptmp);

    apr_pool_destroy(ptmp);
    return conclude(check, reason);
}
