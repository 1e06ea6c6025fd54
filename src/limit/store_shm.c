/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_shm: counters in shared memory, for all processes and threads of one machine.
 *
 *     head | stripe 0: lock, overflow slots | stripe 1 ... | sets of stripe 0 | sets of 1 ...
 *
 * A subject's id chooses its stripe, so one lock covers all its windows; subject and window
 * together choose a set of eight slots in it. Nothing grows, nothing is allocated, and no slot
 * whose counter still counts is ever given away: a newcomer to a full set shares an overflow
 * counter with the other newcomers of its window, and when even those are taken it is refused. So a
 * full table counts too much for some, never too little for anybody.
 *
 * A slot holds its counter twice. The new state is written beside the old one and becomes valid by
 * one store, so a process killed at any instruction leaves a table that is whole.
 */
#include "limit.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/lock.h"

#define MAGIC APR_UINT64_C(0x61676c696d697473) /* "aglimits" */
#define VERSION 1
#define SLOTS_IN_SET 8
#define OVERFLOW_SLOTS 16
#define MAX_STRIPES 64 /* one bit each in a mask */
#define USUAL_SETS 16  /* fewer stripes rather than less than this many sets in each */
#define USUAL_CHARGES 16

typedef struct {
    ag_id_t tag;
    apr_time_t idle_at; /* free from then on */
    ag_counter_t counter[2];
    apr_uint32_t live; /* which of the two is valid */
    apr_uint32_t unused;
} slot_t;

typedef struct {
    ag_lock_t lock;
    apr_time_t overflow_until; /* the latest idle_at of the overflow slots */
    slot_t overflow[OVERFLOW_SLOTS];
} stripe_t;

typedef struct {
    apr_uint64_t magic;
    apr_uint32_t version;
    apr_uint32_t stripes; /* a power of two */
    apr_uint64_t size;
    apr_uint64_t sets;      /* in each stripe */
    apr_uint64_t overflows; /* charges that found their set full */
} head_t;

typedef struct {
    ag_store_t base;
    head_t *head;
    stripe_t *stripes;
    slot_t *slots;
    apr_uint32_t n_stripes;
    apr_uint64_t n_sets;
} shm_t;

/* Where a charge is counted, and what stood there before. */
typedef struct {
    slot_t *slot; /* NULL: nothing was written */
    ag_counter_t before;
} place_t;

/* ---- the table ------------------------------------------------------------------------------- */

/* Divides the memory: 64 stripes, fewer when it is small; the rest is sets. 0: too small for one. */
static int measure(head_t *shape, apr_size_t size)
{
    apr_uint32_t stripes = MAX_STRIPES;
    apr_size_t set = SLOTS_IN_SET * sizeof(slot_t);

    while (stripes > 1 && size < sizeof(head_t) + stripes * (sizeof(stripe_t) + USUAL_SETS * set)) {
        stripes /= 2;
    }
    if (size < sizeof(head_t) + sizeof(stripe_t) + set) {
        return 0;
    }
    memset(shape, 0, sizeof *shape);
    shape->magic = MAGIC;
    shape->version = VERSION;
    shape->stripes = stripes;
    shape->size = size;
    shape->sets = (size - sizeof(head_t) - stripes * sizeof(stripe_t)) / (stripes * set);
    return 1;
}

static apr_status_t format(const shm_t *shm, const head_t *shape)
{
    apr_uint32_t i;

    memset(shm->head, 0, shape->size);
    for (i = 0; i < shape->stripes; i++) {
        apr_status_t rv = ag_lock_init(&shm->stripes[i].lock);

        if (rv) {
            return rv;
        }
    }
    *shm->head = *shape;
    return APR_SUCCESS;
}

static int same_shape(const head_t *head, const head_t *shape)
{
    return head->magic == shape->magic && head->version == shape->version &&
           head->stripes == shape->stripes && head->size == shape->size &&
           head->sets == shape->sets;
}

static slot_t *set_of(const shm_t *shm, apr_uint32_t stripe, ag_id_t tag)
{
    apr_uint64_t set = ((tag.hi >> 32) * shm->n_sets) >> 32;

    return shm->slots + (stripe * shm->n_sets + set) * SLOTS_IN_SET;
}

static apr_uint32_t stripe_of(const shm_t *shm, const ag_subject_t *subject)
{
    return (apr_uint32_t)subject->id.lo & (shm->n_stripes - 1);
}

/* The slot of that tag, else NULL and a slot that is free, else NULL both. */
static slot_t *find(slot_t *slots, int n, ag_id_t tag, apr_time_t now, slot_t **vacant)
{
    slot_t *slot;

    *vacant = NULL;
    for (slot = slots; slot < slots + n; slot++) {
        if (ag_id_equal(slot->tag, tag)) {
            return slot;
        }
        if (slot->idle_at <= now) {
            *vacant = slot;
        }
    }
    return NULL;
}

/* ---- writing; the stripe's lock is held, the process may be killed anywhere ------------------ */

static void set_idle(slot_t *slot, apr_time_t idle_at)
{
    __atomic_store_n(&slot->idle_at, idle_at, __ATOMIC_RELEASE);
}

static void publish(slot_t *slot, const ag_counter_t *counter)
{
    apr_uint32_t aside = !slot->live;

    slot->counter[aside] = *counter;
    __atomic_store_n(&slot->live, aside, __ATOMIC_RELEASE);
}

/* Gives the slot a new owner. Until its whole tag is written nobody finds it. */
static void claim(slot_t *slot, ag_id_t tag, const ag_counter_t *counter)
{
    __atomic_store_n(&slot->tag.hi, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->tag.lo, 0, __ATOMIC_RELEASE);
    publish(slot, counter);
    __atomic_store_n(&slot->tag.lo, tag.lo, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->tag.hi, tag.hi, __ATOMIC_RELEASE);
}

/* Writes a charged counter. A slot counts as busy before its counter is charged, never after. */
static void commit(slot_t *slot, const ag_counter_t *counter, apr_time_t idle_at)
{
    if (idle_at > slot->idle_at) {
        set_idle(slot, idle_at);
    }
    publish(slot, counter);
}

/* ---- charging -------------------------------------------------------------------------------- */

/* The overflow slot of a window: its own, or a free one that *vacant names. */
static slot_t *find_overflow(stripe_t *stripe, const ag_window_t *window, apr_time_t now,
                             slot_t **vacant)
{
    return find(stripe->overflow, OVERFLOW_SLOTS, window->id, now, vacant);
}

/* A newcomer was perhaps counted in the overflow before a slot became free, so it starts with what
 * stands there. */
static void inherit(ag_counter_t *counter, stripe_t *stripe, const ag_window_t *window,
                    apr_time_t now)
{
    slot_t *vacant, *slot = NULL;

    if (stripe->overflow_until > now) {
        slot = find_overflow(stripe, window, now, &vacant);
    }
    if (slot) {
        *counter = slot->counter[slot->live];
    }
    else {
        memset(counter, 0, sizeof *counter);
    }
}

/* Steps a counter outside the table and, when that passes, writes it. */
static int step_in(place_t *place, slot_t *slot, ag_charge_t *charge, apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t counter = slot->counter[slot->live];

    if (!window->algo->step(&counter, window, now, charge->cost, &charge->quota)) {
        return 0;
    }
    place->slot = slot;
    place->before = slot->counter[slot->live];
    commit(slot, &counter, window->algo->idle_at(&counter, window));
    return 1;
}

static int step_newcomer(place_t *place, slot_t *vacant, stripe_t *stripe, ag_charge_t *charge,
                         ag_id_t tag, apr_time_t now)
{
    const ag_window_t *window = charge->window;
    ag_counter_t counter, before;

    inherit(&before, stripe, window, now);
    counter = before;
    if (!window->algo->step(&counter, window, now, charge->cost, &charge->quota)) {
        return 0;
    }
    claim(vacant, tag, &before);
    place->slot = vacant;
    place->before = before;
    commit(vacant, &counter, window->algo->idle_at(&counter, window));
    return 1;
}

static int step_overflow(place_t *place, const shm_t *shm, stripe_t *stripe, ag_charge_t *charge,
                         apr_time_t now)
{
    static const ag_counter_t empty = {0, 0, 0};
    static const ag_quota_t taken = {0, 1, 1};
    slot_t *vacant, *slot = find_overflow(stripe, charge->window, now, &vacant);
    int allowed;

    __atomic_add_fetch(&shm->head->overflows, 1, __ATOMIC_RELAXED);
    if (!slot && !vacant) {
        charge->quota = taken;
        return 0;
    }
    if (!slot) {
        slot = vacant;
        claim(slot, charge->window->id, &empty);
    }
    allowed = step_in(place, slot, charge, now);
    if (slot->idle_at > stripe->overflow_until) {
        stripe->overflow_until = slot->idle_at;
    }
    return allowed;
}

static int charge_one(place_t *place, const shm_t *shm, ag_charge_t *charge, apr_time_t now)
{
    ag_id_t tag = ag_id_mix(charge->subject->id, charge->window->id);
    apr_uint32_t index = stripe_of(shm, charge->subject);
    stripe_t *stripe = &shm->stripes[index];
    slot_t *vacant;
    slot_t *slot = find(set_of(shm, index, tag), SLOTS_IN_SET, tag, now, &vacant);

    place->slot = NULL;
    if (slot) {
        return step_in(place, slot, charge, now);
    }
    if (vacant) {
        return step_newcomer(place, vacant, stripe, charge, tag, now);
    }
    return step_overflow(place, shm, stripe, charge, now);
}

/* Takes everything back, last first, and tells what is left without this request. */
static void undo(place_t *places, ag_charge_t *charges, int n, apr_time_t now)
{
    while (n--) {
        const ag_window_t *window = charges[n].window;
        ag_counter_t counter = places[n].before;

        if (places[n].slot) {
            publish(places[n].slot, &counter);
            window->algo->step(&counter, window, now, 0, &charges[n].quota);
        }
    }
}

/* The stripes of all subjects, one bit each. */
static apr_uint64_t stripes_of(const shm_t *shm, const ag_charge_t *charges, int n)
{
    apr_uint64_t mask = 0;

    while (n--) {
        mask |= (apr_uint64_t)1 << stripe_of(shm, charges[n].subject);
    }
    return mask;
}

/* Locks are taken from the lowest stripe up, so two requests never wait for each other. */
static void lock(const shm_t *shm, apr_uint64_t mask)
{
    for (; mask; mask &= mask - 1) {
        ag_lock_take(&shm->stripes[__builtin_ctzll(mask)].lock);
    }
}

static void unlock(const shm_t *shm, apr_uint64_t mask)
{
    for (; mask; mask &= mask - 1) {
        ag_lock_give(&shm->stripes[__builtin_ctzll(mask)].lock);
    }
}

static apr_status_t charge_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                               apr_pool_t *p)
{
    const shm_t *shm = (const shm_t *)store;
    place_t usual[USUAL_CHARGES];
    place_t *places = n <= USUAL_CHARGES ? usual : apr_palloc(p, (apr_size_t)n * sizeof *places);
    apr_uint64_t mask = stripes_of(shm, charges, n);
    int i;

    lock(shm, mask);
    for (i = 0; i < n; i++) {
        charges[i].allowed = (unsigned)charge_one(&places[i], shm, &charges[i], now);
    }
    if (!ag_charges_allowed(charges, n)) {
        undo(places, charges, n, now);
    }
    unlock(shm, mask);
    return APR_SUCCESS;
}

/* What was counted in an overflow slot stays there: too much for some, never too little. */
static void refund_one(const shm_t *shm, const ag_charge_t *charge, apr_time_t now, apr_time_t then)
{
    ag_id_t tag = ag_id_mix(charge->subject->id, charge->window->id);
    slot_t *vacant;
    slot_t *slot = find(set_of(shm, stripe_of(shm, charge->subject), tag), SLOTS_IN_SET, tag, now,
                        &vacant);

    if (slot) {
        ag_counter_t counter = slot->counter[slot->live];

        charge->window->algo->refund(&counter, charge->window, now, charge->cost, then);
        publish(slot, &counter);
    }
}

static void refund_shm(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                       apr_time_t then, apr_pool_t *p)
{
    const shm_t *shm = (const shm_t *)store;
    apr_uint64_t mask;
    int i;

    (void)p;
    if (!ag_charges_allowed(charges, n)) {
        return; /* nothing was consumed */
    }
    mask = stripes_of(shm, charges, n);
    lock(shm, mask);
    for (i = 0; i < n; i++) {
        if (charges[i].allowed) {
            refund_one(shm, &charges[i], now, then);
        }
    }
    unlock(shm, mask);
}

apr_status_t ag_store_shm_attach(ag_store_t **store, void *memory, apr_size_t size, int fresh,
                                 apr_pool_t *p)
{
    static const ag_store_t base = {"shm", charge_shm, refund_shm};
    shm_t *shm;
    head_t shape;

    if (!measure(&shape, size) || (!fresh && !same_shape(memory, &shape))) {
        return APR_EINVAL;
    }
    shm = apr_pcalloc(p, sizeof *shm);
    shm->base = base;
    shm->head = memory;
    shm->stripes = (stripe_t *)(shm->head + 1);
    shm->slots = (slot_t *)(shm->stripes + shape.stripes);
    shm->n_stripes = shape.stripes;
    shm->n_sets = shape.sets;
    *store = &shm->base;
    return fresh ? format(shm, &shape) : APR_SUCCESS;
}
