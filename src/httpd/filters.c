/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filters: the problem document in the place of httpd's HTML, and the fields that keep an answer
 * meant for one client out of caches shared by many.
 */
#include "glue.h"

#include "../reply/reply.h"

#define PROBLEM_FILTER "APIGUARD_PROBLEM"
#define PRIVATE_FILTER "APIGUARD_PRIVATE"

/* Replaces the whole body; httpd sends an error in one brigade that ends with EOS. */
static apr_status_t problem_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const char *body = apr_table_get(r->notes, "apiguard-problem");
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *answer = apr_brigade_create(r->pool, alloc);

    apr_brigade_cleanup(bb);
    ap_remove_output_filter(f);
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)strlen(body));
    APR_BRIGADE_INSERT_TAIL(answer, apr_bucket_pool_create(body, strlen(body), r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(answer, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(f->next, answer);
}

/* httpd's own Require (ip, method, expr) has refused an address before anybody was identified, or a
 * rule of ours that needs nobody. Nobody told us; the status does. */
static ag_reason_e refused_by_require(request_rec *r, const ag_check_t *check)
{
    if (r->status != HTTP_FORBIDDEN || check->passed) {
        return AG_R_NONE;
    }
    return check->verdict.candidate == AG_R_NONE && ag_is_ours(r) ? AG_R_ACCESS_DENIED
                                                                   : check->verdict.candidate;
}

/* mod_dir looks at an index or a fallback by a sub-request, and makes its refusal this request's. */
static int refused_below(const request_rec *r, const ag_check_t *check)
{
    const ag_check_t *below = check->exchange->refused_below;

    return below
           && (r->status == HTTP_UNAUTHORIZED
               || r->status == ag_reply_status(below->verdict.reason,
                                               below->policy->invalid_key_status));
}

/* Makes a refusal that httpd or a sub-request came to ours. */
static void adopt(request_rec *r, ag_check_t *check)
{
    ag_reason_e reason = refused_by_require(r, check);

    if (refused_below(r, check)) {
        check->policy = check->exchange->refused_below->policy;
        check->verdict = check->exchange->refused_below->verdict;
        ag_refusal(r, check);
    }
    else if (reason != AG_R_NONE) {
        ag_refuse(&check->verdict, reason, NULL);
        ag_refusal(r, check);
    }
}

void ag_insert_error_filter(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (!check && (ag_is_ours(r) || ag_exchange_found(r))) {
        check = ag_check_of(r);
    }
    if (check && check->verdict.reason == AG_R_NONE) {
        adopt(r, check);
    }
    if (!check || check->verdict.reason == AG_R_NONE) {
        return;
    }
    if (r->status == HTTP_UNAUTHORIZED) {
        r->status = ag_reply_status(check->verdict.reason, check->policy->invalid_key_status);
    }
    if (check->policy->errors == AG_ERRORS_PROBLEM
        && apr_table_get(r->notes, "apiguard-problem")) {
        ap_add_output_filter(PROBLEM_FILTER, NULL, r, r->connection);
    }
}

/* An answer to an identified client is that client's alone, unless the application said otherwise
 * (RFC 9111 s3.5 protects only answers to Authorization). */
static apr_status_t private_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ag_check_t *check = ag_check_found(r);

    ap_remove_output_filter(f);
    if (!apr_table_get(r->headers_out, "Cache-Control")
        && !apr_table_get(r->err_headers_out, "Cache-Control")) {
        apr_table_setn(r->headers_out, "Cache-Control", "private");
    }
    apr_table_mergen(r->headers_out, "Vary", check->policy->key_from.vary);
    return ap_pass_brigade(f->next, bb);
}

void ag_insert_filter(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (check && !r->main && check == check->exchange->passed_below) {
        ag_take_over(r, check);
    }
    if (check && !r->main && (check->verdict.who || ag_is_ours(r))) {
        ap_add_output_filter(PRIVATE_FILTER, NULL, r, r->connection);
    }
}

void ag_register_filters(void)
{
    ap_register_output_filter(PROBLEM_FILTER, problem_filter, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_output_filter(PRIVATE_FILTER, private_filter, NULL, AP_FTYPE_CONTENT_SET);
}
