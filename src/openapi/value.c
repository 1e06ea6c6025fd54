/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: a parameter's check. Where its schema takes values of several shapes ("a list, or one"), each is tried.
 */
#include "form.h"

void ag_value_find(ag_input_call_t *call, const ag_parameter_t *parameter, const char *keyword, const char *detail)
{
    ag_finding_t finding = {parameter->in, parameter->name, "", keyword, detail};

    ag_findings_add(&call->findings, &finding);
}

/* ---- one reading --------------------------------------------------------------------------------- */

typedef struct {
    ag_input_call_t *call;
    const ag_parameter_t *parameter;
    const ag_given_t *given;
    ag_findings_t findings; /* of the reading that was tried first */
    int tried;
    ag_schema_e answer;
    int costly;        /* one of them was stopped */
    const char *wrong; /* no reading mends it */
} trial_t;

static void build(ag_value_t *value, const trial_t *trial, ag_shape_e shape)
{
    const ag_parameter_t *parameter = trial->parameter;

    if (parameter->text == AG_TEXT_STYLE) {
        ag_value_shape(value, shape, parameter, parameter->schema, trial->given);
        return;
    }
    if (trial->given->n > 1) {
        value->wrong = "stands there more than once";
    }
    else if (parameter->text == AG_TEXT_JSON) {
        ag_value_json(value, ag_value_decode(value, parameter, trial->given->pieces[0].text));
    }
    else if (parameter->text == AG_TEXT_FORM) {
        ag_content_t content = {.schema = parameter->schema, .names = parameter->names};

        value->wrong = ag_form_read(value, &content, trial->given->pieces[0].text);
    }
    else {
        ag_span_t text = ag_value_decode(value, parameter, trial->given->pieces[0].text);

        ag_build_value(value->b, AG_JSON_STRING, text.at, text.n);
    }
}

/* 1 when it is good. */
static int try_reading(trial_t *trial, ag_shape_e shape, int strings, int *unsure)
{
    apr_pool_t *p = trial->call->p;
    ag_value_t value = {.b = ag_build(p), .p = p, .strings = strings};
    ag_findings_t findings = {0};
    ag_schema_run_t run = {
        p, &findings, {trial->parameter->in, trial->parameter->name, NULL, NULL, NULL}, AG_VALUE_STEPS, 1};
    ag_doc_t doc;

    build(&value, trial, shape);
    *unsure = value.unsure;
    trial->answer = AG_SCHEMA_NO;
    if (value.wrong) {
        trial->wrong = trial->wrong ? trial->wrong : value.wrong;
    }
    else if (value.form) {
        ag_finding_t finding = {trial->parameter->in, trial->parameter->name, "", "style", value.form};

        ag_findings_add(&findings, &finding);
    }
    else {
        ag_build_done(&doc, value.b);
        trial->answer =
            trial->parameter->schema ? ag_schema_check(&run, trial->parameter->schema, &doc, 0) : AG_SCHEMA_YES;
    }
    trial->costly |= trial->answer == AG_SCHEMA_COSTLY;
    if (!trial->tried++) {
        trial->findings = findings;
    }
    return trial->answer == AG_SCHEMA_YES;
}

/* Of one shape: as the schema says; and what it says nothing about as strings. */
static int try_shape(trial_t *trial, ag_shape_e shape)
{
    int unsure;

    return try_reading(trial, shape, 0, &unsure)
           || (unsure && trial->answer != AG_SCHEMA_COSTLY && try_reading(trial, shape, 1, &unsure));
}

/* ---- all of them --------------------------------------------------------------------------------- */

static int try_all(trial_t *trial)
{
    unsigned kinds = ag_value_kinds(trial->parameter->schema);
    static const unsigned of_shape[] = {AG_KINDS_ONE, AG_KINDS_OF(ARRAY), AG_KINDS_OF(OBJECT)};
    int shape;

    if (trial->parameter->text != AG_TEXT_STYLE) {
        return try_shape(trial, AG_SHAPE_ONE);
    }
    for (shape = AG_SHAPE_ONE; shape <= AG_SHAPE_MEMBERS; shape++) {
        if ((kinds & of_shape[shape]) && try_shape(trial, (ag_shape_e)shape)) {
            return 1;
        }
    }
    return trial->tried ? 0 : try_shape(trial, AG_SHAPE_ONE); /* the schema takes nothing at all */
}

ag_reason_e ag_value_check(ag_input_call_t *call, const ag_parameter_t *parameter, const ag_given_t *given)
{
    trial_t trial = {.call = call, .parameter = parameter, .given = given};
    int i;

    if (parameter->allow_empty && given->n == 1 && !given->pieces[0].text.n && !given->pieces[0].key.n) {
        return AG_R_NONE;
    }
    if (try_all(&trial)) {
        return AG_R_NONE;
    }
    if (trial.costly) {
        ag_value_stopped(call, "the parameter", ag_text_plain(parameter->name, call->p));
        ag_value_find(call, parameter, "pattern", "would take too long to check");
        return AG_R_NONE;
    }
    if (trial.wrong) {
        ag_value_find(call, parameter, "encoding", trial.wrong);
        return AG_R_INPUT_INVALID;
    }
    if (!trial.findings.n) {
        ag_value_find(call, parameter, "schema", "is not what is expected");
    }
    for (i = 0; i < trial.findings.n && i < AG_FINDINGS_MOST; i++) {
        ag_findings_add(&call->findings, &trial.findings.list[i]);
    }
    return AG_R_NONE;
}
