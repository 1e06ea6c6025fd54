/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_poll: see change_poll.h.
 */
#include "change_poll.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* After a failure, wait slightly longer, so that the watchdog retries first. */
#define PATIENCE (APR_USEC_PER_SEC * 9 / 10)
#define HUNG     (30 * APR_USEC_PER_SEC) /* a reading that takes longer no longer speaks for others */
#define FAILED   (AG_POLL_LAG + HUNG)    /* a failure may end long after the request that asks came in */

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)

/* `until` is not past, and no more than `span` ahead: further is a clock that was set back. */
static int lasts(apr_time_t now, apr_time_t until, apr_time_t span)
{
    return now < until && until - now <= span;
}

static int is_known_down(ag_poll_shared_t *shared, apr_time_t now)
{
    return lasts(now, LOAD(shared->failed_until), FAILED) || lasts(now, LOAD(shared->trying_until), HUNG);
}

/* What time it is now, for who came in at `now` and began to wait at `began`. */
static apr_time_t time_after(apr_time_t now, apr_time_t began)
{
    apr_time_t took = apr_time_now() - began;

    return took > 0 ? now + took : now;
}

/* A failure counts from its end: a database that hangs takes seconds to fail. */
static void note_failure(ag_poll_shared_t *shared, apr_time_t now, apr_time_t began)
{
    apr_time_t end = time_after(now, began);

    STORE(shared->last_try, end);
    STORE(shared->failed_until, end + AG_POLL_LAG);
}

/* While what is known is recent, or the failure is, others may go on with it meanwhile. The change signal
 * is looked at before the log: one that comes later is another's. */
apr_status_t ag_poll_now(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_shared_t *shared = poll->shared;
    int speaks = ag_within(now, LOAD(shared->last_good), AG_POLL_LAG) || is_known_down(shared, now);
    apr_uint64_t signal = LOAD(*poll->signal);
    apr_time_t began = apr_time_now();
    apr_status_t rv;

    STORE(shared->last_try, now);
    if (speaks) {
        STORE(shared->trier, (apr_int64_t)getpid());
        STORE(shared->trying_until, now + HUNG);
    }
    rv = poll->read(poll->ctx, now, log, p);
    if (rv != APR_SUCCESS) {
        note_failure(shared, now, began); /* before others may try */
        STORE(shared->trying_until, 0);
        return rv;
    }
    STORE(shared->trying_until, 0);
    STORE(shared->failed_until, 0);
    STORE(shared->noticed, signal);
    if (now > LOAD(shared->last_good) || !ag_within(now, LOAD(shared->last_good), AG_POLL_LAG)) {
        STORE(shared->last_good, now);
    }
    return APR_SUCCESS;
}

/* 1 while a process is waiting for the database's answer (and was not killed meanwhile). */
static int is_being_tried(ag_poll_shared_t *shared, apr_time_t now)
{
    return lasts(now, LOAD(shared->trying_until), HUNG)
           && (kill((pid_t)LOAD(shared->trier), 0) == 0 || errno != ESRCH);
}

/* 1 for one caller when nobody has read for `interval`. */
static int is_turn(ag_poll_shared_t *shared, apr_time_t now, apr_time_t interval)
{
    apr_time_t last = LOAD(shared->last_try);

    return !ag_within(now, last, interval - 1) && !is_being_tried(shared, now)
           && __atomic_compare_exchange_n(&shared->last_try, &last, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* After a failure the watchdog tries first: a database that hangs would hold up the request. */
static int is_request_s_turn(ag_poll_shared_t *shared, apr_time_t now)
{
    return is_turn(shared, now, lasts(now, LOAD(shared->failed_until), FAILED) ? PATIENCE : AG_POLL_INTERVAL);
}

/* Another process has already read the log for us. */
static int is_read(const ag_poll_t *poll, apr_time_t now)
{
    ag_poll_shared_t *shared = poll->shared;

    return LOAD(*poll->signal) == LOAD(shared->noticed) && ag_within(now, LOAD(shared->last_good), AG_POLL_LAG);
}

/* Reads the log, or waits for who reads it. A reading that was begun before the change signal came does not
 * serve; the next one will. */
static apr_status_t poll_in_turn(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_shared_t *shared = poll->shared;
    ag_single_flight_t flight = poll->flight;
    apr_time_t began = apr_time_now();
    ag_single_flight_e turn;
    apr_status_t rv;

    do {
        turn = ag_single_flight_turn(&flight);
    } while (turn == AG_SINGLE_FLIGHT_LOOK && !is_read(poll, now));
    if (turn == AG_SINGLE_FLIGHT_REFUSED) {
        note_failure(shared, now, began);
        return APR_TIMEUP;
    }
    if (turn == AG_SINGLE_FLIGHT_LOOK) {
        return APR_SUCCESS;
    }
    rv = is_read(poll, now) ? APR_SUCCESS : ag_poll_now(poll, now, log, p);
    ag_single_flight_end(&flight);
    return rv;
}

/* Reads for all processes when it is this one's turn; does nothing while another process is reading. */
static void poll_for_all(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_single_flight_t flight = poll->flight;

    if (ag_single_flight_try(&flight)) {
        ag_poll_now(poll, now, log, p);
        ag_single_flight_end(&flight);
    }
}

/* Somebody on this machine has changed something and been told that it is in force: nobody goes on
 * with the cache before the change is read, whoever else may be reading it. */
static ag_poll_e read_signal(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_shared_t *shared = poll->shared;

    if (lasts(now, LOAD(shared->failed_until), FAILED) && !is_request_s_turn(shared, now)) {
        return AG_POLL_BLIND;
    }
    return poll_in_turn(poll, now, log, p) == APR_SUCCESS ? AG_POLL_UP : AG_POLL_BLIND;
}

ag_poll_e ag_poll_up(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_shared_t *shared = poll->shared;
    int recent;

    if (LOAD(*poll->signal) != LOAD(shared->noticed)) {
        return read_signal(poll, now, log, p);
    }
    recent = ag_within(now, LOAD(shared->last_good), AG_POLL_LAG);
    if (!recent && !is_known_down(shared, now)) {
        poll_in_turn(poll, now, log, p);
    }
    else if (is_request_s_turn(shared, now)) {
        poll_for_all(poll, now, log, p);
    }
    else {
        return recent ? AG_POLL_UP : AG_POLL_DOWN;
    }
    recent = ag_within(now, LOAD(shared->last_good), AG_POLL_LAG);
    return recent ? AG_POLL_UP : AG_POLL_DOWN;
}

void ag_poll_tend(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_shared_t *shared = poll->shared;

    if (LOAD(shared->last_try) == 0) {
        return;
    }
    if (ag_within(now, LOAD(shared->last_good), AG_POLL_LAG) || is_turn(shared, now, AG_POLL_INTERVAL / 2)) {
        ag_poll_now(poll, now, log, p);
    }
}
