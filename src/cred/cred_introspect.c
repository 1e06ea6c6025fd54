/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_introspect: bearer tokens that their issuer is asked about. What he says of one is remembered for a while; its
 * times and what it is bound to are checked on each request. When he cannot be asked, nobody is let in by that: an old
 * answer is used for as long as the administrator says, else it is 503.
 */
#include "introspected.h"
#include "revocable.h"

#define AT_ONCE apr_time_from_sec(1)  /* after a failure an old answer is used without asking */
#define RECENT  apr_time_from_sec(10) /* likewise, where there is no place to ask */

static ag_reason_e refuse_inactive(ag_cred_call_t *call, int mark)
{
    call->guess = !(mark & AG_INTROSPECTED_WAS_GOOD);
    return ag_token_refuse(call, AG_JWT_INACTIVE);
}

static ag_reason_e learn_inactive(ag_cred_call_t *call, ag_id_t id)
{
    int mark = ag_introspected_mark(call, id, AG_INTROSPECTED_INACTIVE, call->request->now);

    ag_cache_drop(call->engine->introspect.answers, id);
    ag_token_unmark(call, id);
    return refuse_inactive(call, mark);
}

/* With an answer that would be too old at any other time, or with 503. */
static ag_reason_e fall_back(ag_principal_t **who, ag_cred_call_t *call, ag_id_t id, int is_away)
{
    ag_reason_e reason;

    if (is_away && ag_introspected_recall(&reason, who, call, id, call->introspection->stale)) {
        return reason;
    }
    call->retry = 1;
    return AG_R_INTROSPECTION_UNAVAILABLE;
}

static int is_away(const ag_cred_call_t *call, apr_interval_time_t within)
{
    return ag_introspect_is_away(&call->engine->introspect, call->introspection, within);
}

static ag_reason_e learn_active(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n,
                                ag_id_t id, const ag_introspect_answer_t *answer)
{
    ag_token_memo_t memo = {0, 0};
    ag_reason_e reason = ag_introspect_judge(who, &memo, call, answer);

    if (reason == AG_R_NONE) {
        ag_revocable_set(*who, (*who)->claims, text, n, call->engine->sip, call->request->pool);
        ag_token_mark(call, id);
    }
    ag_cache_drop(call->engine->introspect.inactive, id);
    ag_introspected_keep(call, id, &memo, *who, answer);
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
        ag_introspect_failed(engine, turn->whom, &answer, log);
        ag_introspected_mark(call, id, AG_INTROSPECTED_FAILED, apr_time_now());
        return fall_back(who, call, id, 1);
    }
    ag_introspect_answered(engine, turn->whom, log);
    return result == AG_INTROSPECT_ACTIVE ? learn_active(who, call, text, n, id, &answer) : learn_inactive(call, id);
}

/* 1 when *reason is known without asking. */
static int known(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, ag_id_t id)
{
    int mark;

    if (ag_introspected_recall(reason, who, call, id, call->introspection->cache)) {
        return 1;
    }
    mark = call->known_only ? 0 : ag_introspected_is_inactive(call, id);
    *reason = mark ? refuse_inactive(call, mark) : AG_R_NONE;
    return mark;
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
            return fall_back(who, call, id, is_away(call, RECENT));
        }
        if (known(&reason, who, call, id)) {
            break;
        }
        if (ag_introspected_has_failed(call, id, turn.began)) {
            reason = fall_back(who, call, id, 1);
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
    if (call->known_only && !ag_token_marked(call, id)) {
        return AG_R_BANNED;
    }
    if (is_away(call, AT_ONCE) && ag_introspected_recall(&reason, who, call, id, call->introspection->stale)) {
        return reason;
    }
    return find_out(who, call, text, n, id);
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
