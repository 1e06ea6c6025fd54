/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: a request's parameters, wherever they stand, and whether its body is of a type that the operation takes.
 */
#include "head.h"

#include "../input/sent.h"

/* ---- the path ------------------------------------------------------------------------------------ */

static void check_path(ag_head_t *head, const ag_openapi_found_t *found)
{
    int i;

    for (i = 0; i < found->path.n; i++) {
        ag_piece_t piece = {{"", 0}, found->path.values[i]};
        ag_given_t given = {1, &piece, (int)(found->encoded >> found->path.of[i] & 1)};

        ag_head_check(head, head->operation->values[i], &given);
    }
}

/* ---- fields -------------------------------------------------------------------------------------- */

/* A list may be sent in several fields (RFC 9110 s5.3). */
static void check_field(ag_head_t *head, const ag_parameter_t *parameter)
{
    const ag_request_t *request = head->call->request;
    ag_sent_t field = ag_input_sent(request, parameter->name);
    ag_piece_t piece;
    ag_given_t given = {0, &piece, 0};

    if (field.others) {
        ag_head_invalid(head, parameter, "name", "is written in a way that not all read alike");
        return;
    }
    if (field.n > 1 && !(ag_value_kinds(parameter->schema) & (AG_KINDS_OF(ARRAY) | AG_KINDS_OF(OBJECT)))) {
        ag_head_invalid(head, parameter, "name", "stands there more than once");
        return;
    }
    if (field.n > 1) {
        field.value = request->header(request, parameter->name);
    }
    piece.key = ag_span("", 0);
    piece.text = ag_span(field.value, field.value ? strlen(field.value) : 0);
    given.n = field.n > 0;
    ag_head_check(head, parameter, &given);
}

static void check_fields(ag_head_t *head)
{
    int i;

    for (i = 0; i < head->operation->n_parameters; i++) {
        if (head->operation->parameters[i]->place == AG_PLACE_HEADER) {
            check_field(head, head->operation->parameters[i]);
        }
    }
}

/* ---- the body's type ----------------------------------------------------------------------------- */

const ag_content_t *ag_content_of(const ag_request_body_t *body, const char *type)
{
    int i;

    for (i = 0; i < body->n && !ag_media_matches(body->contents[i].range, type); i++) {
    }
    return i < body->n ? &body->contents[i] : NULL;
}

static ag_reason_e check_type(const ag_request_body_t *body, ag_input_call_t *call)
{
    const ag_content_t *content;
    ag_reason_e reason = ag_input_type(call, body->accept);

    if (reason != AG_R_NONE) {
        return reason;
    }
    content = ag_content_of(body, call->media.type);
    if (!content) {
        call->field.name = "Accept";
        call->field.value = body->accept;
        return ag_input_refuse(call, AG_R_MEDIA_TYPE_UNSUPPORTED,
                               "The body's media type is none that is expected here");
    }
    call->accepted = 1;
    call->wants.text |= content->schema != NULL;
    return AG_R_NONE;
}

static ag_reason_e check_body(const ag_operation_t *operation, ag_input_call_t *call)
{
    if (call->below) {
        return AG_R_NONE;
    }
    if (!operation->body) {
        return call->length ? ag_input_refuse(call, AG_R_INPUT_INVALID, "No body is expected here") : AG_R_NONE;
    }
    call->wants.body |= (unsigned)operation->body->required;
    return call->length ? check_type(operation->body, call) : AG_R_NONE;
}

ag_reason_e ag_openapi_head(const ag_openapi_found_t *found, const ag_openapi_t *openapi, ag_input_call_t *call)
{
    ag_head_t head = {openapi, found->operation, call, 0};

    check_path(&head, found);
    ag_head_query(&head);
    check_fields(&head);
    ag_head_cookies(&head);
    if (head.invalid || call->findings.n) {
        return head.invalid ? AG_R_INPUT_INVALID : AG_R_INPUT_REJECTED;
    }
    return check_body(found->operation, call);
}
