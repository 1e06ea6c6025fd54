/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filters: the problem document or our page in the place of httpd's HTML, and the moments when an answer gets its
 * fields (fields.c).
 */
#include "hide.h"

static ap_filter_rec_t *problem, *answer, *sending;

/* Replaces the whole body; httpd sends an error in one brigade that ends with EOS. */
static apr_status_t problem_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const ag_check_t *check = f->ctx;
    const char *body = check->problem;
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;

    apr_brigade_cleanup(bb);
    ap_remove_output_filter(f);
    ap_set_content_type(r, check->page                                      ? "text/html; charset=utf-8"
                           : check->asks && ag_oauth(check->verdict.reason) ? "application/json"
                                                                            : "application/problem+json");
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_pool_create(body, strlen(body), r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(f->next, bb);
}

/* httpd's own Require (ip, method, expr) has refused an address before anybody was identified, or a
 * rule of ours that needs nobody. Nobody told us; the status does. What another module refuses is
 * that module's to tell. */
static ag_reason_e refused_by_require(request_rec *r, const ag_check_t *check)
{
    if (r->status != HTTP_FORBIDDEN || check->passed || !ag_is_authorizing(r)) {
        return AG_R_NONE;
    }
    return check->verdict.candidate == AG_R_NONE && ag_is_ours(r) ? AG_R_ACCESS_DENIED : check->verdict.candidate;
}

/* mod_dir looks at an index or a fallback by a sub-request, and makes its refusal this request's. */
static int refused_below(const request_rec *r, const ag_check_t *check)
{
    const ag_check_t *below = check->exchange->refused_below;

    return below
           && (r->status == HTTP_UNAUTHORIZED
               || r->status == ag_reply_status(below->verdict.reason, below->policy->invalid_key_status));
}

/* Makes a refusal that httpd or a sub-request came to ours. */
static void adopt(request_rec *r, ag_check_t *check)
{
    ag_reason_e reason = refused_by_require(r, check);

    if (refused_below(r, check)) {
        /* What it was charged stays: another sub-request may have looked at a password for it. */
        check->policy = check->exchange->refused_below->policy;
        check->verdict = check->exchange->refused_below->verdict;
        check->bill = NULL;
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

/* At the moment the answer begins, so that nothing the application or mod_headers said is overlooked. Of an error
 * page httpd has just dropped what the application said. */
static apr_status_t answer_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;

    ap_remove_output_filter(f);
    ag_fields_say(f->ctx, r, ag_cache_on() ? AG_AT_ANSWER : AG_AT_ANSWER | AG_AT_SENDING);
    return ap_pass_brigade(f->next, bb);
}

/* Behind mod_cache's filters: what is left of one client's limits belongs to no stored answer, and an
 * answer from the cache tells whoever gets it of his own. */
static apr_status_t sending_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;

    ap_remove_output_filter(f);
    ag_fields_say(f->ctx, r, AG_AT_SENDING);
    return ap_pass_brigade(f->next, bb);
}

/* httpd says 401 where authorization fails, 407 as a forward proxy, and 500 where a rule could not be
 * tested; we know better. */
static void correct_status(request_rec *r, ag_check_t *check)
{
    int status = ag_refusal_status(check);

    if (status == HTTP_UNAUTHORIZED && r->status == HTTP_PROXY_AUTHENTICATION_REQUIRED) {
        return;
    }
    if (r->status == HTTP_UNAUTHORIZED || r->status == HTTP_PROXY_AUTHENTICATION_REQUIRED
        || (r->status == HTTP_INTERNAL_SERVER_ERROR && check->verdict.reason == AG_R_LIST_UNAVAILABLE)) {
        r->status = status;
        if (check->policy->errors == AG_ERRORS_HTTPD) {
            ag_refusal_challenge(r, check, status); /* it was made for httpd's 401 */
        }
    }
}

static void add_fields(request_rec *r, ag_fields_t *fields)
{
    if (!fields) {
        return;
    }
    ap_add_output_filter_handle(answer, fields, r, r->connection);
    if (ag_cache_on()) {
        ap_add_output_filter_handle(sending, fields, r, r->connection);
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
    if (check && check->verdict.reason != AG_R_NONE) {
        correct_status(r, check);
        if (ag_refusal_is_worded(check) && check->problem) {
            ap_add_output_filter_handle(problem, check, r, r->connection);
        }
    }
    add_fields(r, ag_fields_error(r, check));
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

/* httpd calls this right before a handler. A refusal of a look-up that the request went on in spite
 * of is not its answer; where an ErrorDocument follows, it still may be. */
static void begin(request_rec *r, ag_exchange_t *exchange)
{
    if (!exchange) {
        ag_exchange_begins(r);
        return;
    }
    ag_guard_begin(exchange);
    if (!r->main && r->status == HTTP_OK) {
        exchange->refused_below = NULL;
    }
}

void ag_insert_filter(request_rec *r)
{
    ag_exchange_t *exchange = ag_exchange_found(r);
    ag_check_t *check = ag_check_found(r);

    if (!goes_on(r)) {
        begin(r, exchange);
    }
    if (r->main && check && check->passed) {
        ag_identity_apart(r, check);
    }
    if (check && !r->main && check->below) {
        ag_identity_pass(r, check); /* the sub-request's own fields are gone; what it passed holds for this one */
    }
    else if (check && check->passed && check->verdict.who && !ag_is_ours(r) && !goes_on(r)) {
        ag_identity_hide(r, check); /* AuthType Basic: mod_dir's sub-requests had to read it again */
    }
    if (!r->main) {
        add_fields(r, ag_fields_of(r, check));
    }
}

void ag_register_filters(void)
{
    problem = ap_register_output_filter("APIGUARD_PROBLEM", problem_filter, NULL, AP_FTYPE_CONTENT_SET);
    answer = ap_register_output_filter("APIGUARD_ANSWER", answer_filter, NULL, AP_FTYPE_CONTENT_SET);
    sending = ap_register_output_filter("APIGUARD_QUOTA", sending_filter, NULL, AP_FTYPE_CONTENT_SET + 2);
}
