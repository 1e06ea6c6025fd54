/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_set: what the files of the cache have in common: a set of places. See cache.h.
 */
#ifndef AG_CACHE_SET_H
#define AG_CACHE_SET_H

#include "cache.h"
#include "speed.h"
#include "table.h"

typedef struct ag_cache_slot_t {
    ag_id_t id;
    apr_time_t stored;
    apr_uint16_t size; /* 0: empty */
    apr_uint16_t used; /* what the set's clock was */
    apr_uint32_t turn; /* odd: it is being written, or was when a process was killed */
} ag_cache_slot_t;

struct ag_cache_t {
    ag_table_t table; /* a stripe is the lock of its set */
    apr_size_t record_size;
    apr_size_t small; /* bytes of a place */
    unsigned group;   /* places of a long record; 1: none is long */
    unsigned ways;
    apr_size_t heads; /* where in a set they begin; before them is its clock, if long records are kept */
    apr_size_t bytes; /* where the records begin */
};

typedef struct ag_cache_set_t {
    const ag_cache_t *of;
    ag_lock_t *lock;
    char *at;
    ag_cache_slot_t *slots;
} ag_cache_set_t;

static inline char *ag_cache_record(const ag_cache_set_t *set, unsigned way)
{
    return set->at + set->of->bytes + way * set->of->small;
}

/* A record's length. One that no writer of ours can have written holds nothing. */
static AG_HOT apr_size_t ag_cache_size(const ag_cache_set_t *set, unsigned way)
{
    const ag_cache_t *cache = set->of;
    apr_size_t n = __atomic_load_n(&set->slots[way].size, __ATOMIC_RELAXED);

    return n <= (way & (cache->group - 1) ? cache->small : cache->record_size) ? n : 0;
}

/* It counts newcomers to a full set. */
static inline apr_uint16_t *ag_cache_clock(const ag_cache_set_t *set)
{
    return (apr_uint16_t *)set->at;
}

/* The first place of the group around it. */
static inline unsigned ag_cache_group(const ag_cache_set_t *set, unsigned way)
{
    return way & ~(set->of->group - 1);
}

/* A long record takes the group around the place. */
static inline int ag_cache_is_long(const ag_cache_set_t *set, unsigned way)
{
    return set->slots[ag_cache_group(set, way)].size > set->of->small;
}

/* Where a newcomer of `span` places goes; NULL: it is not kept. The set is locked. */
ag_cache_slot_t *ag_cache_claim(const ag_cache_set_t *set, ag_id_t id, unsigned span, apr_time_t now);

#endif
