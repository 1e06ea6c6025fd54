/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seats: how many requests of a machine, over all processes, may wait for something outside at once. A seat is a word
 * that says until when it is taken, so one that a killed process has left is free by then, and nobody counts.
 */
#ifndef AG_SEATS_H
#define AG_SEATS_H

#include <apr_time.h>

#define AG_SEATS       512
#define AG_SEATS_AHEAD apr_time_from_sec(60) /* what is taken for longer is not: a clock was set back */

/* In shared memory, zero when fresh. */
typedef struct ag_seats_t {
    apr_uint64_t until[AG_SEATS]; /* microseconds */
} ag_seats_t;

/* Takes one of the first `n` until then, AG_SEATS_AHEAD from `now` at most. Its number, or -1: all are taken. */
int ag_seats_take(ag_seats_t *seats, int n, apr_time_t now, apr_time_t until);

/* Gives it back, unless its time is up and it is another one's. */
void ag_seats_give(ag_seats_t *seats, int seat, apr_time_t until);

#endif
