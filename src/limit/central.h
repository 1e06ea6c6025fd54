/* SPDX-License-Identifier: Apache-2.0 */
/*
 * central: the counters of a whole fleet. memcached knows no algorithm: a counter is read with its
 * version (gets), stepped here, and written back only if nobody else did meanwhile (cas). So what
 * is admitted anywhere has been charged to one counter before.
 */
#ifndef AG_LIMIT_CENTRAL_H
#define AG_LIMIT_CENTRAL_H

#include "fleet.h"

/* What a visit wants of one counter, and what came of it. */
typedef struct ag_ask_t {
    ag_entry_t entry; /* named by the caller */
    const ag_window_t *window;
    apr_uint64_t cost;    /* charged, or the ask is refused; 0: only told */
    apr_uint64_t more;    /* charged on top, as far as it is little beside what is left */
    unsigned dry_run : 1; /* its refusal refuses nothing */

    /* What was charged earlier and not used: taken back on the way. */
    apr_uint64_t back;
    apr_time_t then;

    /* The counter as it was last seen, with its generation; 0: never. A counter of another generation was
     * begun by somebody who found nothing: it is restored to what had been seen. */
    apr_uint64_t generation;
    ag_counter_t seen;

    /* Out. */
    unsigned allowed : 1;
    unsigned written : 1; /* all that `charged` and `back` say is in memcached */
    apr_uint64_t charged; /* cost and more */
    apr_uint64_t left;    /* beside that */
    ag_counter_t counter; /* as it is now, whatever happened */
} ag_ask_t;

/* Reads counters, where their servers may be asked. */
apr_status_t ag_central_read(ag_call_t *call, ag_entry_t *entries, int n);

/* Reads an entry under a name at which no counter lies. Nothing hangs on what it said, so something else than
 * ours there is no fault: generation 0, to be written over. */
apr_status_t ag_central_read_sign(ag_call_t *call, ag_entry_t *entry);

/* Asks all of them, which takes one round trip to read and one for each to write. When one that is
 * no dry run is refused, what could be charged before that stays charged: the caller decides what
 * becomes of it. Else than APR_SUCCESS: memcached cannot tell, or APR_EBUSY after too many tries. */
apr_status_t ag_central_ask(ag_call_t *call, ag_ask_t *asks, int n);

/* 1 when nothing but dry runs was refused. */
int ag_central_allowed(const ag_ask_t *asks, int n);

/* Takes back `cost`, charged at `then`, if the counter is still of that generation (0: any). What cannot
 * be taken back stays counted. */
void ag_central_refund(ag_call_t *call, ag_entry_t *entry, const ag_window_t *window, apr_uint64_t cost,
                       apr_time_t then, apr_uint64_t generation);

#endif
