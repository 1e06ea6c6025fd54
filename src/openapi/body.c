/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body: a request's body against the schema of its media type. JSON was read by whoever called; forms become an object
 * here; any other text is a string, and of what is no text type and size are all that is checked.
 */
#include <apr_strings.h>

#include "../input/multipart.h"
#include "form.h"

static ag_reason_e check(ag_input_call_t *call, const ag_operation_t *operation, const ag_schema_t *schema,
                         const ag_doc_t *doc)
{
    ag_schema_run_t run = {.p = call->p, .findings = &call->findings, .steps = AG_SCHEMA_STEPS, .reading = 1};

    switch (ag_schema_check(&run, schema, doc, 0)) {
    case AG_SCHEMA_YES:
        return AG_R_NONE;
    case AG_SCHEMA_COSTLY:
        ag_value_stopped(call, "the body of", ag_operation_name(operation, call->p));
        return ag_input_refuse(call, AG_R_INPUT_REJECTED, "To check the body would take too long");
    default:
        return AG_R_INPUT_REJECTED;
    }
}

/* ---- forms --------------------------------------------------------------------------------------- */

static const char *read_parts(ag_value_t *value, const ag_content_t *content, const ag_input_call_t *call)
{
    apr_array_header_t *fields = apr_array_make(value->p, 16, sizeof(ag_form_field_t));
    ag_multipart_t multipart;
    ag_part_t part;
    const char *error = ag_multipart_begin(&multipart, &call->media, call->body.text, call->body.n, value->p);
    int more = !error;

    while (more && (more = ag_multipart_next(&part, &multipart, &error, value->p)) > 0) {
        ag_form_field_t *field = apr_array_push(fields);

        field->name = ag_span(part.name, strlen(part.name));
        field->text = part.data;
        field->json = part.media && ag_input_is_json(part.media->type);
        field->file = !field->json && (part.file || part.media);
        if (!ag_span_utf8(field->text)) {
            field->text = ag_span("", 0); /* bytes are no string: what a schema says of strings is not asked */
            value->wrong = field->file ? value->wrong : ag_encoded_detail(AG_ENCODED_UTF8);
        }
    }
    if (!error && !value->wrong) {
        ag_form_build(value, content, (const ag_form_field_t *)fields->elts, fields->nelts, 0);
    }
    return error ? error : value->wrong;
}

static const char *read_form(ag_doc_t *doc, ag_value_t *value, const ag_content_t *content,
                             const ag_input_call_t *call)
{
    const char *wrong = *call->media.type == 'm'
                            ? read_parts(value, content, call)
                            : ag_form_read(value, content, ag_span(call->body.text, call->body.n));

    ag_build_done(doc, value->b);
    return wrong ? wrong : value->form;
}

/* Where the schema could not tell what some text is, all such texts are strings at a second reading. */
static ag_reason_e check_form(const ag_operation_t *operation, const ag_content_t *content, ag_input_call_t *call,
                              apr_pool_t *ptmp)
{
    ag_findings_t before = call->findings;
    ag_reason_e reason = AG_R_NONE;
    int strings, again = 1;

    for (strings = 0; strings < 2 && again; strings++) {
        ag_value_t value = {.b = ag_build(ptmp), .p = ptmp, .strings = strings};
        ag_doc_t doc;
        const char *wrong = read_form(&doc, &value, content, call);

        if (wrong) {
            return ag_input_refuse(call, AG_R_INPUT_INVALID,
                                   apr_pstrcat(call->p, "The form cannot be read: ", wrong, NULL));
        }
        call->findings = before;
        reason = check(call, operation, content->schema, &doc);
        again = value.unsure && reason != AG_R_NONE;
    }
    return reason;
}

/* ---- by type ------------------------------------------------------------------------------------- */

static ag_reason_e check_text(const ag_operation_t *operation, const ag_content_t *content, ag_input_call_t *call,
                              apr_pool_t *ptmp)
{
    ag_builder_t *b = ag_build(ptmp);
    ag_doc_t doc;

    if (!ag_span_utf8(ag_span(call->body.text, call->body.n))) {
        return ag_input_refuse(call, AG_R_INPUT_INVALID, "The body is no UTF-8");
    }
    ag_build_value(b, AG_JSON_STRING, call->body.text, call->body.n);
    ag_build_done(&doc, b);
    return check(call, operation, content->schema, &doc);
}

ag_reason_e ag_openapi_body(const ag_operation_t *operation, ag_input_call_t *call, apr_pool_t *ptmp)
{
    const ag_content_t *content =
        operation->body && call->typed ? ag_content_of(operation->body, call->media.type) : NULL;
    const char *type = call->media.type;

    if (!content || !content->schema || !call->body.text) {
        return AG_R_NONE;
    }
    if (call->wants.doc) {
        return check(call, operation, content->schema, &call->body.doc);
    }
    if (strcmp(type, "application/x-www-form-urlencoded") == 0 || strcmp(type, "multipart/form-data") == 0) {
        return check_form(operation, content, call, ptmp);
    }
    return strncmp(type, "text/", 5) == 0 ? check_text(operation, content, call, ptmp) : AG_R_NONE;
}
