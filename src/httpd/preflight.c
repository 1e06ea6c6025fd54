/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight: before a page of another origin may send more than a form could, its browser asks by OPTIONS whether it
 * may (Fetch, "CORS-preflight request"). That request carries no credential, so it is answered before any is asked
 * for; it reaches no application, and counts nowhere.
 */
#include "request.h"

int ag_is_preflight(const request_rec *r)
{
    return ag_policy_of(r)->cors && r->method_number == M_OPTIONS && !r->prev && !r->main
           && apr_table_get(r->headers_in, "Origin") && apr_table_get(r->headers_in, "Access-Control-Request-Method");
}

/* What is in the lists and what is not, the browser compares itself; so it can tell the page's author which method
 * or field it was. */
static int answer(request_rec *r, const ag_policy_t *policy)
{
    int status = ap_discard_request_body(r);

    if (status == OK) {
        r->status = HTTP_NO_CONTENT;
        ag_fields_preflight(r, policy);
    }
    return status == OK ? DONE : status;
}

int ag_preflight(request_rec *r)
{
    const ag_policy_t *policy = ag_policy_of(r);
    const char *origin;
    ag_check_t *check;

    if (!ag_is_preflight(r)) {
        return DECLINED;
    }
    origin = apr_table_get(r->headers_in, "Origin");
    if (ag_cors_lists(policy->cors, origin)) {
        return answer(r, policy);
    }
    check = ag_check_of(r);
    ag_refuse(&check->verdict, AG_R_ORIGIN_DENIED, ag_cors_denied(origin, r->pool));
    return ag_refusal(r, check);
}
