/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: a verdict becomes an answer. The problem document itself is put in place by a filter,
 * when httpd sends the error; here it is made sure that httpd gets that far and does not go to an
 * ErrorDocument instead.
 */
#include "hide.h"

#include <mod_core.h>

#include "../watch/audit.h"

/* A proxy asks for credentials under a name of its own (RFC 9110 s11.7.1). */
static const char *challenge_name(const request_rec *r)
{
    return r->proxyreq == PROXYREQ_PROXY ? "Proxy-Authenticate" : "WWW-Authenticate";
}

/* The places for which there is a scheme, and where the section reads a credential. */
static unsigned offer(const ag_policy_t *policy)
{
    return ag_cred_places(&policy->key_from, ag_policy_types(policy))
           & (AG_FROM_AUTHORIZATION | AG_FROM_BIT(AG_FROM_CONNECTION));
}

/* 1 when a 401 is being answered with an ErrorDocument, which is itself refused: httpd then sends the
 * 401 all the same, with the fields that are there. */
static int answers_401(const request_rec *r)
{
    return r->prev && (r->status == HTTP_UNAUTHORIZED || r->status == HTTP_PROXY_AUTHENTICATION_REQUIRED);
}

/* 401 must carry a challenge (RFC 9110 s15.5.2); 403 may tell a bearer what scope is missing. */
static void say(request_rec *r, ag_check_t *check, int status, unsigned moment)
{
    const ag_credential_t *shown = &check->credential;
    ag_challenge_t challenge = {.field = challenge_name(r)};

    challenge.by_bearer = shown->type && shown->from == AG_FROM_BEARER;
    if (status == HTTP_UNAUTHORIZED) {
        challenge.places = check->asks ? AG_FROM_BIT(AG_FROM_BASIC) : offer(check->policy); /* RFC 6749 s5.2 */
    }
    else if (challenge.by_bearer && ag_reason(check->verdict.reason)->oauth) {
        challenge.places = AG_FROM_BIT(AG_FROM_BEARER);
    }
    challenge.realm = challenge.places ? ap_auth_name(r) : NULL;
    if (check->policy->resource && challenge.places & AG_FROM_BIT(AG_FROM_BEARER)) {
        challenge.metadata = check->policy->resource->metadata;
        challenge.scopes = ag_guard_scopes(check);
    }
    ag_fields_refusal(r, check, moment, challenge.places || !answers_401(r) ? &challenge : NULL);
}

void ag_refusal_challenge(request_rec *r, ag_check_t *check, int status)
{
    say(r, check, status, AG_AT_STATUS);
}

#define ID_BYTES 8

/* Bytes for 32 ids are drawn at once, or an attacker would have us make a system call for each
 * refusal. Each thread has its own, so nothing is locked; the parent, from which children are forked,
 * refuses nobody. */
static const unsigned char *draw_id(void)
{
    static __thread unsigned char drawn[32 * ID_BYTES];
    static __thread apr_size_t left;

    if (!left && ag_random(drawn, sizeof drawn) == APR_SUCCESS) {
        left = sizeof drawn;
    }
    return left ? drawn + (left -= ID_BYTES) : NULL;
}

static const char *make_id(const request_rec *top)
{
    const char *unique = apr_table_get(top->subprocess_env, "UNIQUE_ID");
    const unsigned char *bytes = unique ? NULL : draw_id();

    return bytes ? ag_hex(apr_palloc(top->pool, 2 * ID_BYTES + 1), bytes, ID_BYTES) : unique;
}

static const char *request_id(ag_exchange_t *exchange)
{
    if (!exchange->id) {
        exchange->id = make_id(exchange->request.ctx);
    }
    return exchange->id;
}

static void audit(request_rec *r, ag_check_t *check, int status)
{
    const char *detail = ag_problem_detail(&check->verdict, r->pool);
    apr_uint32_t more;
    ag_log_level_e level;

    if (r->main) {
        /* No answer yet, but mod_dir may make it one: see ag_insert_error_filter(). What a handler
         * looks up is the handler's affair. */
        if (!check->exchange->begun) {
            check->exchange->refused_below = ag_check_keep(check, check->exchange->request.pool);
        }
        return;
    }
    if (check->exchange->audited) {
        return;
    }
    check->exchange->audited = 1;
    if (ap_get_request_module_loglevel(r, APLOG_MODULE_INDEX) < APLOG_WARNING) {
        return; /* httpd would look at the level only after the text is made */
    }
    level = ag_guard_refusal_level(check, &more);
    if (ap_get_request_module_loglevel(r, APLOG_MODULE_INDEX) < (int)level) {
        return;
    }
    ap_log_rerror(APLOG_MARK, (int)level, 0, r, "AG0140: %s",
                  ag_audit_line(&check->verdict, &check->exchange->request, status, detail,
                                request_id(check->exchange), more, r->pool));
}

/* Variables for the log and for an ErrorDocument. */
static void publish(request_rec *r, const ag_check_t *check)
{
    const ag_verdict_t *verdict = &check->verdict;
    const ag_principal_t *who = verdict->who ? verdict->who : verdict->shown;

    apr_table_setn(r->subprocess_env, "APIGUARD_DECISION", ag_reason(verdict->reason)->code);
    if (verdict->degraded) {
        apr_table_setn(r->subprocess_env, "APIGUARD_DEGRADED", ag_check_degraded(check));
    }
    if (verdict->watched) {
        apr_table_setn(r->subprocess_env, "APIGUARD_DRYRUN", verdict->watched);
    }
    if (who && who->client) {
        apr_table_setn(r->subprocess_env, "APIGUARD_CLIENT", ag_principal_qualified(who, who->client, r->pool));
    }
    if (who && ag_issuer_label(who)) {
        apr_table_setn(r->subprocess_env, "APIGUARD_ISSUER", ag_issuer_label(who));
    }
    if (who && who->key_id) {
        apr_table_setn(r->subprocess_env, "APIGUARD_KEY_ID", who->key_id);
    }
}

#define HELD "apiguard-error-document"

void ag_errors_hold(request_rec *r, const ag_check_t *check)
{
    static int forbidden; /* httpd's number for it; 0 is another status */
    const char *target;

    if (!forbidden) {
        forbidden = ap_index_of_response(HTTP_FORBIDDEN);
    }
    target = ap_response_code_string(r, forbidden);

    if (target && *target != '"' && check->policy->errors == AG_ERRORS_PROBLEM) {
        apr_table_setn(r->notes, HELD, target);
        ap_custom_response(r, HTTP_FORBIDDEN, "refused");
    }
}

void ag_errors_release(request_rec *r)
{
    const char *target = apr_table_get(r->notes, HELD);

    if (target) {
        ap_custom_response(r, HTTP_FORBIDDEN, target);
        apr_table_unset(r->notes, HELD);
    }
}

/* A database or store that is away is worth a second try; nobody knows when. */
static void default_retry(ag_verdict_t *verdict, int status)
{
    if (status == HTTP_SERVICE_UNAVAILABLE && !verdict->retry_after) {
        verdict->retry_after = 5;
    }
}

/* An ErrorDocument would be followed before our filter is asked. A text is not, and the filter puts
 * the problem document in its place; an empty one is not even written. */
static void hold_place(request_rec *r, const ag_check_t *check, int status)
{
    if (ag_refusal_is_worded(check)) {
        ap_custom_response(r, status, "");
    }
}

static int is_by_limit(ag_reason_e reason)
{
    return reason == AG_R_RATE_EXCEEDED || reason == AG_R_CONCURRENCY_EXCEEDED;
}

/* Nothing is lost by asking again over TLS. That is no refusal to tell of; where the client cannot be sent there,
 * DECLINED says that it is one. */
static int send_to_tls(request_rec *r, ag_check_t *check)
{
    const char *location = ag_https_location(r, &check->policy->tls);

    if (!location) {
        return DECLINED;
    }
    say(r, check, HTTP_PERMANENT_REDIRECT, AG_AT_REFUSAL);
    apr_table_setn(r->headers_out, "Location", location);
    return HTTP_PERMANENT_REDIRECT;
}

/* What the client would have as an answer. */
static const char *asked_for(const ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;

    return request->header(request, "Accept");
}

int ag_refusal_status(const ag_check_t *check)
{
    const ag_oauth_t *oauth = check->asks ? ag_oauth(check->verdict.reason) : NULL;

    return oauth ? oauth->status : ag_reply_status(check->verdict.reason, check->policy->invalid_key_status);
}

/* The body, where we write it. */
static void word(ag_check_t *check, int status, apr_pool_t *p)
{
    const ag_oauth_t *oauth = check->asks ? ag_oauth(check->verdict.reason) : NULL;

    if (oauth) {
        check->problem = ag_oauth_body(&check->verdict, oauth, request_id(check->exchange), p);
    }
    else if (ag_refusal_is_worded(check)) {
        check->problem =
            (check->page ? ag_page : ag_problem)(&check->verdict, status, request_id(check->exchange), p);
    }
}

int ag_refusal(request_rec *r, ag_check_t *check)
{
    ag_verdict_t *verdict = &check->verdict;
    int status = verdict->over_tls ? send_to_tls(r, check) : DECLINED;

    if (status != DECLINED) {
        return status;
    }
    status = ag_refusal_status(check);

    if (!is_by_limit(verdict->reason)) {
        ag_guard_final(check->exchange); /* a later refusal of the same exchange gives nothing of it back */
    }
    verdict->detail = ag_problem_detail(verdict, r->pool); /* for the log and for the client */
    default_retry(verdict, status);
    check->page = ag_refusal_is_worded(check) && !check->asks && ag_page_preferred(asked_for(check));
    say(r, check, status, AG_AT_REFUSAL);
    ag_hide_upgrade(r);
    if (!r->main && (ag_is_ours(r) || check->asks || verdict->reason == AG_R_TLS_REQUIRED)) {
        ag_identity_hide(r, check); /* from logs, and from an ErrorDocument */
    }
    publish(r, check);
    audit(r, check, status);
    if (verdict->reason == AG_R_CREDENTIAL_MISSING && !verdict->detail) {
        verdict->detail = ag_policy_advice(check->policy, r->pool); /* for the client alone */
    }
    word(check, status, r->pool);
    hold_place(r, check, status);
    return status;
}

void ag_require_failed(request_rec *r, ag_check_t *check, ag_reason_e reason)
{
    ag_refuse(&check->verdict, reason, NULL);
    ag_refusal(r, check);
    hold_place(r, check, HTTP_INTERNAL_SERVER_ERROR);
}

/* authz asks for this when it refuses: somebody it does not know, or somebody it knows but will not
 * let in. For the latter the status to send is 403, which ag_insert_error_filter() sets. */
int ag_note_auth_failure(request_rec *r, const char *auth_type)
{
    ag_check_t *check;
    ag_verdict_t *verdict;

    if (strcasecmp(auth_type, "ApiGuard") != 0) {
        return DECLINED;
    }
    check = ag_check_of(r);
    verdict = &check->verdict;
    if (verdict->reason == AG_R_NONE && verdict->who) {
        ag_guard_charge_denied(check);
        ag_refuse(verdict, verdict->candidate != AG_R_NONE ? verdict->candidate : AG_R_ACCESS_DENIED, NULL);
    }
    else if (verdict->reason == AG_R_NONE) {
        ag_refuse(verdict, AG_R_CREDENTIAL_MISSING, NULL);
    }
    ag_refusal(r, check);
    if (check->policy->errors == AG_ERRORS_HTTPD) {
        ag_refusal_challenge(r, check, HTTP_UNAUTHORIZED); /* an ErrorDocument 401 may be sent */
    }
    hold_place(r, check, HTTP_UNAUTHORIZED);
    return OK;
}
