/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single_flight: a small table under one lock, which is held for a walk over the table and never while
 * anybody sleeps or asks. Times are the system's, since waiting takes just that.
 */
#include "single_flight.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "../base/lock.h"

#define FIRST_NAP   APR_TIME_C(1000)
#define LONGEST_NAP APR_TIME_C(5000)
#define OLD         apr_time_from_sec(600) /* its process number may have gone to another by then */

typedef struct {
    ag_id_t store, what;
    apr_time_t since;
    apr_int64_t pid; /* 0: free */
    apr_uint64_t ticket;
} slot_t;

struct ag_single_flights_t {
    ag_lock_t lock;
    apr_uint64_t tickets;
    slot_t slots[AG_SINGLE_FLIGHT_SLOTS];
};

_Static_assert(sizeof(ag_single_flights_t) <= AG_SINGLE_FLIGHT_BYTES, "flights");

/* What a walk over the table has seen. */
typedef struct {
    int all, ours, late; /* questions; of this store; of those the late ones */
    int free;            /* a free slot, or -1 */
    apr_uint64_t asked;  /* the ticket of one who asks the same and is not late, or 0 */
} census_t;

apr_status_t ag_single_flights_init(ag_single_flights_t *flights)
{
    return ag_lock_init(&flights->lock);
}

/* Or the clock was set back. By a moment it may seem so: `now` was read before the lock was had. */
static int is_late(const slot_t *slot, apr_interval_time_t late, apr_time_t now)
{
    return now - slot->since > late || slot->since - now > late;
}

/* Its asker was killed. Asked of the late ones and of what somebody waits for. A thread may hang in a library for
 * hours, and as long as its process is one of this server's (they are one process group), it keeps its place: in
 * time all workers would hang otherwise. */
static int is_dead(const slot_t *slot, apr_time_t now)
{
    pid_t pid = (pid_t)slot->pid;

    return (kill(pid, 0) != 0 && errno == ESRCH) || (now - slot->since > OLD && getpgid(pid) != getpgrp());
}

static void count(census_t *c, slot_t *slot, const ag_single_flight_t *flight, apr_time_t now)
{
    int same = slot->pid && ag_id_equal(slot->what, flight->what);
    int late = slot->pid && is_late(slot, flight->late, now);

    if (slot->pid && (same || late) && is_dead(slot, now)) {
        slot->pid = 0;
    }
    if (!slot->pid) {
        return;
    }
    c->all++;
    if (ag_id_equal(slot->store, flight->store)) {
        c->ours++;
        c->late += late;
        c->asked = same && !late ? slot->ticket : c->asked;
    }
}

static census_t walk(const ag_single_flight_t *flight, apr_time_t now)
{
    census_t c = {0, 0, 0, -1, 0};
    int i;

    for (i = 0; i < AG_SINGLE_FLIGHT_SLOTS; i++) {
        slot_t *slot = &flight->flights->slots[i];

        count(&c, slot, flight, now);
        if (!slot->pid) {
            c.free = i;
        }
    }
    return c;
}

static void take(ag_single_flight_t *flight, int free, apr_time_t now)
{
    slot_t *slot = &flight->flights->slots[free];

    slot->store = flight->store;
    slot->what = flight->what;
    slot->since = now;
    slot->ticket = ++flight->flights->tickets;
    slot->pid = (apr_int64_t)getpid();
    flight->slot = free;
    flight->ticket = slot->ticket;
}

/* If the answer of the query we waited for is not cacheable, query ourselves: queueing again would not help. */
static ag_single_flight_e decide(ag_single_flight_t *flight, apr_time_t now)
{
    census_t c = walk(flight, now);

    if (c.asked && (!flight->waits_for || flight->waits_for == c.asked)) {
        flight->waits_for = c.asked;
        return AG_SINGLE_FLIGHT_LOOK;
    }
    if (c.ours < flight->places && c.all < 2 * flight->places && c.free >= 0) {
        take(flight, c.free, now);
        return AG_SINGLE_FLIGHT_MINE;
    }
    return c.late > 0 && c.late >= flight->places ? AG_SINGLE_FLIGHT_REFUSED : AG_SINGLE_FLIGHT_LOOK;
}

static void nap(ag_single_flight_t *flight)
{
    flight->nap = flight->nap ? flight->nap * 2 : FIRST_NAP;
    if (flight->nap > LONGEST_NAP) {
        flight->nap = LONGEST_NAP;
    }
    apr_sleep(flight->nap);
}

static ag_single_flight_e decide_alone(ag_single_flight_t *flight, apr_time_t now)
{
    ag_single_flight_e turn;

    ag_lock_take(&flight->flights->lock);
    turn = decide(flight, now);
    ag_lock_give(&flight->flights->lock);
    return turn;
}

int ag_single_flight_try(ag_single_flight_t *flight)
{
    return decide_alone(flight, apr_time_now()) == AG_SINGLE_FLIGHT_MINE;
}

ag_single_flight_e ag_single_flight_turn(ag_single_flight_t *flight)
{
    apr_time_t now = apr_time_now();
    ag_single_flight_e turn = decide_alone(flight, now);

    if (!flight->started) {
        flight->started = now;
    }
    if (turn != AG_SINGLE_FLIGHT_LOOK) {
        return turn;
    }
    if (now < flight->started || now - flight->started > flight->patience) {
        return AG_SINGLE_FLIGHT_REFUSED;
    }
    nap(flight);
    return AG_SINGLE_FLIGHT_LOOK;
}

void ag_single_flight_end(const ag_single_flight_t *flight)
{
    slot_t *slot = &flight->flights->slots[flight->slot];

    ag_lock_take(&flight->flights->lock);
    if (slot->pid && slot->ticket == flight->ticket) {
        slot->pid = 0;
    }
    ag_lock_give(&flight->flights->lock);
}
