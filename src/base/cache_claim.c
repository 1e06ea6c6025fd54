/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_claim: which record gives way to a newcomer.
 *
 * If every newcomer took the place of what was used longest ago, a few more records than places, used in
 * turn, would push each other out just before they are used again, and none would ever be found. So where
 * long records are kept, what is in use stays: one newcomer in eight takes the place of what was used longest
 * ago, the others none. What is no longer in use gives way to each: what was not used while 64 newcomers
 * came to its set, or 16 and it is older than five minutes, for so long is a token's record good.
 */
#include "cache_set.h"

#define FREE   65536 /* as an age: older than any */
#define IDLE   64    /* an age, in newcomers */
#define RESTED 16    /* the same of what is old */
#define OLD    apr_time_from_sec(300)
#define LUCKY  8 /* one newcomer in so many */

/* Of an empty place FREE, else how many newcomers came since it was used. One inside a long record is not
 * to be had for itself. */
static unsigned age_at(const ag_cache_set_t *set, unsigned way)
{
    const ag_cache_slot_t *slot = &set->slots[way];

    if (way != ag_cache_group(set, way) && ag_cache_is_long(set, way)) {
        return 0;
    }
    return slot->size ? (apr_uint16_t)(*ag_cache_clock(set) - slot->used) : FREE;
}

/* The same of `span` places: as young as the youngest. */
static unsigned age_of(const ag_cache_set_t *set, unsigned way, unsigned span)
{
    unsigned least = age_at(set, way), i;

    for (i = 1; i < span && !ag_cache_is_long(set, way); i++) {
        unsigned age = age_at(set, way + i);

        least = age < least ? age : least;
    }
    return least;
}

/* An empty slot goes first, then the oldest. */
static apr_time_t worth(const void *at, apr_time_t now)
{
    const ag_cache_slot_t *slot = at;

    (void)now;
    return slot->size ? slot->stored : APR_INT64_MIN;
}

/* An id is the output of a keyed hash and so as good as drawn; the clock has another try come out
 * differently. */
static int is_lucky(const ag_cache_set_t *set, ag_id_t id)
{
    return ((id.hi + *ag_cache_clock(set)) * APR_UINT64_C(0x9E3779B97F4A7C15) >> 32) % LUCKY == 0;
}

/* Whatever clock a record was stored by, another one may say now. */
static int is_idle(const ag_cache_slot_t *slot, unsigned age, apr_time_t now)
{
    return age > IDLE || (age > RESTED && (apr_uint64_t)now - (apr_uint64_t)slot->stored > OLD);
}

ag_cache_slot_t *ag_cache_claim(const ag_cache_set_t *set, ag_id_t id, unsigned span, apr_time_t now)
{
    unsigned way, oldest = 0, victim = 0;

    if (set->of->group == 1) {
        return ag_table_victim(set->slots, sizeof *set->slots, (1u << set->of->ways) - 1, worth, 0);
    }
    for (way = 0; way < set->of->ways; way += span) {
        unsigned age = age_of(set, way, span);

        if (age > oldest) {
            oldest = age;
            victim = way;
        }
    }
    if (oldest < FREE) {
        __atomic_store_n(ag_cache_clock(set), (apr_uint16_t)(*ag_cache_clock(set) + 1), __ATOMIC_RELAXED);
    }
    return is_idle(&set->slots[victim], oldest, now) || is_lucky(set, id) ? &set->slots[victim] : NULL;
}
