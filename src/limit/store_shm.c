/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_shm: counters in shared memory, for all processes and threads of one machine.
 *
 * A subject's id chooses its stripe, so one lock covers all its windows; subject and window
 * together are the tag of a slot. Who has none is a newcomer (newcomer.h).
 */
#include "limit.h"

#include <apr_strings.h>

#include "../base/speed.h"
#include "newcomer.h"

typedef struct {
    ag_store_t base;
    ag_counters_t table;
} shm_t;

static const ag_counter_t empty = {0, 0, 0};

static ag_slot_t *own_slot(const ag_counters_t *table, const ag_charge_t *charge)
{
    return ag_counters_get(table, ag_counters_stripe(table, charge->subject),
                           ag_id_mix(charge->subject->id, charge->window->id));
}

/* The slot that was charged, or NULL. */
static ag_slot_t *charge_one(const ag_counters_t *table, ag_charge_t *charge, apr_time_t now)
{
    ag_slot_t *slot = own_slot(table, charge);

    return slot ? ag_slot_step(slot, charge, now) : ag_newcomer_charge(table, charge, now);
}

/* ---- all charges of a request ---------------------------------------------------------------- */

/* Takes everything back, and tells what is left without this request. */
AG_RARE static void undo(ag_charge_t *charges, int n, apr_time_t now)
{
    ag_charge_t *charge;

    for (charge = charges; charge < charges + n; charge++) {
        const ag_window_t *window = charge->window;
        ag_slot_t *slot = charge->place;
        ag_counter_t *counter;

        if (!slot || !charge->cost) {
            continue;
        }
        counter = ag_slot_aside(slot);
        window->algo->refund(counter, window, now, charge->cost, AG_JUST_NOW);
        ag_slot_release(slot, window->algo->idle_at(counter, window));
        counter = ag_slot_aside(slot);
        window->algo->step(counter, window, now, 0, &charge->quota);
    }
}

/* The locks of a request: mostly all its subjects lie in one stripe. */
typedef struct {
    ag_lock_t *one;    /* NULL: several */
    apr_uint64_t many; /* stripes, one bit each */
} held_t;

static ag_lock_t *lock_of(const ag_counters_t *table, const ag_charge_t *charge)
{
    return &table->stripes[ag_counters_stripe(table, charge->subject)].lock;
}

AG_RARE static apr_uint64_t hold_many(const ag_counters_t *table, const ag_charge_t *charges, int n)
{
    apr_uint64_t stripes = 0;

    while (n--) {
        stripes |= (apr_uint64_t)1 << ag_counters_stripe(table, charges[n].subject);
    }
    ag_table_hold(&table->base, stripes);
    return stripes;
}

static AG_HOT held_t hold(const ag_counters_t *table, const ag_charge_t *charges, int n)
{
    held_t held = {lock_of(table, charges), 0};
    int i;

    for (i = 1; i < n; i++) {
        if (lock_of(table, &charges[i]) != held.one) {
            held.one = NULL;
            held.many = hold_many(table, charges, n);
            return held;
        }
    }
    ag_lock_take(held.one);
    return held;
}

static AG_HOT void release(const ag_counters_t *table, held_t held)
{
    if (held.one) {
        ag_lock_give(held.one);
    }
    else {
        ag_table_release(&table->base, held.many);
    }
}

static apr_status_t charge_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p)
{
    const ag_counters_t *table = &((shm_t *)store)->table;
    ag_charge_t *charge;
    held_t held;
    int refused = 0;

    (void)p;
    if (!n) {
        return APR_SUCCESS;
    }
    held = hold(table, charges, n);
    for (charge = charges; charge < charges + n; charge++) {
        charge->place = charge_one(table, charge, now);
        charge->allowed = charge->place != NULL;
        if (!charge->allowed && !charge->dry_run) {
            refused = 1;
        }
    }
    if (refused) {
        undo(charges, n, now);
    }
    release(table, held);
    return APR_SUCCESS;
}

/* What was counted with others stays there: too much for some, never too little. */
static void refund_one(const ag_counters_t *table, ag_charge_t *charge, apr_time_t now, apr_time_t then)
{
    const ag_window_t *window = charge->window;
    ag_slot_t *slot = own_slot(table, charge);

    if (slot) {
        ag_counter_t *counter = ag_slot_aside(slot);

        window->algo->refund(counter, window, now, charge->cost, then);
        window->algo->step(counter, window, now, 0, &charge->quota);
        ag_slot_release(slot, window->algo->idle_at(counter, window));
    }
}

static void refund_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then, apr_pool_t *p)
{
    const ag_counters_t *table = &((shm_t *)store)->table;
    held_t held;
    int i;

    (void)p;
    if (!ag_charges_allowed(charges, n)) {
        return; /* nothing was consumed */
    }
    held = hold(table, charges, n);
    for (i = 0; i < n; i++) {
        if (charges[i].allowed) {
            refund_one(table, &charges[i], now, then);
        }
    }
    release(table, held);
}

apr_status_t ag_store_shm_attach(ag_store_t **store, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    static const ag_store_t base = {"shm", charge_shm, refund_shm, NULL, NULL, NULL};
    shm_t *shm = apr_pcalloc(p, sizeof *shm);

    shm->base = base;
    *store = &shm->base;
    return ag_counters_attach(&shm->table, memory, size, fresh);
}

static ag_lock_t *take_lock(const ag_counters_t *table, const ag_charge_t *charge)
{
    ag_lock_t *lock = lock_of(table, charge);

    ag_lock_take(lock);
    return lock;
}

void ag_store_shm_begin(ag_store_t *store, const ag_charge_t *charge, const ag_counter_t *seen, apr_time_t now)
{
    const ag_counters_t *table = &((shm_t *)store)->table;
    ag_lock_t *lock = take_lock(table, charge);

    ag_newcomer_begin(table, charge, seen, now);
    ag_lock_give(lock);
}

int ag_store_shm_forget(ag_store_t *store, const ag_charge_t *charge, apr_time_t now)
{
    const ag_counters_t *table = &((shm_t *)store)->table;
    ag_lock_t *lock = take_lock(table, charge);
    int with, there;
    ag_slot_t *slot = ag_newcomer_stands(&with, table, charge, now);

    there = slot && slot->idle_at > now;
    if (slot) {
        *ag_slot_aside(slot) = empty;
        ag_slot_flip(slot);
    }
    ag_lock_give(lock);
    return there;
}

int ag_store_shm_with(ag_store_t *store, const ag_charge_t *charge, apr_time_t now)
{
    const ag_counters_t *table = &((shm_t *)store)->table;
    ag_lock_t *lock = take_lock(table, charge);
    int with;

    ag_newcomer_stands(&with, table, charge, now);
    ag_lock_give(lock);
    return with;
}

void ag_store_shm_fill(ag_shm_fill_t *fill, const ag_store_t *store, apr_time_t now)
{
    ag_counters_fill(fill, &((const shm_t *)store)->table, now);
}
