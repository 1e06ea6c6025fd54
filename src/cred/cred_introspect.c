/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_introspect: bearer tokens that their issuer is asked about. What he says of one is remembered for a while, as
 * names, which are at hand on the next request, and as the text of his answer, for whoever asks for a claim. Its times
 * and what it is bound to are checked on each request.
 */
#include <string.h>

#include <apr_strings.h>

#include "introspect.h"
#include "jwt_demand.h"
#include "revocable.h"
#include "token.h"

#define WAS_GOOD 'g' /* an inactive token that was accepted within a day: nobody has guessed it */

/* ---- what the section demands of an answer -------------------------------------------------------- */

/* Who asks vouches for nobody else: the answer is of an issuer of the section, or names none where there is but one. */
static const char *judge_issuer(const char **issuer, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c,
                                apr_pool_t *p)
{
    if (c->iss) {
        *issuer = c->iss;
        return ag_jwt_accepts(policy, c->iss) ? NULL : ag_jwt_cause(AG_JWT_ISSUER, NULL, p);
    }
    *issuer = ag_jwt_only_issuer(policy);
    return *issuer ? NULL : ag_jwt_cause(AG_JWT_LACKS, "iss", p);
}

static json_t *parse_claims(ag_principal_t *who, apr_pool_t *p)
{
    return ag_json_object(who->raw, who->raw_size, p);
}

/* AG_R_NONE and *who. */
static ag_reason_e judge(ag_principal_t **who, ag_token_memo_t *memo, ag_cred_call_t *call,
                         const ag_introspect_answer_t *answer)
{
    const ag_jwt_policy_t *policy = &call->jwt;
    apr_pool_t *p = call->request->pool;
    ag_principal_t *made = apr_pcalloc(p, sizeof *made);
    ag_reason_e reason;
    ag_jwt_claims_t c;

    if ((call->detail = ag_jwt_claims_read(&c, answer->claims, p))
        || (call->detail = judge_issuer(&made->issuer, policy, &c, p))
        || (call->detail = ag_jwt_demand_names(policy, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    reason = ag_jwt_demand_times(&call->detail, policy, &c, call->request->now, p);
    if (reason != AG_R_NONE) {
        return reason;
    }
    if ((call->detail = ag_jwt_demand_who(made, policy, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    made->claims = c.all;
    made->parse_claims = parse_claims;
    made->raw = answer->text;
    made->raw_size = answer->n;
    memo->begins = ag_jwt_demand_begins(policy, &c);
    memo->expires = ag_jwt_demand_expires(policy, &c);
    *who = made;
    return AG_R_NONE;
}

/* ---- what is remembered --------------------------------------------------------------------------- */

/* A record: how long the memo is, the memo, and the answer. Where that did not suit the section there is no memo: it is
 * judged again, which costs less than asking again. */
typedef struct head_t {
    apr_uint64_t memo_size;
} head_t;

/* Room for a pointer's alignment. */
#define ROUNDED(n) (((n) + 7) & ~(apr_size_t)7)

static void keep(const ag_cred_call_t *call, ag_id_t id, const ag_token_memo_t *memo, const ag_principal_t *who,
                 const ag_introspect_answer_t *answer)
{
    const ag_introspect_engine_t *engine = &call->engine->introspect;
    char record[AG_INTROSPECT_RECORD_SIZE] __attribute__((aligned(8)));
    head_t head = {0};
    apr_size_t at = sizeof head;

    if (who) {
        head.memo_size = ag_token_memo_write(record + at, sizeof record - at, memo, who);
        at += ROUNDED(head.memo_size);
    }
    if ((who && !head.memo_size) || at + answer->n > sizeof record) {
        ag_cache_drop(engine->answers, id);
        ag_introspect_too_long(engine, call->introspection, answer->n, call->request->log);
        return;
    }
    memcpy(record, &head, sizeof head);
    memcpy(record + at, answer->text, answer->n);
    ag_cache_put(engine->answers, id, record, at + answer->n, call->request->now);
}

/* The record's answer, judged anew. */
static int recall_text(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, const char *text,
                       apr_size_t n)
{
    apr_pool_t *p = call->request->pool;
    ag_introspect_answer_t answer = {.text = text, .n = n, .claims = ag_json_object(text, n, p)};
    ag_token_memo_t memo;

    if (!answer.claims) {
        return 0;
    }
    *reason = judge(who, &memo, call, &answer);
    *who = NULL; /* one that has become good is asked about anew */
    return *reason != AG_R_NONE;
}

static int recall_memo(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, const char *record,
                       apr_size_t n)
{
    const head_t *head = (const void *)record;
    apr_size_t at = sizeof *head + ROUNDED(head->memo_size);
    ag_token_memo_t memo;

    if (at >= n
        || !ag_token_memo_read(&memo, who, record + sizeof *head, (apr_size_t)head->memo_size, call->request->pool)
        || !(*who)->issuer) {
        *who = NULL;
        return 0;
    }
    (*who)->parse_claims = parse_claims;
    (*who)->raw = record + at;
    (*who)->raw_size = n - at;
    *reason = ag_token_times(&memo, call);
    return 1;
}

/* 1 when an answer not older than `seconds` was found; *reason is then what follows from it. Every child can write to
 * the cache: what cannot be read is not there. */
static int recall(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, ag_id_t id, apr_int64_t seconds)
{
    char record[AG_INTROSPECT_RECORD_SIZE] __attribute__((aligned(8)));
    apr_time_t stored, now = call->request->now;
    apr_size_t n = ag_cache_get(call->engine->introspect.answers, id, record, &stored);
    const char *copy;
    head_t head;

    if (n <= sizeof head || stored + apr_time_from_sec(seconds) <= now || stored > now + apr_time_from_sec(2)) {
        return 0;
    }
    copy = apr_pmemdup(call->request->pool, record, n);
    memcpy(&head, copy, sizeof head);
    if (head.memo_size > n) {
        return 0;
    }
    return head.memo_size ? recall_memo(reason, who, call, copy, n)
                          : recall_text(reason, who, call, copy + sizeof head, n - sizeof head);
}

/* ---- tokens that are not active -------------------------------------------------------------------- */

static ag_reason_e refuse_inactive(ag_cred_call_t *call, int was_good)
{
    call->guess = !was_good;
    return ag_token_refuse(call, AG_JWT_INACTIVE);
}

/* 1 when the token is known not to be active; *was_good also tells of what is too old to be believed. */
static int is_inactive(int *was_good, const ag_cred_call_t *call, ag_id_t id)
{
    apr_time_t stored, now = call->request->now;
    char mark;
    int found = ag_cache_get(call->engine->introspect.inactive, id, &mark, &stored) > 0;

    *was_good = found && mark == WAS_GOOD && now - stored < AG_RECENTLY_GOOD_SPAN;
    return found && stored + apr_time_from_sec(call->introspection->negative) > now
           && stored <= now + apr_time_from_sec(2);
}

static ag_reason_e learn_inactive(ag_cred_call_t *call, ag_id_t id)
{
    const ag_introspect_engine_t *engine = &call->engine->introspect;
    int was_good;
    char mark;

    is_inactive(&was_good, call, id);
    was_good |= ag_token_marked(call, id);
    mark = was_good ? WAS_GOOD : '-';
    ag_cache_drop(engine->answers, id);
    ag_token_unmark(call, id);
    ag_cache_put(engine->inactive, id, &mark, 1, call->request->now);
    return refuse_inactive(call, was_good);
}

/* ---- asking --------------------------------------------------------------------------------------- */

/* An answer that would be too old at any other time, or 503. */
static ag_reason_e fall_back(ag_principal_t **who, ag_cred_call_t *call, ag_id_t id)
{
    ag_reason_e reason;

    if (recall(&reason, who, call, id, call->introspection->stale)) {
        return reason;
    }
    call->retry = 1;
    return AG_R_INTROSPECTION_UNAVAILABLE;
}

static ag_reason_e learn_active(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n,
                                ag_id_t id, const ag_introspect_answer_t *answer)
{
    ag_token_memo_t memo = {0, 0};
    ag_reason_e reason = judge(who, &memo, call, answer);

    if (reason == AG_R_NONE) {
        ag_revocable_set(*who, (*who)->claims, text, n, call->engine->sip, call->request->pool);
        ag_token_mark(call, id);
    }
    ag_cache_drop(call->engine->introspect.inactive, id);
    keep(call, id, &memo, *who, answer);
    return reason;
}

static ag_reason_e ask(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n, ag_id_t id,
                       const ag_introspect_turn_t *turn)
{
    const ag_introspect_engine_t *engine = turn->engine;
    const ag_log_t *log = call->request->log;
    ag_introspect_answer_t answer;
    ag_introspect_e result = ag_introspect_ask(&answer, engine->fetch, turn->whom, text, n,
                                               ag_introspect_turn_left(turn), call->request->pool);

    if (result == AG_INTROSPECT_FAILED) {
        ag_introspect_failed(engine, turn->whom, answer.error, log);
        return fall_back(who, call, id);
    }
    ag_introspect_answered(engine, turn->whom, log);
    return result == AG_INTROSPECT_ACTIVE ? learn_active(who, call, text, n, id, &answer) : learn_inactive(call, id);
}

/* 1 when *reason is known without asking. */
static int known(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, ag_id_t id)
{
    int was_good;

    if (recall(reason, who, call, id, call->introspection->cache)) {
        return 1;
    }
    if (call->known_only || !is_inactive(&was_good, call, id)) {
        return 0;
    }
    *reason = refuse_inactive(call, was_good);
    return 1;
}

/* Asks, or waits for who asks the same. When it is one's turn, another's may just have ended. */
static ag_reason_e find_out(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n, ag_id_t id)
{
    ag_introspect_turn_t turn;
    ag_reason_e reason;
    ag_turn_e whose;

    ag_introspect_turn_begin(&turn, &call->engine->introspect, call->introspection, id);
    do {
        whose = ag_introspect_turn(&turn);
        if (whose == AG_TURN_REFUSED) {
            return fall_back(who, call, id);
        }
        if (known(&reason, who, call, id)) {
            break;
        }
        if (whose == AG_TURN_ASK) {
            reason = ask(who, call, text, n, id, &turn);
        }
    } while (whose != AG_TURN_ASK);
    ag_introspect_turn_end(&turn);
    return reason;
}

static ag_reason_e decide(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n, ag_id_t id)
{
    ag_reason_e reason;

    if (known(&reason, who, call, id)) {
        return reason;
    }
    return call->known_only && !ag_token_marked(call, id) ? AG_R_BANNED : find_out(who, call, text, n, id);
}

static ag_reason_e check(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n)
{
    ag_id_t id;

    if (!call->introspection || !call->engine->introspect.fetch) {
        return AG_R_INTROSPECTION_UNAVAILABLE;
    }
    if (n > AG_JWT_MAX_SIZE || !ag_text_visible(text, n, 0)) {
        call->guess = 1;
        return ag_token_refuse(call, n > AG_JWT_MAX_SIZE ? AG_JWT_TOO_LONG : AG_JWT_CHARACTERS);
    }
    id = ag_id_mix(call->jwt_realm, ag_sip(call->engine->sip, text, n));
    return ag_token_end(who, call, decide(who, call, text, n, id));
}

const ag_cred_type_t ag_cred_introspect = {AG_KIND(introspect), ag_token_looks_signed, NULL, NULL, check};
