/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single_flight: who on this machine is asking a database or another server right now, and for what, over all
 * processes. So one question is asked once, however many requests wait for its answer, and whoever is asked and
 * hangs ties up a few workers and not all: the others are sent away when their patience ends, or at once when all
 * who ask have been waiting for long.
 *
 * Whoever waits holds nothing. A question whose asker has died or is late is asked anew.
 */
#ifndef AG_SINGLE_FLIGHT_H
#define AG_SINGLE_FLIGHT_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../base/digest.h"

#define AG_SINGLE_FLIGHT_SLOTS 64 /* questions at once on a machine, at most */
#define AG_SINGLE_FLIGHT_BYTES 4096

/* In shared memory, AG_SINGLE_FLIGHT_BYTES of it. */
typedef struct ag_single_flights_t ag_single_flights_t;

/* Once, when the memory is fresh. */
apr_status_t ag_single_flights_init(ag_single_flights_t *flights);

/* One request's way to its turn; zero but for the first six. */
typedef struct ag_single_flight_t {
    ag_single_flights_t *flights;
    ag_id_t store;                /* whose places are counted */
    ag_id_t what;                 /* the question */
    int places;                   /* of one store; all stores together have twice as many */
    apr_interval_time_t late;     /* an asker that takes longer is not waited for */
    apr_interval_time_t patience; /* how long a request waits at most */
    apr_time_t started;
    apr_interval_time_t nap;
    apr_uint64_t waits_for; /* the ticket of another who asks the same */
    apr_uint64_t ticket;    /* one's own */
    int slot;
} ag_single_flight_t;

typedef enum {
    AG_SINGLE_FLIGHT_MINE,   /* ask, then ag_single_flight_end() */
    AG_SINGLE_FLIGHT_LOOK,   /* slept a little: look whether the answer has come, else call again */
    AG_SINGLE_FLIGHT_REFUSED /* too many ask, or the time is up */
} ag_single_flight_e;

ag_single_flight_e ag_single_flight_turn(ag_single_flight_t *flight);

/* The same without waiting: 1 when it is one's turn now. */
int ag_single_flight_try(ag_single_flight_t *flight);

void ag_single_flight_end(const ag_single_flight_t *flight);

#endif
