/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newcomer: charges of who has no slot in the table yet. It gets one; else one of an IPv6 network
 * around it, which it shares with others of that network; else it shares an overflow counter with all
 * others of its kind, window and stripe; and when even those are taken it is refused for a second.
 *
 * Nobody gains by it. What was charged to a shared counter is remembered where it was charged: who
 * gets a slot, or a narrower network's, while such a charge may count begins with all that stands in the
 * shared one. So the narrowest counter there is of somebody always holds at least what he used.
 */
#ifndef AG_LIMIT_NEWCOMER_H
#define AG_LIMIT_NEWCOMER_H

#include "counters.h"

/* All of it with the lock of the subject's stripe held. */

/* Steps a counter beside the one that is valid, which stays until the step has passed: the slot, or
 * NULL when it has not. */
static inline ag_slot_t *ag_slot_step(ag_slot_t *slot, ag_charge_t *charge, apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t *counter = ag_slot_aside(slot);

    if (!window->algo->step(counter, window, now, charge->cost, &charge->quota)) {
        return NULL;
    }
    ag_slot_charge(slot, window->algo->idle_at(counter, window));
    return slot;
}

/* The slot that was charged, or NULL when it did not fit. */
ag_slot_t *ag_newcomer_charge(const ag_counters_t *table, ag_charge_t *charge, apr_time_t now);

/* Brings the subject's counter to what `seen`, an earlier state of it, had. Where it has no place of
 * its own nothing is done: all others who share one would be charged for it. */
void ag_newcomer_begin(const ag_counters_t *table, const ag_charge_t *charge, const ag_counter_t *seen,
                       apr_time_t now);

/* The slot where the next charge of the subject would be counted, or whose count it would begin with;
 * NULL: it would begin with nothing. *with is whose it is, as ag_store_shm_with() says. */
ag_slot_t *ag_newcomer_stands(int *with, const ag_counters_t *table, const ag_charge_t *charge, apr_time_t now);

#endif
