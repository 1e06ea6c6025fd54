/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspect_turn: see introspect.h. Who waits holds a seat, whether it asks itself or waits for another's answer, and
 * nothing else: no lock and no connection.
 */
#include "introspect.h"

#include "../base/measure.h"
#include "../watch/counters.h"

#define LOAD(word)         __atomic_load_n(&(word), __ATOMIC_SEQ_CST)
#define STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_SEQ_CST)
#define SWAP(word, value)  __atomic_exchange_n(&(word), (value), __ATOMIC_SEQ_CST)

#define GRACE apr_time_from_sec(1) /* what a question may take beyond timeout= */
#define CALM  apr_time_from_sec(2) /* without a failure: then it is over */

static ag_introspect_state_t *state_of(const ag_introspect_engine_t *engine, const ag_introspection_t *whom)
{
    return &engine->shared->states[whom->number % AG_INTROSPECT_STATES];
}

void ag_introspect_turn_begin(ag_introspect_turn_t *turn, const ag_introspect_engine_t *engine,
                              const ag_introspection_t *whom, ag_id_t what)
{
    apr_interval_time_t timeout = apr_time_from_sec(whom->timeout);
    apr_time_t now = apr_time_now();
    int places = engine->seats < AG_SINGLE_FLIGHT_SLOTS / 2 ? engine->seats : AG_SINGLE_FLIGHT_SLOTS / 2;

    *turn = (ag_introspect_turn_t){.engine = engine, .whom = whom, .began = now};
    turn->flight = (ag_single_flight_t){.flights = engine->flights,
                                        .store = whom->id,
                                        .what = what,
                                        .places = places,
                                        .late = timeout + GRACE,
                                        .patience = timeout};
    turn->until = now + timeout + 2 * GRACE;
    turn->seat = ag_seats_take(&engine->shared->seats, engine->seats, now, turn->until);
}

static ag_turn_e refuse(ag_introspect_turn_t *turn)
{
    ag_introspect_turn_end(turn);
    return AG_TURN_REFUSED;
}

ag_turn_e ag_introspect_turn(ag_introspect_turn_t *turn)
{
    ag_single_flight_e flight;

    if (turn->seat < 0) {
        return refuse(turn);
    }
    flight = ag_single_flight_turn(&turn->flight);
    turn->asks = flight == AG_SINGLE_FLIGHT_MINE;
    return turn->asks ? AG_TURN_ASK : flight == AG_SINGLE_FLIGHT_REFUSED ? refuse(turn) : AG_TURN_LOOK;
}

apr_interval_time_t ag_introspect_turn_left(const ag_introspect_turn_t *turn)
{
    apr_interval_time_t left = turn->began + apr_time_from_sec(turn->whom->timeout) - apr_time_now();

    return left > 1000 ? left : 1000;
}

void ag_introspect_turn_end(ag_introspect_turn_t *turn)
{
    if (turn->asks) {
        ag_single_flight_end(&turn->flight);
    }
    if (turn->seat >= 0) {
        ag_seats_give(&turn->engine->shared->seats, turn->seat, turn->until);
    }
    turn->asks = 0;
    turn->seat = -1;
}

/* ---- what came of it ------------------------------------------------------------------------------ */

void ag_introspect_failed(const ag_introspect_engine_t *engine, const ag_introspection_t *whom,
                          const ag_introspect_answer_t *answer, const ag_log_t *log)
{
    ag_introspect_state_t *state = state_of(engine, whom);

    ag_count(AG_COUNT_INTROSPECTION_FAILURES);
    if (!answer->of_token) {
        STORE(state->failed, (apr_uint64_t)apr_time_now());
    }
    if (!SWAP(state->told, 1)) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0945: the introspection endpoint %s cannot be asked: %s; tokens get 503 whose last answer is older "
               "than %" APR_INT64_T_FMT " seconds",
               whom->url, answer->error, whom->stale > whom->cache ? whom->stale : whom->cache);
    }
}

/* As far as the clock has not been set back since. */
static int is_within(apr_uint64_t then, apr_interval_time_t span)
{
    apr_uint64_t now = (apr_uint64_t)apr_time_now();

    return then <= now && now - then <= (apr_uint64_t)span;
}

void ag_introspect_answered(const ag_introspect_engine_t *engine, const ag_introspection_t *whom, const ag_log_t *log)
{
    ag_introspect_state_t *state = state_of(engine, whom);

    ag_count(AG_COUNT_INTROSPECTIONS);
    STORE(state->answered, (apr_uint64_t)apr_time_now());
    if (LOAD(state->told) && !is_within(LOAD(state->failed), CALM) && SWAP(state->told, 0)) {
        ag_log(log, AG_LOG_NOTICE, 0, "AG0946: the introspection endpoint %s answers again", whom->url);
    }
}

int ag_introspect_is_away(const ag_introspect_engine_t *engine, const ag_introspection_t *whom,
                          apr_interval_time_t within)
{
    const ag_introspect_state_t *state = state_of(engine, whom);
    apr_uint64_t failed = LOAD(state->failed);

    return failed && failed > LOAD(state->answered) && is_within(failed, within);
}

void ag_introspect_too_long(const ag_introspect_engine_t *engine, const ag_introspection_t *whom, apr_size_t n,
                            const ag_log_t *log)
{
    if (!SWAP(state_of(engine, whom)->too_long, 1)) {
        ag_log(log, AG_LOG_WARNING, 0,
               "AG0947: an answer of the introspection endpoint %s has %" APR_SIZE_T_FMT
               " bytes and is too long to be kept; it is asked about such tokens each time",
               whom->url, n);
    }
}
