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

#include "table.h"

#define RARE __attribute__((noinline)) /* kept out of the way of what every request does */

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

RARE static ag_slot_t *charge_newcomer(const ag_table_t *table, const ag_id_t *tag,
                                       ag_charge_t *charge, apr_time_t now)
{
    apr_uint32_t stripe = stripe_of(table, charge->subject);
    ag_counter_t before;
    ag_place_t place;

    ag_table_find(&place, table, stripe, *tag, now);
    if (!place.vacant) {
        return step_overflow(table, place.home, stripe, charge, now);
    }
    before = inherit(table, place.home, stripe, charge->window, now);
    return step_vacant(place.vacant, &before, *tag, charge, now);
}

/* The slot that was charged, or NULL. */
static ag_slot_t *charge_one(const ag_table_t *table, ag_charge_t *charge, apr_time_t now)
{
    ag_id_t tag = tag_of(charge);
    ag_slot_t *slot = ag_table_get(table, stripe_of(table, charge->subject), &tag);

    return slot ? step_in(slot, charge, now) : charge_newcomer(table, &tag, charge, now);
}

/* ---- all charges of a request ---------------------------------------------------------------- */

/* Takes everything back, and tells what is left without this request. */
RARE static void undo(ag_charge_t *charges, int n, apr_time_t now)
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

/* The stripes of all subjects, one bit each. */
static apr_uint64_t stripes_of(const ag_table_t *table, const ag_charge_t *charges, int n)
{
    apr_uint64_t stripes = 0;

    while (n--) {
        stripes |= (apr_uint64_t)1 << stripe_of(table, charges[n].subject);
    }
    return stripes;
}

/* From the lowest stripe up, so two requests never wait for each other. */
static void lock(const ag_table_t *table, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_take(&table->stripes[__builtin_ctzll(stripes)].lock);
    }
}

static void unlock(const ag_table_t *table, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_give(&table->stripes[__builtin_ctzll(stripes)].lock);
    }
}

static apr_status_t charge_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                               apr_pool_t *p)
{
    const ag_table_t *table = &((shm_t *)store)->table;
    apr_uint64_t stripes = stripes_of(table, charges, n);
    ag_charge_t *charge;
    int refused = 0;

    (void)p;
    lock(table, stripes);
    for (charge = charges; charge < charges + n; charge++) {
        charge->place = charge_one(table, charge, now);
        charge->allowed = charge->place != NULL;
        refused |= !charge->allowed && !charge->dry_run;
    }
    if (refused) {
        undo(charges, n, now);
    }
    unlock(table, stripes);
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
    apr_uint64_t stripes;
    int i;

    (void)p;
    if (!ag_charges_allowed(charges, n)) {
        return; /* nothing was consumed */
    }
    stripes = stripes_of(table, charges, n);
    lock(table, stripes);
    for (i = 0; i < n; i++) {
        if (charges[i].allowed) {
            refund_one(table, &charges[i], now, then);
        }
    }
    unlock(table, stripes);
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
    slot = ag_table_get(table, stripe, &tag);
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
