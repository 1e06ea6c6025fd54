/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: a request's way through httpd's hooks, each of which asks the guard for one step.
 */
#ifndef AG_REQUEST_WAY_H
#define AG_REQUEST_WAY_H

#include <mod_auth.h>

#include "../issue/ask.h"
#include "../reply/answer.h"
#include "../reply/oauth.h"
#include "../reply/reply.h"
#include "../server/server.h"

/* mod_proxy's hook of that name, which APR_OPTIONAL_HOOK wants declared; its own header need not be
 * installed. */
typedef int proxy_HOOK_fixups_t(request_rec *r);

/* ---- who it is (exchange.c, access.c, identity.c, forged.c, require.c, secure.c) --------------------- */

/* This pass's check, made when first asked for; never NULL. */
ag_check_t *ag_check_of(request_rec *r);

/* The same if it has been made, else NULL. */
ag_check_t *ag_check_found(request_rec *r);

/* The exchange if any pass has made it, else NULL. */
ag_exchange_t *ag_exchange_found(request_rec *r);

/* A handler begins while there is none; whichever pass makes it later finds that so. */
void ag_exchange_begins(request_rec *r);

/* Has one? */
int ag_exchange_begun(request_rec *r);

/* 1 when it is an ErrorDocument, or what one was redirected to. */
int ag_follows_error(const request_rec *r);

static inline const ag_policy_t *ag_policy_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &apiguard_module);
}

/* 1 when AuthType ApiGuard is in force. */
int ag_is_ours(request_rec *r);

/* The same, looked at once more where it was not. */
int ag_is_ours_by_now(request_rec *r);

/* Whether httpd's authorization is what decides now; else a refusal comes from another module. */
void ag_authorizing(request_rec *r, int now);
int ag_is_authorizing(const request_rec *r);

/* The field, which has that value, is kept for those who ask the exchange, and gone for all others. */
void ag_hide_field(request_rec *r, ag_exchange_t *exchange, const char *name, const char *value);

/* 1 when the client's request, from which r came, was sent over TLS (secure.c): HTTP/2's streams, redirects and
 * sub-requests too. Cheap enough to be asked wherever it matters. */
int ag_is_secure(request_rec *r);
int ag_secure(const ag_request_t *request, const char *proto);     /* request->secure */
const char *ag_tls(const ag_request_t *request, const char *name); /* request->tls */

/* Looks for mod_remoteip (a post_config hook). */
int ag_secure_look(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* Is it X-ApiGuard-ANYTHING, in some spelling? Drops all such fields. */
int ag_identity_field(const char *name);
void ag_drop_forged(request_rec *r);

int ag_strip_forged(request_rec *r);
int ag_access_checker(request_rec *r);
int ag_authz_begins(request_rec *r);
int ag_force_authn(request_rec *r);
int ag_check_authn(request_rec *r);
int ag_last_gate(request_rec *r);
int ag_proxy_fixups(request_rec *r);
int ag_identity_handler(request_rec *r); /* the same right before the handler, if trailers are merged */

void ag_register_providers(apr_pool_t *p);

/* A token's issuer, or NULL. */
const char *ag_issuer_label(const ag_principal_t *who);

/* Tells logs and scripts who it is; tells the backend in request fields. */
void ag_identity_publish(request_rec *r, ag_check_t *check);

/* Of a sub-request that is somebody else's than its parent: what it was told of the parent's client. */
void ag_identity_forget(request_rec *r, const ag_check_t *check);

/* Such a page, about to be written, keeps variables of its own. */
void ag_identity_apart(request_rec *r, const ag_check_t *check);
void ag_identity_tell_backend(request_rec *r, ag_check_t *check);

/* The gate is passed: hides the credential, and tells the backend if it is to be told. Once more where a
 * sub-request that passed has become this request (ap_internal_fast_redirect). */
void ag_identity_pass(request_rec *r, ag_check_t *check);

/* ---- answers (fields.c, refusal.c, filters.c) ------------------------------------------------------- */

/* Makes the refusal in check->verdict the answer: fields, audit line, problem document. Returns the
 * status for the hook to return. */
int ag_refusal(request_rec *r, ag_check_t *check);

/* Do we write the body of a refusal? */
static inline int ag_refusal_is_worded(const ag_check_t *check)
{
    return check->policy->errors == AG_ERRORS_PROBLEM || check->asks;
}

/* The status that says why. */
int ag_refusal_status(const ag_check_t *check);

/* Where the client gets the same over TLS (https.c); NULL: it cannot be sent there. */
const char *ag_https_location(request_rec *r, const ag_tls_t *tls);

/* The challenges that belong to the status, where it is another one than ag_refusal() returned. */
void ag_refusal_challenge(request_rec *r, ag_check_t *check, int status);

/* While a Require of ours may be what refuses, keeps httpd from following an ErrorDocument 403 to a
 * page before it is our turn; once the gate is passed, gives it back. */
void ag_errors_hold(request_rec *r, const ag_check_t *check);
void ag_errors_release(request_rec *r);

/* The answer to a request, with the fields of reply/answers.def that it is to get. */
typedef struct ag_fields_t {
    ag_answer_t answer;
    ag_check_t *limited; /* of answer.limited */
} ag_fields_t;

/* Room for them, as old as the request; never NULL (exchange.c). */
ag_fields_t *ag_fields_kept(request_rec *r);

/* Those of the answer to a request that no gate stands before any more, found out before its handler begins; NULL:
 * there are none. `check` is the request's, or NULL: a section may have fields for what nobody checks. */
ag_fields_t *ag_fields_of(request_rec *r, ag_check_t *check);

/* Likewise of a page that httpd writes itself: an error of anybody's (a 404 may be cached and is counted, too), a
 * redirect, a refusal of ours. */
ag_fields_t *ag_fields_error(request_rec *r, ag_check_t *check);

/* Puts those of these moments into the answer. */
void ag_fields_say(ag_fields_t *fields, request_rec *r, unsigned moments);

/* Of an answer with parts that are one client's; `parts` as in ag_answer_t. */
void ag_fields_parts(request_rec *r, const char *parts);

/* Of a refusal; `moment` as in ag_answer_t, `challenge` too: NULL keeps what stands there. */
void ag_fields_refusal(request_rec *r, ag_check_t *check, unsigned moment, const ag_challenge_t *challenge);

/* Of the answer to a preflight whose origin policy->cors lists. */
void ag_fields_preflight(request_rec *r, const ag_policy_t *policy);

/* 1 for a preflight to a section with CORS. */
int ag_is_preflight(const request_rec *r);

/* Answers a preflight, or refuses it (preflight.c): a header_parser hook. */
int ag_preflight(request_rec *r);

/* Serves a document of ApiGuardResourceMetadata (resource.c): a quick_handler hook. */
int ag_resource_quick(request_rec *r, int lookup);

/* A Require of ours could not be tested. httpd answers 500 to that; the reason's status takes its place. */
void ag_require_failed(request_rec *r, ag_check_t *check, ag_reason_e reason);

int ag_note_auth_failure(request_rec *r, const char *auth_type);
void ag_insert_error_filter(request_rec *r);
void ag_insert_filter(request_rec *r);

/* A refusal that httpd took to an ErrorDocument without asking us is counted and audited at least. */
int ag_last_word(request_rec *r);
void ag_register_filters(void);

/* ---- what a request brings along (body.c) ----------------------------------------------------------- */

/* Makes check->input: what the request is, for the guard's steps. */
void ag_input_call_of(request_rec *r, ag_check_t *check);

/* Behind the gate, which said `status` (DECLINED: it passed): reads the body if a check wants it, has it checked, and keeps
 * it for whoever handles the request. DECLINED, or the status to answer with; then nobody gets the body any more. */
int ag_input_gate(request_rec *r, ag_check_t *check, int status);

/* The same right before a handler, for what mod_dir made of the request since (a handler hook). */
int ag_input_handler(request_rec *r);

/* What the checks found missing and the section has a default for: the request gets it, as if the client had sent it (tell.c). */
void ag_tell_defaults(request_rec *r, const ag_input_call_t *call);

/* ---- tokens for clients that hold a key (token.c) --------------------------------------------------- */

#define AG_TOKEN_HANDLER "apiguard-token"
#define AG_JWKS_HANDLER  "apiguard-jwks"

/* 1 when the request is one for a token. */
int ag_asks_token(const request_rec *r);

/* Reads and judges it, before any limit is charged but those by address: OK, or the status to refuse with. */
int ag_token_gate(request_rec *r, ag_check_t *check);

int ag_token_handler(request_rec *r);
int ag_jwks_handler(request_rec *r); /* publishes the keys that verify them */

/* Counts a request that ends for its key (usage_log.c). */
int ag_usage_log(request_rec *r);

#endif
