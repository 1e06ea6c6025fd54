/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: what a body is called is checked before a byte of it is read: type, coding, length.
 */
#include "input.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"
#include "sent.h"

ag_reason_e ag_input_refuse(ag_input_call_t *call, ag_reason_e reason, const char *detail)
{
    call->detail = detail;
    return reason;
}

/* ---- fields -------------------------------------------------------------------------------------- */

/* The one value that any backend can find under the name; NULL: there is none, or (*n > 1) they may differ. */
static const char *only_field(const ag_request_t *request, const char *name, int *n)
{
    ag_sent_t sent = ag_input_sent(request, name);

    *n = sent.n + sent.others;
    return *n == 1 ? sent.value : NULL;
}

/* ---- type ---------------------------------------------------------------------------------------- */

int ag_input_is_json(const char *type)
{
    apr_size_t n = strlen(type);

    return strcmp(type, "application/json") == 0 || (n > 5 && strcmp(type + n - 5, "+json") == 0);
}

static ag_reason_e refuse_type(ag_input_call_t *call, const char *accept, const char *detail)
{
    call->field.name = "Accept";
    call->field.value = accept;
    return ag_input_refuse(call, AG_R_MEDIA_TYPE_UNSUPPORTED, detail);
}

static int takes(const ag_words_t *ranges, const char *type)
{
    int i;

    for (i = 0; i < ranges->n && !ag_media_matches(ranges->v[i], type); i++) {
    }
    return i < ranges->n;
}

/* JSON has no parameters (RFC 8259 s11), but charset=utf-8 is sent by many; the profile of a +json type is no
 * reader's business. */
static int has_odd_parameters(const ag_media_t *media)
{
    return !ag_media_utf8(media)
           || (strcmp(media->type, "application/json") == 0
               && media->n > (ag_media_parameter(media, "charset") != NULL));
}

ag_reason_e ag_input_type(ag_input_call_t *call, const char *accept)
{
    int n = 0;
    const char *field = call->typed ? NULL : only_field(call->request, "Content-Type", &n);
    const char *wrong;

    if (call->typed) {
        return AG_R_NONE;
    }
    if (!field) {
        return refuse_type(call, accept, n ? "Content-Type stands there twice" : "The body has no Content-Type");
    }
    wrong = ag_media_read(&call->media, field, call->p);
    if (wrong) {
        return refuse_type(call, accept, apr_pstrcat(call->p, "Content-Type ", wrong, NULL));
    }
    call->typed = 1;
    return AG_R_NONE;
}

static ag_reason_e check_type(const ag_validate_t *validate, ag_input_call_t *call)
{
    if (!(call->accepted && validate == &ag_validate_usual) && !takes(&validate->types, call->media.type)) {
        return refuse_type(call, validate->accept, "The body's media type is not accepted here");
    }
    return ag_input_is_json(call->media.type) && has_odd_parameters(&call->media)
               ? refuse_type(call, validate->accept,
                             "Content-Type has a parameter that JSON has not, or another charset "
                             "than UTF-8")
               : AG_R_NONE;
}

/* ---- coding and length --------------------------------------------------------------------------- */

static ag_reason_e refuse_coding(ag_input_call_t *call)
{
    call->field.name = "Accept-Encoding";
    call->field.value = call->wants.decoded ? "gzip, deflate" : "identity";
    return ag_input_refuse(call, AG_R_MEDIA_TYPE_UNSUPPORTED, "The body's Content-Encoding is not accepted here");
}

static const char *known_coding(const char *field)
{
    static const struct {
        const char *name, *coding;
    } codings[] = {{"gzip", "gzip"}, {"x-gzip", "gzip"}, {"deflate", "deflate"}}; /* RFC 9110 s8.4.1 */
    apr_size_t i;

    for (i = 0; i < sizeof codings / sizeof *codings; i++) {
        if (strcasecmp(field, codings[i].name) == 0) {
            return codings[i].coding;
        }
    }
    return NULL;
}

static ag_reason_e read_coding(ag_input_call_t *call)
{
    int n;
    const char *field = only_field(call->request, "Content-Encoding", &n);

    if (!n || (field && strcasecmp(field, "identity") == 0)) {
        return AG_R_NONE;
    }
    call->coding = field && call->wants.decoded ? known_coding(field) : NULL;
    return call->coding ? AG_R_NONE : refuse_coding(call);
}

/* ---- all of it ----------------------------------------------------------------------------------- */

/* The least of what all say. */
static void bound(const ag_validate_t *validate, ag_input_wants_t *wants)
{
    wants->most = validate->most;
    wants->decoded = validate->decompress;
    for (validate = validate->beneath; validate; validate = validate->beneath) {
        wants->most = validate->most < wants->most ? validate->most : wants->most;
        wants->decoded = validate->decompress < wants->decoded ? validate->decompress : wants->decoded;
    }
}

ag_reason_e ag_input_head(const ag_validate_t *validate, ag_input_call_t *call)
{
    const ag_validate_t *each;
    ag_reason_e reason;

    bound(validate, &call->wants);
    if (call->below || !call->length) {
        return call->wants.body && !call->below ? ag_input_refuse(call, AG_R_INPUT_INVALID, AG_INPUT_NO_BODY)
                                                : AG_R_NONE;
    }
    reason = ag_input_type(call, validate->accept);
    for (each = validate; each && reason == AG_R_NONE; each = each->beneath) {
        reason = check_type(each, call);
    }
    reason = reason != AG_R_NONE ? reason : read_coding(call);
    if (reason != AG_R_NONE) {
        return reason;
    }
    if (call->length > call->wants.most) {
        return ag_input_refuse(call, AG_R_BODY_TOO_LARGE, NULL);
    }
    call->wants.doc = ag_input_is_json(call->media.type);
    call->wants.text |= call->wants.doc || ag_form_is(&call->media) || call->length < 0 || call->coding;
    return AG_R_NONE;
}
