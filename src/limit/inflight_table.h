/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight_table: what the files of the table of requests in flight have in common.
 *
 *     head, processes | stripes: a lock each | sets: eight counts, and eight slots of any count
 *
 * An id chooses its set. There are as many slots as counts, since a busy client has many slots of one count;
 * a slot is anywhere, and says which count it is of.
 */
#ifndef AG_LIMIT_INFLIGHT_TABLE_H
#define AG_LIMIT_INFLIGHT_TABLE_H

#include "../base/table.h"
#include "inflight.h"

#define AG_INFLIGHT_PROCESSES 2048 /* at once, in an eighth of the memory at most */
#define AG_INFLIGHT_SET       AG_ROOM_SLOTS

typedef struct ag_inflight_process_t {
    apr_uint64_t start;
    apr_uint32_t pid;        /* 0: free */
    apr_uint32_t generation; /* of the place's owner, from 1 */
} ag_inflight_process_t;

typedef struct ag_inflight_count_t {
    ag_id_t id;
    apr_uint32_t out; /* 0: the count is nobody's */
    apr_uint32_t unused;
} ag_inflight_count_t;

typedef struct ag_inflight_slot_t {
    apr_uint32_t owner; /* generation times n_processes, and the place there; 0: free */
    apr_uint32_t count; /* which one, from 1; 0: not written yet */
} ag_inflight_slot_t;

typedef struct ag_inflight_set_t {
    ag_inflight_count_t count[AG_INFLIGHT_SET];
    ag_inflight_slot_t slot[AG_INFLIGHT_SET];
} ag_inflight_set_t;

typedef struct ag_inflight_head_t {
    ag_table_head_t base;
    ag_lock_t lock; /* of the processes */
    apr_time_t swept;
    apr_uint32_t next; /* where to look for a free slot */
    apr_uint32_t unused;
    ag_inflight_process_t process[];
} ag_inflight_head_t;

struct ag_inflight_t {
    ag_table_t table;
    ag_inflight_head_t *head;
    ag_inflight_set_t *sets;
    apr_uint32_t n_processes;
    apr_uint32_t n_slots; /* and so many counts */
    apr_uint32_t owner;   /* ours; 0: there was no place */
};

#define AG_INFLIGHT_LOAD(x)         __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define AG_INFLIGHT_STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELEASE)

static inline ag_inflight_slot_t *ag_inflight_slot(const ag_inflight_t *inflight, apr_uint32_t i)
{
    return &inflight->sets[i / AG_INFLIGHT_SET].slot[i % AG_INFLIGHT_SET];
}

/* The count that a slot names, or NULL. A process that was taken over may have written anything. */
static inline ag_inflight_count_t *ag_inflight_count(const ag_inflight_t *inflight, apr_uint32_t number)
{
    apr_uint32_t i = number - 1;

    return i < inflight->n_slots ? &inflight->sets[i / AG_INFLIGHT_SET].count[i % AG_INFLIGHT_SET] : NULL;
}

/* The lock of the set that the count of this number stands in. */
static inline ag_lock_t *ag_inflight_lock(const ag_inflight_t *inflight, apr_uint32_t number)
{
    return ag_table_lock(&inflight->table, (number - 1) / AG_INFLIGHT_SET / (apr_uint32_t)inflight->table.each);
}

static inline void ag_inflight_free(ag_inflight_slot_t *slot)
{
    AG_INFLIGHT_STORE(slot->count, 0);
    AG_INFLIGHT_STORE(slot->owner, 0);
}

/* ---- inflight_dead ----------------------------------------------------------------------------- */

/* Frees the slots of processes that are dead. Asks the system, and is called with no lock held. */
void ag_inflight_sweep(ag_inflight_t *inflight);

#endif
