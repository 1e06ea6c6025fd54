/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: those of limits, in shared memory, found by a 128-bit tag. Nothing grows, nothing is allocated,
 * and a slot is given away only when its counter stopped counting.
 *
 * A slot holds its counter twice. The new state is written beside the old one and becomes valid by
 * one store, so a process killed at any instruction leaves a table that is whole. Everything here
 * is called with the stripe's lock held.
 */
#ifndef AG_LIMIT_COUNTERS_H
#define AG_LIMIT_COUNTERS_H

#include "../base/table.h"
#include "room.h"

#define AG_COUNTERS_SET      AG_ROOM_SLOTS /* slots in a set */
#define AG_COUNTERS_OVERFLOW 16            /* overflow slots in a stripe */
#define AG_COUNTERS_STRIPES  64            /* at most: one bit each in a mask */

typedef struct ag_slot_t {
    ag_id_t tag;
    apr_time_t idle_at; /* free from then on */
    ag_counter_t counter[2];
    apr_uint32_t live; /* which of the two is valid */
    apr_uint32_t unused;
} ag_slot_t;

typedef struct ag_stripe_t {
    ag_lock_t lock;
    ag_slot_t overflow[AG_COUNTERS_OVERFLOW];
} ag_stripe_t;

typedef struct ag_set_t {
    apr_time_t elsewhere[AG_ROOM_KINDS]; /* until when somebody of this set and kind may be counted with
                                            others: as a network's, or in the overflow */
    ag_slot_t slot[AG_COUNTERS_SET];
} ag_set_t;

typedef struct ag_counters_t {
    ag_table_t base;
    ag_stripe_t *stripes;
    ag_set_t *sets;
    apr_uint32_t mask; /* stripes less one */
} ag_counters_t;

/* Where a tag is, or could be. */
typedef struct ag_place_t {
    ag_slot_t *slot;   /* of that tag, or NULL */
    ag_slot_t *vacant; /* if not: a free one, or NULL */
    ag_set_t *home;
} ag_place_t;

/* As ag_store_shm_attach(). */
apr_status_t ag_counters_attach(ag_counters_t *table, void *memory, apr_size_t size, int fresh);

/* The tag's slot in the two sets of the stripe that may hold it, or NULL. */
ag_slot_t *ag_counters_get(const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag);

/* The same, and where it could be when there is none: in slots of either set that it `may` take. */
void ag_counters_find(ag_place_t *place, const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag, unsigned may,
                      apr_time_t now);

/* Looks in the stripe's overflow. */
void ag_counters_overflow(ag_place_t *place, const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag,
                          apr_time_t now);

/* Counts slots and those in use, without any lock: it may be one or another off. */
void ag_counters_fill(ag_shm_fill_t *fill, const ag_counters_t *table, apr_time_t now);

static inline apr_uint32_t ag_counters_stripe(const ag_counters_t *table, const ag_subject_t *subject)
{
    return (apr_uint32_t)subject->id.lo & table->mask;
}

/* Which counter is valid, out of memory that any child may have written. */
static inline apr_uint32_t ag_slot_live(const ag_slot_t *slot)
{
    return slot->live & 1;
}

static inline ag_counter_t ag_slot_get(const ag_slot_t *slot)
{
    return slot->counter[ag_slot_live(slot)];
}

/* Makes the counter that was written aside the valid one. */
static inline void ag_slot_flip(ag_slot_t *slot)
{
    __atomic_store_n(&slot->live, slot->live ^ 1, __ATOMIC_RELEASE);
}

/* A copy of the valid counter, beside it, to be changed and then made valid. */
static inline ag_counter_t *ag_slot_aside(ag_slot_t *slot)
{
    apr_uint32_t live = ag_slot_live(slot);
    ag_counter_t *aside = &slot->counter[live ^ 1];

    *aside = slot->counter[live];
    return aside;
}

/* The same for one that was charged and counts until `idle_at`: it is busy before it is charged, never
 * after. */
static inline void ag_slot_charge(ag_slot_t *slot, apr_time_t idle_at)
{
    if (idle_at > slot->idle_at) {
        __atomic_store_n(&slot->idle_at, idle_at, __ATOMIC_RELEASE);
    }
    ag_slot_flip(slot);
}

/* The same for one that counts less, and not longer than until `idle_at`: what refused requests leave
 * must not keep newcomers out. */
static inline void ag_slot_release(ag_slot_t *slot, apr_time_t idle_at)
{
    ag_slot_flip(slot);
    if (idle_at < slot->idle_at) {
        __atomic_store_n(&slot->idle_at, idle_at, __ATOMIC_RELEASE);
    }
}

/* Gives a vacant slot to a tag. It stays vacant until it is charged. */
void ag_slot_claim(ag_slot_t *slot, ag_id_t tag, const ag_counter_t *counter);

#endif
