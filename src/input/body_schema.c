/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_schema: the schema that stands for a request's method. A method's name is compared in any case, since many frameworks
 * do; HEAD is what GET is; and a method that a field names in place of the request's own counts as well: who asks a backend
 * to take a POST for a PUT must send what either of them asks for.
 */
#include "body_schema.h"

#include <string.h>

#include <apr_strings.h>

#include "../watch/counters.h"
#include "sent.h"

/* ---- which ones ---------------------------------------------------------------------------------- */

static int is_named(const ag_body_schemas_t *schemas, const char *method)
{
    int i;

    for (i = 0; i < schemas->list->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(schemas->list, i, ag_method_schema_t).method, method) == 0) {
            return 1;
        }
    }
    return 0;
}

typedef struct {
    const char *method;
    int found;
} named_t;

static void look(void *ctx, const char *name, const char *value)
{
    named_t *named = ctx;
    apr_size_t n = strlen(named->method);

    (void)name;
    for (; *value && !named->found; value++) {
        named->found = strncasecmp(value, named->method, n) == 0; /* anywhere: a list is read in many ways */
    }
}

/* Does a field ask the backend to take it for another method? */
static int is_overridden(const ag_request_t *request, const char *method)
{
    named_t named = {method, 0};

    ag_input_overrides(request, look, &named);
    return named.found;
}

static int stands_for(const ag_body_schemas_t *schemas, const ag_method_schema_t *one, const ag_input_call_t *call)
{
    return one->file
           && (strcasecmp(one->method, call->method) == 0 || is_overridden(call->request, one->method)
               || (strcmp(one->method, "GET") == 0 && strcasecmp(call->method, "HEAD") == 0
                   && !is_named(schemas, "HEAD")));
}

int ag_body_schema_wanted(const ag_body_schemas_t *schemas, ag_input_call_t *call)
{
    int i;

    for (i = 0; i < schemas->list->nelts; i++) {
        if (stands_for(schemas, &APR_ARRAY_IDX(schemas->list, i, ag_method_schema_t), call)) {
            call->wants.body = 1;
            return 1;
        }
    }
    return 0;
}

ag_reason_e ag_body_schema_head(ag_input_call_t *call)
{
    if (!call->typed || ag_input_is_json(call->media.type)) {
        return AG_R_NONE;
    }
    call->field.name = "Accept";
    call->field.value = "application/json";
    return ag_input_refuse(call, AG_R_MEDIA_TYPE_UNSUPPORTED, "The body is to be JSON");
}

/* ---- the body ------------------------------------------------------------------------------------ */

static ag_reason_e check(const ag_schema_file_t *file, ag_input_call_t *call)
{
    ag_schema_run_t run = {.p = call->p, .findings = &call->findings, .steps = AG_SCHEMA_STEPS, .reading = 1};
    ag_schema_e said = ag_schema_check(&run, file->schema, &call->body.doc, 0);

    if (said == AG_SCHEMA_COSTLY) {
        ag_count(AG_COUNT_PATTERNS_STOPPED);
        ag_log(call->request->log, AG_LOG_WARNING, 0,
               "AG1002: ApiGuardBodySchema: the check of a body by %s was stopped at its limit", file->path);
        return ag_input_refuse(call, AG_R_INPUT_REJECTED, "To check the body would take too long");
    }
    return said == AG_SCHEMA_YES ? AG_R_NONE : AG_R_INPUT_REJECTED;
}

ag_reason_e ag_body_schema_body(const ag_body_schemas_t *schemas, ag_input_call_t *call)
{
    ag_reason_e reason = AG_R_NONE;
    int i;

    for (i = 0; reason == AG_R_NONE && i < schemas->list->nelts; i++) {
        const ag_method_schema_t *one = &APR_ARRAY_IDX(schemas->list, i, ag_method_schema_t);

        if (stands_for(schemas, one, call)) {
            reason = check(one->file, call);
        }
    }
    return reason;
}
