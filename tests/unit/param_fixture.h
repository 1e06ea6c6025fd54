/* SPDX-License-Identifier: Apache-2.0 */
/*
 * param: sections with lines of ApiGuardParam, and requests to them.
 */
#ifndef AG_PARAM_FIXTURE_H
#define AG_PARAM_FIXTURE_H

#include "unit.h"

#include "../../src/input/params.h"

/* Reads the lines of one section, parted by '\n', or returns what is wrong with one. */
static inline const char *read_section(const ag_params_t **params, const char *lines, int htaccess, apr_pool_t *p)
{
    static const ag_setting_t row = {.name = "ApiGuardParam"};
    ag_setting_call_t call = {.p = p, .later = htaccess ? NULL : apr_array_make(p, 1, sizeof(ag_later_t))};
    char *last, *line;

    for (line = apr_strtok(apr_pstrdup(p, lines), "\n", &last); line; line = apr_strtok(NULL, "\n", &last)) {
        const char *error;
        ag_words_t words;

        assert_null(ag_text_words(&words, line, p));
        error = ag_kind_params.parse(params, &row, &words, &call);
        if (error) {
            return error;
        }
        call.again = 1;
    }
    return NULL;
}

static inline const ag_params_t *section(const char *lines, apr_pool_t *p)
{
    const ag_params_t *params = NULL;
    const char *error = read_section(&params, lines, 0, p);

    if (error) {
        fail_msg("%s: %s", lines, error);
    }
    return params;
}

/* "200", or "400 query id list: is there more than once", with a line for each finding. */
static inline const char *answer_with(ag_input_call_t *call, const ag_input_names_t *credentials,
                                      const ag_params_t *params, const char *args, const char *const *fields,
                                      apr_pool_t *p)
{
    ag_request_t *request = apr_palloc(p, sizeof *request);
    ag_reason_e reason;
    const char *text;
    int i;

    *request = make_request(fields, p);
    memset(call, 0, sizeof *call);
    call->request = request;
    call->p = p;
    call->args = args;
    call->credentials = credentials;
    reason = ag_input_params(params, call);
    text = reason == AG_R_NONE ? "200" : reason == AG_R_INPUT_INVALID ? "400" : "422";
    if (call->detail) {
        text = apr_pstrcat(p, text, " ", call->detail, NULL);
    }
    for (i = 0; i < call->findings.n && i < AG_FINDINGS_MOST; i++) {
        const ag_finding_t *finding = &call->findings.list[i];

        text = apr_psprintf(p, "%s%s%s %s %s: %s", text, i ? "\n" : " ", finding->in,
                            finding->name ? finding->name : "-", finding->keyword, finding->detail);
    }
    return text;
}

static inline const char *answer(ag_input_call_t *call, const ag_params_t *params, const char *args,
                                 const char *const *fields, apr_pool_t *p)
{
    return answer_with(call, NULL, params, args, fields, p);
}

#endif
