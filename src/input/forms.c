/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forms: what a section says of forms, asked of the body once it is there.
 */
#include "input.h"

ag_reason_e ag_input_form(const ag_validate_t *validate, ag_input_call_t *call)
{
    ag_form_limits_t limits = validate->form;
    const char *detail = NULL;
    ag_form_e form;

    if (!call->typed || !call->body.text || !ag_form_is(&call->media)) {
        return AG_R_NONE;
    }
    for (validate = validate->beneath; validate; validate = validate->beneath) {
        ag_form_narrow(&limits, &validate->form);
    }
    form = ag_form_check(&detail, &limits, &call->media, ag_span(call->body.text, call->body.n), call->p);
    return form == AG_FORM_WELL
               ? AG_R_NONE
               : ag_input_refuse(call, form == AG_FORM_LARGE ? AG_R_BODY_TOO_LARGE : AG_R_INPUT_INVALID, detail);
}
