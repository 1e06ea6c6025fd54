/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filters: the problem document in the place of httpd's HTML, and the fields that keep an answer
 * meant for one client out of caches shared by many.
 */
#include "glue.h"

#include "../reply/reply.h"

static ap_filter_rec_t *problem, *keep_private;

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
        if (check->verdict.who) {
            ag_guard_charge_denied(check); /* AuthzSendForbiddenOnFailure: nobody asked us before */
        }
        ag_refuse(&check->verdict, reason, NULL);
        ag_refusal(r, check);
    }
}

/* 1 when the application has said whose the answer is. */
static int says_whose(const char *cache_control)
{
    static const char *const words[] = {"private", "no-store", "public", "s-maxage",
                                        "must-revalidate"};
    int i;

    for (i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        if (ap_strcasestr(cache_control, words[i])) {
            return 1;
        }
    }
    return 0;
}

/* An answer to an identified client is that client's alone, unless the application says otherwise
 * (RFC 9111 s3.5). The credential is hidden by now, so no cache behind us can know that itself. */
static void keep_for_one(request_rec *r, const ag_check_t *check, apr_table_t *fields)
{
    const char *said = apr_table_get(r->headers_out, "Cache-Control");

    if (!said) {
        said = apr_table_get(r->err_headers_out, "Cache-Control");
    }
    if (!said) {
        apr_table_addn(fields, "Cache-Control", "private");
    }
    else if (!says_whose(said)) {
        apr_table_mergen(r->headers_out, "Cache-Control", "private");
    }
    apr_table_mergen(fields, "Vary", check->policy->key_from.vary);
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
    if (!check) {
        return;
    }
    if (check->verdict.reason == AG_R_NONE) {
        if (check->passed && check->verdict.who) {
            keep_for_one(r, check, r->err_headers_out); /* a 404 may be cached, too */
        }
        return;
    }
    if (r->status == HTTP_UNAUTHORIZED) {
        r->status = ag_reply_status(check->verdict.reason, check->policy->invalid_key_status);
    }
    if (check->policy->errors == AG_ERRORS_PROBLEM
        && apr_table_get(r->notes, "apiguard-problem")) {
        ap_add_output_filter_handle(problem, NULL, r, r->connection);
    }
}

static apr_status_t private_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    ap_remove_output_filter(f);
    keep_for_one(f->r, ag_check_found(f->r), f->r->headers_out);
    return ap_pass_brigade(f->next, bb);
}

int ag_last_word(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (!check && r->status == HTTP_FORBIDDEN && ag_is_ours(r)) {
        check = ag_check_of(r);
    }
    if (check && check->verdict.reason == AG_R_NONE) {
        adopt(r, check);
    }
    return DECLINED;
}

/* mod_rewrite's handler sends the request on to another URI, where it is checked again. */
static int goes_on(const request_rec *r)
{
    return r->handler && strcmp(r->handler, "redirect-handler") == 0;
}

void ag_insert_filter(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    if (check && !r->main && check == check->exchange->passed_below) {
        ag_take_over(r, check);
    }
    else if (check && check->passed && check->verdict.who && !ag_is_ours(r) && !goes_on(r)) {
        ag_identity_hide(r, check); /* AuthType Basic: mod_dir's sub-requests had to read it again */
    }
    if (check && !r->main && (check->verdict.who || ag_is_ours(r))) {
        ap_add_output_filter_handle(keep_private, NULL, r, r->connection);
    }
}

void ag_register_filters(void)
{
    problem = ap_register_output_filter("APIGUARD_PROBLEM", problem_filter, NULL,
                                        AP_FTYPE_CONTENT_SET);
    keep_private = ap_register_output_filter("APIGUARD_PRIVATE", private_filter, NULL,
                                             AP_FTYPE_CONTENT_SET);
}
