/* SPDX-License-Identifier: Apache-2.0 */
/*
 * params: each argument is looked at once, each declared field is looked up. Nothing is allocated unless a value is encoded
 * or wrong.
 */
#include "params.h"

#include <string.h>

#include <apr_strings.h>

#include "../watch/counters.h"
#include "sent.h"

#define ON_STACK 64 /* arguments that are declared; more are rare */

typedef struct {
    const ag_params_t *params;
    ag_input_call_t *call;
    unsigned char *seen; /* how often each argument was there: 0, 1, 2 for more */
    int invalid;         /* something cannot be read in one way */
} run_t;

/* ---- findings ------------------------------------------------------------------------------------ */

static void find(run_t *run, const ag_param_t *param, const char *keyword, const char *detail)
{
    ag_finding_t finding = {param->header ? "header" : "query", param->name, NULL, keyword, detail};

    ag_findings_add(&run->call->findings, &finding);
}

static void find_invalid(run_t *run, const ag_param_t *param, const char *keyword, const char *detail)
{
    run->invalid = 1;
    find(run, param, keyword, detail);
}

/* ---- values -------------------------------------------------------------------------------------- */

static void check_item(run_t *run, const ag_param_t *param, ag_span_t text)
{
    ag_param_wrong_t wrong;

    for (; param; param = param->beneath) {
        if (ag_param_fits(&wrong, param, text, run->call->p)) {
            continue;
        }
        if (wrong.costly) {
            ag_count(AG_COUNT_PATTERNS_STOPPED);
            ag_log(run->call->request->log, AG_LOG_WARNING, 0,
                   "AG1010: ApiGuardParam %s: the pattern was stopped at its limit", param->name);
        }
        find(run, param, wrong.keyword, wrong.detail);
        return;
    }
}

static ag_span_t trimmed(ag_span_t text)
{
    while (text.n && (*text.at == ' ' || *text.at == '\t')) {
        text = ag_span(text.at + 1, text.n - 1);
    }
    while (text.n && (text.at[text.n - 1] == ' ' || text.at[text.n - 1] == '\t')) {
        text.n--;
    }
    return text;
}

/* Elements of a field have blanks around them, and empty ones are none (RFC 9110 s5.6.1). */
static void check_list(run_t *run, const ag_param_t *param, ag_span_t text)
{
    ag_span_t item;

    while (ag_span_part(&item, &text, ',')) {
        item = param->header ? trimmed(item) : item;
        if (item.n || !param->header) {
            check_item(run, param, item);
        }
    }
}

/* Where .htaccess says list and the server's line does not, it is none. */
static int is_list(const ag_param_t *param)
{
    for (; param && param->list; param = param->beneath) {
    }
    return !param;
}

static void check_value(run_t *run, const ag_param_t *param, ag_span_t text)
{
    if (is_list(param)) {
        check_list(run, param, text);
    }
    else {
        check_item(run, param, text);
    }
}

/* An empty one is there, but not for `required`. */
static int is_required(const ag_param_t *param)
{
    for (; param && !param->required; param = param->beneath) {
    }
    return param != NULL;
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static void check_known(run_t *run, int which, const ag_pair_t *pair)
{
    const ag_param_t *param = run->params->queries[which];
    ag_encoded_e encoded;
    ag_span_t text;

    if (run->seen[which] && !is_list(param)) {
        if (run->seen[which]++ == 1) {
            find_invalid(run, param, "list", "is there more than once");
        }
        run->seen[which] = 2;
        return;
    }
    run->seen[which] = 1;
    encoded = ag_span_decode(&text, pair->value, 1, run->call->p);
    if (encoded != AG_ENCODED_WELL) {
        find_invalid(run, param, "encoding", ag_encoded_detail(encoded));
    }
    else if (!text.n && is_required(param)) {
        find(run, param, "required", "is empty");
    }
    else {
        check_value(run, param, text);
    }
}

/* What is declared nowhere. The argument that holds a credential is nobody else's business. */
static void check_other(run_t *run, const ag_pair_t *pair)
{
    ag_input_call_t *call = run->call;
    ag_finding_t finding = {"query", NULL, NULL, "unknown", NULL};
    int which;

    if (run->params->refuse <= 0
        || (call->credentials && ag_input_name(&which, call->credentials, pair) == AG_NAME_KNOWN)) {
        return;
    }
    finding.detail = apr_psprintf(call->p, "argument %d is none of those that are known here", pair->number);
    ag_findings_add(&call->findings, &finding);
}

static ag_reason_e check_arguments(run_t *run)
{
    const char *args = run->call->args;
    ag_pairs_t pairs;
    ag_pair_t pair;
    int which;

    ag_pairs_begin(&pairs, args, args ? strlen(args) : 0);
    while (ag_pairs_next(&pair, &pairs)) {
        if (pair.number > AG_ARGUMENTS_MOST) {
            return ag_input_refuse(run->call, AG_R_INPUT_INVALID, "There are more than 1000 arguments");
        }
        switch (ag_input_name(&which, run->params->names, &pair)) {
        case AG_NAME_KNOWN:
            check_known(run, which, &pair);
            break;
        case AG_NAME_SPELLED:
            find_invalid(run, run->params->queries[which], "name", "is written in a way that not all read alike");
            break;
        default:
            check_other(run, &pair);
        }
    }
    return AG_R_NONE;
}

static void check_missing(run_t *run)
{
    ag_input_call_t *call = run->call;
    int i;

    for (i = 0; i < run->params->n_queries; i++) {
        const ag_param_t *param = run->params->queries[i];

        if (run->seen[i]) {
            continue;
        }
        if (is_required(param)) {
            find(run, param, "required", "is missing");
        }
        else if (param->told) {
            call->args = apr_pstrcat(call->p, call->args && *call->args ? call->args : "",
                                     call->args && *call->args ? "&" : "", param->told, NULL);
        }
    }
}

/* ---- fields -------------------------------------------------------------------------------------- */

static void tell(ag_input_call_t *call, const ag_param_t *param)
{
    ag_input_field_t *field;

    if (!call->tell) {
        call->tell = apr_array_make(call->p, 2, sizeof(ag_input_field_t));
    }
    field = apr_array_push(call->tell);
    field->name = param->name;
    field->value = param->fallback;
}

static void check_field(run_t *run, const ag_param_t *param)
{
    ag_sent_t field = ag_input_sent(run->call->request, param->name);
    ag_span_t text;

    if (field.others || field.n > 1) {
        find_invalid(run, param, "name",
                     field.n ? "is there in several spellings" : "is written in a way that not all read alike");
        return;
    }
    if (!field.value) {
        if (is_required(param)) {
            find(run, param, "required", "is missing");
        }
        else if (param->fallback) {
            tell(run->call, param);
        }
        return;
    }
    text = ag_span(field.value, strlen(field.value));
    if (!ag_span_utf8(text)) {
        find_invalid(run, param, "encoding", ag_encoded_detail(AG_ENCODED_UTF8));
    }
    else if (!text.n && is_required(param)) {
        find(run, param, "required", "is empty");
    }
    else {
        check_value(run, param, text);
    }
}

/* ---- all of it ----------------------------------------------------------------------------------- */

ag_reason_e ag_input_params(const ag_params_t *params, ag_input_call_t *call)
{
    unsigned char on_stack[ON_STACK] = {0};
    run_t run = {params, call, on_stack, 0};
    ag_reason_e reason = AG_R_NONE;
    int i;

    if (params->n_queries > ON_STACK) {
        run.seen = apr_pcalloc(call->p, (apr_size_t)params->n_queries);
    }
    if (!call->own_args && (params->n_queries || params->refuse > 0)) {
        reason = check_arguments(&run);
        check_missing(&run);
    }
    for (i = 0; i < params->n_headers; i++) {
        check_field(&run, params->headers[i]);
    }
    return reason != AG_R_NONE ? reason : run.invalid ? AG_R_INPUT_INVALID : ag_input_found(call);
}
