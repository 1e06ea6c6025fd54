/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_jwt: bearer tokens that are JWTs. A token already verified under the same realm is found in
 * the shared cache by a digest of its whole text; its times are checked again on every hit, and its
 * claims are read from the text at hand, so the cache holds no more than a verdict and some names.
 */
#include <string.h>

#include <apr_strings.h>

#include "cred.h"
#include "jwt_cause.h"
#include "keyring.h"
#include "revocable.h"
#include "token_binding.h"
#include "token_memo.h"

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

static ag_reason_e refuse(ag_cred_call_t *call, ag_jwt_cause_e cause)
{
    call->detail = ag_jwt_cause(cause, NULL, call->request->pool);
    return cause == AG_JWT_EXPIRED ? AG_R_TOKEN_EXPIRED : AG_R_TOKEN_INVALID;
}

static ag_reason_e judge_times(const ag_token_memo_t *memo, ag_cred_call_t *call)
{
    apr_time_t now = call->request->now;

    return memo->expires && memo->expires <= now ? refuse(call, AG_JWT_EXPIRED)
           : memo->begins > now                  ? refuse(call, AG_JWT_EARLY)
                                                 : AG_R_NONE;
}

/* What a token is bound to is remembered with it, and is shown anew with each request. */
static ag_reason_e judge_binding(const ag_principal_t *who, ag_cred_call_t *call)
{
    call->detail = ag_token_binding_prove(who->bound_to, call->request);
    return call->detail ? AG_R_TOKEN_INVALID : AG_R_NONE;
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
    *reason = judge_times(&memo, call);
    return 1;
}

static int was_recently_good(const ag_cred_call_t *call, ag_id_t id)
{
    apr_time_t now = call->request->now, stored;
    ag_cache_t *good = call->engine->recently_good_tokens;
    char mark;

    return good && ag_cache_get(good, id, &mark, &stored) && now - stored < AG_RECENTLY_GOOD_SPAN;
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

    if (engine->recently_good_tokens) {
        ag_cache_put(engine->recently_good_tokens, id, "", AG_RECENTLY_GOOD_SIZE, now);
    }
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
        return refuse(call, AG_JWT_FORM);
    }
    if (call->known_only && !was_recently_good(call, id) && !may_verify(call)) {
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
        return refuse(call, AG_JWT_TOO_LONG);
    }
    id = ag_id_mix(call->jwt_realm, ag_sip(call->engine->sip, text, n));
    if (!recall(&reason, who, call, text, n, id)) {
        reason = verify(who, call, text, n, id);
    }
    if (reason == AG_R_NONE && (*who)->bound_to) {
        reason = judge_binding(*who, call);
    }
    if (*who) {
        (*who)->realm = call->jwt_realm;
        (*who)->wildcards = call->jwt.map.wildcards;
        if (!ag_jwt_name_issuer(*who, &call->jwt) && reason == AG_R_NONE) {
            reason = refuse(call, AG_JWT_UNCLEAR);
        }
    }
    if (reason != AG_R_NONE) {
        call->shown = *who;
        *who = NULL;
    }
    return reason;
}

/* Two dots, no more: what a token looks like from afar. */
static int looks_like(const char *text)
{
    const char *dot = strchr(text, '.');

    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot && !strchr(dot + 1, '.');
}

const ag_cred_type_t ag_cred_jwt = {AG_KIND(jwt), looks_like, NULL, NULL, check};
