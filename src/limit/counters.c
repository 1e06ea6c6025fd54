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

#define MAGIC      APR_UINT64_C(0x61676c696d697473) /* "aglimits" */
#define VERSION    4
#define USUAL_SETS 16 /* fewer stripes rather than less than this many sets in each */

apr_status_t ag_counters_attach(ag_counters_t *table, void *memory, apr_size_t size, int fresh)
{
    static const ag_table_shape_t shape = {.magic = MAGIC,
                                           .layout = VERSION,
                                           .head = sizeof(ag_table_head_t),
                                           .stripe = sizeof(ag_stripe_t),
                                           .set = sizeof(ag_set_t),
                                           .stripes = AG_COUNTERS_STRIPES,
                                           .usual = USUAL_SETS};
    apr_status_t rv = ag_table_attach(&table->base, &shape, memory, size, fresh);

    table->stripes = (ag_stripe_t *)table->base.stripes;
    table->sets = (ag_set_t *)table->base.sets;
    table->mask = (apr_uint32_t)table->base.n_stripes - 1;
    return rv;
}

/* ---- looking --------------------------------------------------------------------------------- */

static ag_slot_t *find(ag_slot_t *slots, int n, ag_id_t tag)
{
    return ag_table_find(slots, n, sizeof *slots, tag);
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
    int more = count_vacant(&there, second->slot, may, now) - count_vacant(&here, home->slot, may, now);

    return more > 0 ? there : here;
}

/* The set that 32 random bits name. */
static ag_set_t *set_of(const ag_counters_t *table, apr_uint32_t stripe, apr_uint64_t bits)
{
    return &table->sets[ag_table_pick(&table->base, stripe, bits)];
}

ag_slot_t *ag_counters_get(const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag)
{
    ag_slot_t *slot = find(set_of(table, stripe, tag.hi >> 32)->slot, AG_COUNTERS_SET, tag);

    return slot ? slot : find(set_of(table, stripe, tag.hi & APR_UINT32_MAX)->slot, AG_COUNTERS_SET, tag);
}

void ag_counters_find(ag_place_t *place, const ag_counters_t *table, apr_uint32_t stripe, ag_id_t tag, unsigned may,
                      apr_time_t now)
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
    apr_uint64_t set, sets = table->base.n_sets;
    int i;

    fill->slots = sets * AG_COUNTERS_SET;
    fill->kept = sets * (unsigned)__builtin_popcount(AG_ROOM_KEPT);
    fill->used = fill->kept_used = 0;
    for (set = 0; set < sets; set++) {
        for (i = 0; i < AG_COUNTERS_SET; i++) {
            unsigned busy = __atomic_load_n(&table->sets[set].slot[i].idle_at, __ATOMIC_RELAXED) > now;

            fill->used += busy;
            fill->kept_used += busy & AG_ROOM_KEPT >> i;
        }
    }
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
