/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content: a body that has been read becomes what checks look at: without its coding, and as JSON.
 */
#include "input.h"

#include <apr_strings.h>

static ag_reason_e decode(ag_input_call_t *call, apr_pool_t *ptmp)
{
    ag_input_body_t *body = &call->body;
    int done =
        ag_inflate(&body->text, &body->n, call->coding, body->text, body->n, (apr_size_t)call->wants.decoded, ptmp);

    return done > 0    ? AG_R_NONE
           : done == 0 ? ag_input_refuse(call, AG_R_INPUT_INVALID, "The body is not what its Content-Encoding says")
                       : ag_input_refuse(call, AG_R_BODY_TOO_LARGE, "The body is too large once it is decompressed");
}

static ag_reason_e parse(ag_input_call_t *call, apr_pool_t *ptmp)
{
    ag_input_body_t *body = &call->body;
    ag_doc_wrong_t wrong;
    ag_finding_t finding = {NULL, NULL, NULL, NULL, NULL};

    if (ag_doc_parse(&body->doc, &wrong, body->text, body->n, NULL, ptmp) == 0) {
        return AG_R_NONE;
    }
    finding.pointer = apr_pstrdup(call->p, wrong.pointer);
    finding.detail = apr_psprintf(call->p, "%s (byte %" APR_SIZE_T_FMT ")", wrong.what, wrong.at);
    ag_findings_add(&call->findings, &finding);
    return ag_input_refuse(call, AG_R_INPUT_INVALID,
                           apr_pstrcat(call->p, "The body is not JSON: ", finding.detail, NULL));
}

ag_reason_e ag_input_content(ag_input_call_t *call, apr_pool_t *ptmp)
{
    ag_reason_e reason = AG_R_NONE;

    if ((apr_int64_t)call->body.n > call->wants.most) {
        return ag_input_refuse(call, AG_R_BODY_TOO_LARGE, NULL);
    }
    if (!call->body.n) { /* a chunked body of nothing */
        return call->wants.body ? ag_input_refuse(call, AG_R_INPUT_INVALID, AG_INPUT_NO_BODY) : AG_R_NONE;
    }
    if (call->coding) {
        reason = decode(call, ptmp);
    }
    return reason == AG_R_NONE && call->wants.doc ? parse(call, ptmp) : reason;
}
