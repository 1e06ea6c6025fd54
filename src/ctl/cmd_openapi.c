/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi check: what a server would say to ApiGuardOpenAPI with this document, before it is deployed; and which of its
 * operations a request would be.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../openapi/openapi.h"
#include "ctl.h"

typedef struct {
    const char *base, *format;
    int scopes;
} check_options_t;

static const ag_opt_t check_options[] = {
    {"base", AG_OPT_TEXT, offsetof(check_options_t, base), "PREFIX", "as base=: what stands in front of every path"},
    {"format", AG_OPT_TEXT, offsetof(check_options_t, format), "assert", "format asserts, as format=assert has it"},
    {"scopes", AG_OPT_FLAG, offsetof(check_options_t, scopes), NULL, "as scopes=on"},
    {0},
};

/* ---- which operation ----------------------------------------------------------------------------- */

/* What METHOD PATH would be: the operation, or the code and why. */
typedef struct {
    const char *operation;
    const char *refused;
} answer_t;

static answer_t answer_of(const ag_openapi_t *openapi, const char *method, const char *target, apr_pool_t *p)
{
    ag_span_t path = ag_span(target, strcspn(target, "?"));
    ag_input_call_t call = {.p = p, .method = method, .target = target};
    ag_openapi_found_t found;
    answer_t answer = {NULL, NULL};
    ag_reason_e reason;

    if (ag_span_decode(&path, path, 0, p) != AG_ENCODED_WELL) {
        answer.refused = "input_invalid: the path is encoded wrongly";
        return answer;
    }
    call.path = apr_pstrmemdup(p, path.at, path.n);
    reason = ag_openapi_find(&found, openapi, &call);
    if (reason == AG_R_NONE) {
        answer.operation = ag_operation_name(found.operation, p);
        return answer;
    }
    answer.refused = apr_pstrcat(
        p, ag_reason(reason)->code,
        call.field.name ? ": "
        : call.detail   ? ": "
                        : NULL,
        call.field.name ? apr_pstrcat(p, call.field.name, ": ", call.field.value, NULL) : call.detail, NULL);
    return answer;
}

/* ---- telling it ---------------------------------------------------------------------------------- */

static void tell_json(const ag_openapi_t *openapi, const char *error, const answer_t *answer, const ag_ctl_t *ctl)
{
    const apr_array_header_t *warnings = error ? NULL : ag_openapi_warnings(openapi);
    json_t *list = json_array();
    int i;

    for (i = 0; warnings && i < warnings->nelts; i++) {
        json_array_append_new(list, ag_ctl_text(APR_ARRAY_IDX(warnings, i, const char *), ctl->pool));
    }
    ag_ctl_json(json_pack("{s:o, s:i, s:o, s:o, s:o}", "error", ag_ctl_text(error, ctl->pool), "operations",
                          error ? 0 : ag_openapi_operations(openapi), "warnings", list, "operation",
                          ag_ctl_text(answer->operation, ctl->pool), "refused",
                          ag_ctl_text(answer->refused, ctl->pool)));
}

static void tell(const ag_openapi_t *openapi, const char *file, const answer_t *answer, const ag_ctl_t *ctl)
{
    const apr_array_header_t *warnings = ag_openapi_warnings(openapi);
    int i;

    if (answer->operation || answer->refused) {
        printf("%s\n", ag_ctl_plain(answer->operation ? answer->operation : answer->refused, ctl->pool));
        return;
    }
    for (i = 0; i < warnings->nelts; i++) {
        printf("warning: %s\n", ag_ctl_plain(APR_ARRAY_IDX(warnings, i, const char *), ctl->pool));
    }
    printf("%s: %d operations, %d warnings\n", ag_ctl_plain(file, ctl->pool), ag_openapi_operations(openapi),
           warnings->nelts);
}

static int openapi_check(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const check_options_t *o = options;
    ag_openapi_options_t load = {.base = o->base, .formats = o->format != NULL, .scopes = o->scopes};
    answer_t answer = {NULL, NULL};
    ag_openapi_t *openapi;
    const char *error;

    error = operands->n == 2                                ? "a METHOD goes with a PATH"
            : o->base && *o->base != '/'                    ? "--base begins with a slash"
            : o->format && strcmp(o->format, "assert") != 0 ? "--format is assert"
                                                            : NULL;
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    error = ag_openapi_load(&openapi, operands->v[0], &load, ctl->pool);
    if (!error && operands->n == 3) {
        answer = answer_of(openapi, operands->v[1], operands->v[2], ctl->pool);
    }
    if (ctl->json) {
        tell_json(openapi, error, &answer, ctl);
    }
    else if (error) {
        return ag_ctl_fail(AG_EXIT_NO, "%s", error);
    }
    else {
        tell(openapi, operands->v[0], &answer, ctl);
    }
    return error || answer.refused ? AG_EXIT_NO : AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_openapi[] = {
    {"openapi check", openapi_check, check_options, sizeof(check_options_t), "FILE [METHOD] [PATH]",
     "check an OpenAPI document as a server would, or tell which operation a request is"},
    {0},
};
