/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_shm: counters in shared memory, for all processes and threads of one machine.
 *
 * A subject's id chooses its stripe, so one lock covers all its windows; subject and window
 * together are the tag of a slot. A newcomer that finds no slot shares an overflow counter with the
 * others of its window and stripe, and when even those are taken it is refused for a second. So a
 * full table counts too much for some, never too little for anybody.
 */
#include "limit.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/speed.h"
#include "table.h"

typedef struct {
    ag_store_t base;
    ag_table_t table;
} shm_t;

static const ag_counter_t empty = {0, 0, 0};

static apr_uint32_t stripe_of(const ag_table_t *table, const ag_subject_t *subject)
{
    return (apr_uint32_t)subject->id.lo & table->mask;
}

static ag_id_t tag_of(const ag_charge_t *charge)
{
    return ag_id_mix(charge->subject->id, charge->window->id);
}

/* ---- one charge ------------------------------------------------------------------------------ */

/* Steps a counter beside the one that is valid, which stays until the step has passed: the slot, or
 * NULL when it has not. */
static ag_slot_t *step_in(ag_slot_t *slot, ag_charge_t *charge, apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t *counter = ag_slot_aside(slot);

    if (!window->algo->step(counter, window, now, charge->cost, &charge->quota)) {
        return NULL;
    }
    ag_slot_charge(slot, window->algo->idle_at(counter, window));
    return slot;
}

/* The same for a slot that belongs to nobody; it is claimed when the step passes and costs anything. */
static ag_slot_t *step_vacant(ag_slot_t *slot, const ag_counter_t *before, ag_id_t tag,
                              ag_charge_t *charge, apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t counter = *before;

    if (!window->algo->step(&counter, window, now, charge->cost, &charge->quota)) {
        return NULL;
    }
    if (charge->cost) {
        ag_slot_claim(slot, tag, before);
        *ag_slot_aside(slot) = counter;
        ag_slot_charge(slot, window->algo->idle_at(&counter, window));
    }
    return slot;
}

/* What a newcomer starts with. It was perhaps counted in the overflow before this slot became free;
 * then with all that stands there. */
static ag_counter_t inherit(const ag_table_t *table, const ag_set_t *home, apr_uint32_t stripe,
                            const ag_window_t *window, apr_time_t now)
{
    ag_place_t place;

    if (home->overflowed <= now) {
        return empty;
    }
    ag_table_overflow(&place, table, stripe, window->id, now);
    return place.slot ? ag_slot_get(place.slot) : empty;
}

static ag_slot_t *step_overflow(const ag_table_t *table, ag_set_t *home, apr_uint32_t stripe,
                                ag_charge_t *charge, apr_time_t now)
{
    static const ag_quota_t taken = {0, 1, 1};
    ag_place_t place;
    ag_slot_t *slot;

    __atomic_add_fetch(&table->head->overflows, 1, __ATOMIC_RELAXED);
    ag_table_overflow(&place, table, stripe, charge->window->id, now);
    if (!place.slot && !place.vacant) {
        charge->quota = taken;
        return NULL;
    }
    slot = place.slot ? step_in(place.slot, charge, now)
                      : step_vacant(place.vacant, &empty, charge->window->id, charge, now);
    if (slot && slot->idle_at > home->overflowed) {
        home->overflowed = slot->idle_at;
    }
    return slot;
}

AG_RARE static ag_slot_t *charge_newcomer(const ag_table_t *table, ag_charge_t *charge,
                                          apr_time_t now)
{
    apr_uint32_t stripe = stripe_of(table, charge->subject);
    ag_id_t tag = tag_of(charge);
    ag_counter_t before;
    ag_place_t place;

    ag_table_find(&place, table, stripe, tag, now);
    if (!place.vacant) {
        return step_overflow(table, place.home, stripe, charge, now);
    }
    before = inherit(table, place.home, stripe, charge->window, now);
    return step_vacant(place.vacant, &before, tag, charge, now);
}

/* The slot that was charged, or NULL. */
static ag_slot_t *charge_one(const ag_table_t *table, ag_charge_t *charge, apr_time_t now)
{
    ag_slot_t *slot = ag_table_get(table, stripe_of(table, charge->subject), tag_of(charge));

    return slot ? step_in(slot, charge, now) : charge_newcomer(table, charge, now);
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

static ag_lock_t *lock_of(const ag_table_t *table, const ag_charge_t *charge)
{
    return &table->stripes[stripe_of(table, charge->subject)].lock;
}

/* From the lowest stripe up, so two requests never wait for each other. */
AG_RARE static apr_uint64_t hold_many(const ag_table_t *table, const ag_charge_t *charges, int n)
{
    apr_uint64_t stripes = 0, left;

    while (n--) {
        stripes |= (apr_uint64_t)1 << stripe_of(table, charges[n].subject);
    }
    for (left = stripes; left; left &= left - 1) {
        ag_lock_take(&table->stripes[__builtin_ctzll(left)].lock);
    }
    return stripes;
}

AG_RARE static void release_many(const ag_table_t *table, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_give(&table->stripes[__builtin_ctzll(stripes)].lock);
    }
}

static AG_HOT held_t hold(const ag_table_t *table, const ag_charge_t *charges, int n)
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

static AG_HOT void release(const ag_table_t *table, held_t held)
{
    if (held.one) {
        ag_lock_give(held.one);
    }
    else {
        release_many(table, held.many);
    }
}

static apr_status_t charge_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                               apr_pool_t *p)
{
    const ag_table_t *table = &((shm_t *)store)->table;
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

/* What was counted in an overflow slot stays there: too much for some, never too little. */
static void refund_one(const ag_table_t *table, ag_charge_t *charge, apr_time_t now,
                       apr_time_t then)
{
    const ag_window_t *window = charge->window;
    ag_place_t place;

    ag_table_find(&place, table, stripe_of(table, charge->subject), tag_of(charge), now);
    if (place.slot) {
        ag_counter_t *counter = ag_slot_aside(place.slot);

        window->algo->refund(counter, window, now, charge->cost, then);
        window->algo->step(counter, window, now, 0, &charge->quota);
        ag_slot_release(place.slot, window->algo->idle_at(counter, window));
    }
}

static void refund_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                       apr_time_t then, apr_pool_t *p)
{
    const ag_table_t *table = &((shm_t *)store)->table;
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

apr_status_t ag_store_shm_attach(ag_store_t **store, void *memory, apr_size_t size, int fresh,
                                 apr_pool_t *p)
{
    static const ag_store_t base = {"shm", charge_shm, refund_shm, NULL};
    shm_t *shm = apr_pcalloc(p, sizeof *shm);

    shm->base = base;
    *store = &shm->base;
    return ag_table_attach(&shm->table, memory, size, fresh);
}

int ag_store_shm_forget(ag_store_t *store, const ag_charge_t *charge, apr_time_t now)
{
    const ag_table_t *table = &((shm_t *)store)->table;
    apr_uint32_t stripe = stripe_of(table, charge->subject);
    ag_id_t tag = tag_of(charge);
    ag_slot_t *slot;
    int there;

    ag_lock_take(&table->stripes[stripe].lock);
    slot = ag_table_get(table, stripe, tag);
    there = slot && slot->idle_at > now;
    if (slot) {
        *ag_slot_aside(slot) = empty;
        ag_slot_flip(slot);
    }
    ag_lock_give(&table->stripes[stripe].lock);
    return there;
}

apr_uint64_t ag_store_shm_overflows(const ag_store_t *store)
{
    return __atomic_load_n(&((const shm_t *)store)->table.head->overflows, __ATOMIC_RELAXED);
}
