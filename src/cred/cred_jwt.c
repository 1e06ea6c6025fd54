/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_jwt: bearer tokens that are JWTs. A token already verified under the same realm is found in
 * the shared cache by a digest of its whole text; its times are checked again on every hit, and its
 * claims are read from the text at hand, so the cache holds no more than a verdict and some names.
 */
#include <string.h>

#include <apr_strings.h>

#include "keyring.h"
#include "revocable.h"
#include "token.h"

#define MEMO_TTL apr_time_from_sec(300)

/* A principal from the cache reads its claims from the token at hand: the part between the dots. 0 when this
 * is no token, which nobody remembers; but every child can write to the cache. */
static int lend_claims(ag_principal_t *who, const char *text, apr_size_t n)
{
    const char *dot = memchr(text, '.', n);
    const char *end = dot ? memchr(dot + 1, '.', n - (apr_size_t)(dot + 1 - text)) : NULL;

    if (!end || !who->issuer) {
        return 0;
    }
    who->parse_claims = ag_jwt_claims_of;
    who->raw = dot + 1;
    who->raw_size = (apr_size_t)(end - dot - 1);
    return 1;
}

/* 1 when a fresh memo was found; *reason is then the answer. */
static int recall(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t size,
                  ag_id_t id)
{
    const ag_request_t *request = call->request;
    ag_token_memo_t memo;
    apr_time_t stored;
    char record[AG_TOKEN_RECORD_SIZE];
    apr_size_t n = ag_cache_get(call->engine->tokens, id, record, &stored);

    if (n == 0 || stored + MEMO_TTL <= request->now || stored > request->now) {
        return 0;
    }
    if (!ag_token_memo_read(&memo, who, apr_pmemdup(request->pool, record, n), n, request->pool)
        || !lend_claims(*who, text, size)) {
        return 0;
    }
    *reason = ag_token_times(&memo, call);
    return 1;
}

/* A banned address has a budget of signatures. */
static int may_verify(const ag_cred_call_t *call)
{
    const ag_cred_engine_t *engine = call->engine;
    ag_banned_t who = ag_ban_whom(&call->request->ip, engine->ban_server, engine->ban_name);

    return ag_bans_may_verify(engine->bans, &who, call->request->now);
}

static void remember(const ag_cred_call_t *call, ag_id_t id, const ag_token_memo_t *memo, const ag_principal_t *who)
{
    const ag_cred_engine_t *engine = call->engine;
    apr_time_t now = call->request->now;
    char record[AG_TOKEN_RECORD_SIZE];

    ag_token_mark(call, id);
    ag_cache_put(engine->tokens, id, record, ag_token_memo_write(record, sizeof record, memo, who), now);
}

/* The set is asked for again. An address is counted as bans count it: an IPv6 client has a /64. */
static void ask_for(void *ctx, const ag_jwt_keyset_t *set)
{
    const ag_cred_call_t *call = ctx;
    const ag_request_t *request = call->request;
    ag_ip_t ip = request->ip;

    ag_ip_mask6(&ip, 64);
    if (!call->known_only && ag_keyring_ask(set->ring, ag_sip(call->engine->sip, &ip, sizeof ip).lo, request->now)) {
        ag_log(request->log, AG_LOG_INFO, 0,
               "AG0905: a token names a key that the key set %s does not hold; the set is fetched again",
               set->origin);
    }
}

/* A key set that was never fetched: when it may be. */
static apr_uint32_t wait_for_keys(const ag_cred_call_t *call)
{
    apr_uint32_t least = 0;
    int i;

    for (i = 0; i < call->jwt.n_sets; i++) {
        const ag_jwt_keyset_t *set = call->jwt.sets[i];
        apr_uint32_t wait = set->ring && !set->n ? ag_keyring_wait(set->ring, call->request->now) : 0;

        least = wait && (!least || wait < least) ? wait : least;
    }
    return least;
}

static ag_reason_e verify(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n, ag_id_t id)
{
    const ag_request_t *request = call->request;
    ag_token_memo_t memo = {0, 0};
    ag_reason_e reason;

    if (!ag_jwt_shape(text, n)) {
        call->guess = 1;
        return ag_token_refuse(call, AG_JWT_FORM);
    }
    if (call->known_only && !ag_token_marked(call, id) && !may_verify(call)) {
        return AG_R_BANNED;
    }
    if (call->jwt.n_rings) {
        call->jwt.unknown = ask_for;
        call->jwt.ctx = call;
    }
    reason = ag_jwt_check(who, &memo.begins, &memo.expires, &call->detail, &call->guess, &call->jwt, text, n,
                          request->now, request->pool);
    if (reason == AG_R_NONE) {
        ag_revocable_set(*who, (*who)->claims, text, n, call->engine->sip, request->pool);
        remember(call, id, &memo, *who);
    }
    else if (reason == AG_R_KEYSET_UNAVAILABLE) {
        call->retry = wait_for_keys(call);
    }
    return reason;
}

static ag_reason_e check(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n)
{
    ag_reason_e reason;
    ag_id_t id;

    if (call->jwt.n_sets == 0) {
        return AG_R_KEYSET_UNAVAILABLE;
    }
    if (n > AG_JWT_MAX_SIZE) {
        call->guess = 1;
        return ag_token_refuse(call, AG_JWT_TOO_LONG);
    }
    id = ag_id_mix(call->jwt_realm, ag_sip(call->engine->sip, text, n));
    if (!recall(&reason, who, call, text, n, id)) {
        reason = verify(who, call, text, n, id);
    }
    return ag_token_end(who, call, reason);
}

const ag_cred_type_t ag_cred_jwt = {AG_KIND(jwt), ag_token_looks_signed, NULL, NULL, check};
