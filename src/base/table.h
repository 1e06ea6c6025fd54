/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: sets of slots in shared memory, under locks that outlive a killed process.
 *
 *     head | stripes: a lock and what its sets share | sets of stripe 0 | sets of 1 ...
 *
 * Where anything lies follows from the shape and the size, which the caller keeps in memory of its own: every
 * process of the server can write into the table, so what its head says is compared and never used. What a
 * slot is, which one gives way and how a new one becomes valid is each table's own.
 */
#ifndef AG_TABLE_H
#define AG_TABLE_H

#include <apr_time.h>

#include "digest.h"
#include "lock.h"

/* How a table is cut; all sizes are bytes and multiples of 8. */
typedef struct ag_table_shape_t {
    apr_uint64_t magic;   /* whose table; changes with the layout */
    apr_uint64_t layout;  /* what else must be the same, if it can differ */
    apr_uint32_t head;    /* begins with an ag_table_head_t */
    apr_uint32_t stripe;  /* begins with an ag_lock_t */
    apr_uint32_t set;     /* 0: all of it stands in its stripe, beside the lock */
    apr_uint32_t stripes; /* at most, a power of two; 0: one for each set */
    apr_uint32_t usual;   /* fewer stripes rather than less than this many sets in each; 1 at least */
} ag_table_shape_t;

/* What must be equal when the next generation of the server finds it. */
typedef struct ag_table_head_t {
    apr_uint64_t magic;
    apr_uint64_t layout;
    apr_uint64_t size;
    apr_uint64_t sets; /* in each stripe; how many of those there are follows */
} ag_table_head_t;

typedef struct ag_table_t {
    char *stripes;
    char *sets;
    apr_size_t stripe_size;
    apr_size_t set_size;
    apr_uint64_t n_stripes;
    apr_uint64_t each;   /* sets in a stripe */
    apr_uint64_t n_sets; /* in all */
} ag_table_t;

/* Lays a table into `memory` (8-byte aligned). With `fresh` it is formatted, all zero but for the head and
 * the locks; without, it is what an earlier generation of the server left. APR_EINVAL: that has another
 * shape (format it), or there is no room for one set. */
apr_status_t ag_table_attach(ag_table_t *table, const ag_table_shape_t *shape, void *memory, apr_size_t size,
                             int fresh);

static inline ag_lock_t *ag_table_lock(const ag_table_t *table, apr_uint64_t stripe)
{
    return (ag_lock_t *)(table->stripes + stripe * table->stripe_size);
}

static inline void *ag_table_set(const ag_table_t *table, apr_uint64_t set)
{
    return table->sets + set * table->set_size;
}

/* The set of a stripe that 32 random bits name. */
static inline apr_uint64_t ag_table_pick(const ag_table_t *table, apr_uint64_t stripe, apr_uint64_t bits)
{
    return stripe * table->each + (bits * table->each >> 32);
}

/* The locks of a mask of stripes, from the lowest up: so two requests never wait for each other. Of tables
 * with up to 64 stripes. */
void ag_table_hold(const ag_table_t *table, apr_uint64_t stripes);
void ag_table_release(const ag_table_t *table, apr_uint64_t stripes);

/* The first of `n` slots of `size` bytes that begins with `tag`, or NULL. */
static inline void *ag_table_find(void *slots, int n, apr_size_t size, ag_id_t tag)
{
    char *slot = slots;

    for (; n; n--, slot += size) {
        if (ag_id_equal(*(const ag_id_t *)slot, tag)) {
            return slot;
        }
    }
    return NULL;
}

/* How much a slot is worth; the cheapest gives way. AG_TABLE_KEEP: it does not. AG_TABLE_FREE: it is nobody's,
 * and no other one need be looked at. */
typedef apr_time_t ag_table_worth_fn(const void *slot, apr_time_t now);
#define AG_TABLE_KEEP APR_INT64_MAX
#define AG_TABLE_FREE APR_INT64_MIN

/* The slot, of those that a newcomer `may` take (one bit each), that gives way; the first of equal ones.
 * NULL: none does. */
static inline void *ag_table_victim(void *slots, apr_size_t size, unsigned may, ag_table_worth_fn *worth,
                                    apr_time_t now)
{
    apr_time_t least = AG_TABLE_KEEP;
    void *victim = NULL;

    for (; may; may &= may - 1) {
        char *slot = (char *)slots + (apr_size_t)__builtin_ctz(may) * size;
        apr_time_t is = worth(slot, now);

        if (is == AG_TABLE_FREE) {
            return slot;
        }
        if (is < least) {
            least = is;
            victim = slot;
        }
    }
    return victim;
}

#endif
