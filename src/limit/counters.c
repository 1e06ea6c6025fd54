/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters:
 *
 *     head | stripe 0: lock, overflow slots | stripe 1 ... | sets of stripe 0 | sets of 1 ...
 *
 * Each stripe has sets of eight slots, and each tag two sets it may stand in. Tried with random
 * tags, the first newcomer without a slot comes when seven tenths of the table are taken; when
 * nineteen twentieths are, one in fifty has come. That is for who may take all slots of a set; room.h
 * says who may not.
 */
#include "counters.h"

#include <string.h>

#define MAGIC APR_UINT64_C(0x61676c696d697473) /* "aglimits" */
#define VERSION 2
#define USUAL_SETS 16 /* fewer stripes rather than less than this many sets in each */

/* ---- the memory ------------------------------------------------------------------------------ */

/* Divides it: 64 stripes, fewer when it is small; the rest is sets. 0: too small for one. */
static int measure(ag_counters_head_t *shape, apr_size_t size)
{
    apr_size_t head = sizeof(ag_counters_head_t), stripe = sizeof(ag_stripe_t), set = sizeof(ag_set_t);
    apr_uint32_t stripes = AG_COUNTERS_STRIPES;

    while (stripes > 1 && size < head + stripes * (stripe + USUAL_SETS * set)) {
        stripes /= 2;
    }
    if (size < head + stripe + set) {
        return 0;
    }
    memset(shape, 0, sizeof *shape);
    shape->magic = MAGIC;
    shape->version = VERSION;
    shape->stripes = stripes;
    shape->size = size;
    shape->sets = (size - head - stripes * stripe) / (stripes * set);
    return 1;
}

static int same_shape(const ag_counters_head_t *head, const ag_counters_head_t *shape)
{
    return head->magic == shape->magic && head->version == shape->version &&
           head->stripes == shape->stripes && head->size == shape->size &&
           head->sets == shape->sets;
}

static apr_status_t format(const ag_counters_t *table, const ag_counters_head_t *shape)
{
    apr_uint32_t i;

    memset(table->head, 0, shape->size);
    for (i = 0; i < shape->stripes; i++) {
        apr_status_t rv = ag_lock_init(&table->stripes[i].lock);

        if (rv) {
            return rv;
        }
    }
    *table->head = *shape;
    return APR_SUCCESS;
}

apr_status_t ag_counters_attach(ag_counters_t *table, void *memory, apr_size_t size, int fresh)
{
    ag_counters_head_t shape;

    if (!measure(&shape, size) || (!fresh && !same_shape(memory, &shape))) {
        return APR_EINVAL;
    }
    table->head = memory;
    table->stripes = (ag_stripe_t *)(table->head + 1);
    table->sets = (ag_set_t *)(table->stripes + shape.stripes);
    table->n_sets = shape.sets;
    table->mask = shape.stripes - 1;
    return fresh ? format(table, &shape) : APR_SUCCESS;
}

/* ---- looking --------------------------------------------------------------------------------- */

static ag_slot_t *find(ag_slot_t *slots, int n, ag_id_t tag)
{
    ag_slot_t *slot;

    for (slot = slots; slot < slots + n; slot++) {
        if (slot->tag.lo == tag.lo && slot->tag.hi == tag.hi) { /* tags are no secret */
            return slot;
        }
    }
    return NULL;
}

/* How many slots are free of those it `may` take; *vacant gets the first of them, or NULL. */
static int count_vacant(ag_slot_t **vacant, ag_slot_t *slots, unsigned may, apr_time_t now)
{
    int count = 0;

    for (*vacant = NULL; may; may &= may - 1) {
        ag_slot_t *slot = &slots[__builtin_ctz(may)];

        if (slot->idle_at <= now) {
            *vacant = *vacant ? *vacant : slot;
            count++;
        }
    }
    return count;
}

/* A newcomer goes where more is free, which keeps all sets about equally full. */
static ag_slot_t *pick(ag_set_t *home, ag_set_t *second, unsigned may, apr_time_t now)
{
    ag_slot_t *here, *there;
    int more = count_vacant(&there, second->slot, may, now) -
               count_vacant(&here, home->slot, may, now);

    return more > 0 ? there : here;
}

/* The set that 32 random bits name. */
static ag_set_t *set_of(const ag_counters_t *table, apr_uint32_t stripe, apr_uint64_t bits)
{
    return &table->sets[stripe * table->n_sets + (bits * table->n_sets >> 32)];
}

ag_slot_t *ag_counters_get(const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag)
{
    ag_slot_t *slot = find(set_of(table, stripe, tag.hi >> 32)->slot, AG_COUNTERS_SET, tag);

    return slot ? slot
                : find(set_of(table, stripe, tag.hi & APR_UINT32_MAX)->slot, AG_COUNTERS_SET, tag);
}

void ag_counters_find(ag_place_t *place, const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag,
                   unsigned may, apr_time_t now)
{
    ag_set_t *second;

    place->home = set_of(table, stripe, tag.hi >> 32);
    place->vacant = NULL;
    place->slot = find(place->home->slot, AG_COUNTERS_SET, tag);
    if (place->slot) {
        return;
    }
    second = set_of(table, stripe, tag.hi & APR_UINT32_MAX);
    place->slot = find(second->slot, AG_COUNTERS_SET, tag);
    if (!place->slot) {
        place->vacant = pick(place->home, second, may, now);
    }
}

void ag_counters_overflow(ag_place_t *place, const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag,
                       apr_time_t now)
{
    ag_slot_t *slots = table->stripes[stripe].overflow;

    place->home = NULL;
    place->slot = find(slots, AG_COUNTERS_OVERFLOW, tag);
    place->vacant = NULL;
    if (!place->slot) {
        count_vacant(&place->vacant, slots, (1u << AG_COUNTERS_OVERFLOW) - 1, now);
    }
}

void ag_counters_fill(ag_shm_fill_t *fill, const ag_counters_t *table, apr_time_t now)
{
    apr_uint64_t set, sets = table->n_sets * (table->mask + 1);
    int i;

    fill->slots = sets * AG_COUNTERS_SET;
    fill->kept = sets * (unsigned)__builtin_popcount(AG_ROOM_KEPT);
    fill->used = fill->kept_used = 0;
    for (set = 0; set < sets; set++) {
        for (i = 0; i < AG_COUNTERS_SET; i++) {
            unsigned busy = __atomic_load_n(&table->sets[set].slot[i].idle_at,
                                            __ATOMIC_RELAXED) > now;

            fill->used += busy;
            fill->kept_used += busy & AG_ROOM_KEPT >> i;
        }
    }
    fill->networks = __atomic_load_n(&table->head->networks, __ATOMIC_RELAXED);
    fill->overflows = __atomic_load_n(&table->head->overflows, __ATOMIC_RELAXED);
}

/* ---- writing: the process may be killed anywhere --------------------------------------------- */

/* Until its whole tag is written nobody finds it, so nobody takes the old counter for the new. */
void ag_slot_claim(ag_slot_t *slot, ag_id_t tag, const ag_counter_t *counter)
{
    __atomic_store_n(&slot->tag.lo, 0, __ATOMIC_RELEASE);
    *ag_slot_aside(slot) = *counter;
    ag_slot_flip(slot);
    __atomic_store_n(&slot->tag.hi, tag.hi, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->tag.lo, tag.lo, __ATOMIC_RELEASE);
}
