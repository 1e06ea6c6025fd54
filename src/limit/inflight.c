/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight: slots are taken and given back. The dead are looked for (inflight_dead.c) when somebody is about
 * to be refused, once a second at most.
 */
#include "inflight_table.h"

#define LOAD  AG_INFLIGHT_LOAD
#define MAGIC APR_UINT64_C(0x6167696e666c7431) /* "aginflt1"; changes with the layout */
#define SWEEP apr_time_from_sec(1)             /* the dead are not looked for more often */

apr_status_t ag_inflight_attach(ag_inflight_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_inflight_t *inflight = apr_pcalloc(p, sizeof *inflight);
    apr_size_t processes = size / 8 / sizeof(ag_inflight_process_t);
    ag_table_shape_t shape = {
        .magic = MAGIC, .stripe = sizeof(ag_lock_t), .set = sizeof(ag_inflight_set_t), .stripes = 64, .usual = 1};
    apr_status_t rv;

    *out = inflight;
    inflight->head = memory;
    inflight->n_processes = (apr_uint32_t)(processes < AG_INFLIGHT_PROCESSES ? processes : AG_INFLIGHT_PROCESSES);
    shape.head = (apr_uint32_t)sizeof *inflight->head + inflight->n_processes * sizeof(ag_inflight_process_t);
    rv = size < APR_UINT32_MAX ? ag_table_attach(&inflight->table, &shape, memory, size, fresh) : APR_EINVAL;
    inflight->sets = (ag_inflight_set_t *)inflight->table.sets;
    inflight->n_slots = (apr_uint32_t)inflight->table.n_sets * AG_INFLIGHT_SET;
    return rv == APR_SUCCESS && fresh ? ag_lock_init(&inflight->head->lock) : rv;
}

/* 1 for one caller a second. */
static int is_turn(ag_inflight_head_t *head, apr_time_t now)
{
    apr_time_t last = LOAD(head->swept);

    return (now - last >= SWEEP || now < last)
           && __atomic_compare_exchange_n(&head->swept, &last, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* A count that is nobody's gives way. */
static apr_time_t worth(const void *count, apr_time_t now)
{
    (void)now;
    return ((const ag_inflight_count_t *)count)->out ? AG_TABLE_KEEP : AG_TABLE_FREE;
}

/* The id's count, else one that is nobody's, of those that it `may` take (0: none). */
static ag_inflight_count_t *find(ag_inflight_set_t *set, ag_id_t id, unsigned may)
{
    ag_inflight_count_t *count = ag_table_find(set->count, AG_INFLIGHT_SET, sizeof *count, id);

    if (!count) {
        count = ag_table_victim(set->count, sizeof *count, may, worth, 0);
        if (count) {
            count->id = id;
        }
    }
    return count;
}

/* A free slot, now ours; its number from 1, or 0. A quarter is kept, too, for who may take all. */
static apr_uint32_t claim(ag_inflight_t *inflight, unsigned may)
{
    apr_uint32_t from = __atomic_fetch_add(&inflight->head->next, 1, __ATOMIC_RELAXED);
    apr_uint32_t all = inflight->n_slots, n = may & AG_ROOM_KEPT ? all : all - all / 4, i;

    for (i = 0; i < n; i++) {
        apr_uint32_t at = (from + i) % n, nobody = 0;

        if (__atomic_compare_exchange_n(&ag_inflight_slot(inflight, at)->owner, &nobody, inflight->owner, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return at + 1;
        }
    }
    return 0;
}

/* The id's set, and its lock. */
static ag_inflight_set_t *set_of(ag_lock_t **lock, const ag_inflight_t *inflight, ag_id_t id)
{
    apr_uint64_t stripe = id.lo & (inflight->table.n_stripes - 1);

    *lock = ag_table_lock(&inflight->table, stripe);
    return &inflight->sets[ag_table_pick(&inflight->table, stripe, id.hi >> 32)];
}

static apr_uint32_t take(ag_inflight_t *inflight, ag_id_t id, unsigned may, apr_uint64_t n)
{
    ag_lock_t *lock;
    ag_inflight_set_t *set = set_of(&lock, inflight, id);
    ag_inflight_count_t *count;
    apr_uint32_t slot = 0;

    ag_lock_take(lock);
    count = find(set, id, may);
    if (count && count->out < n && LOAD(inflight->owner)) {
        slot = claim(inflight, may);
    }
    if (slot) {
        apr_size_t at = (apr_size_t)(set - inflight->sets) * AG_INFLIGHT_SET + (apr_size_t)(count - set->count);

        AG_INFLIGHT_STORE(ag_inflight_slot(inflight, slot - 1)->count, (apr_uint32_t)at + 1);
        count->out++;
    }
    ag_lock_give(lock);
    return slot;
}

apr_uint32_t ag_inflight_take_of(ag_inflight_t *inflight, ag_id_t id, unsigned may, apr_uint64_t n, apr_time_t now)
{
    apr_uint32_t slot = take(inflight, id, may, n);

    if (!slot && n && is_turn(inflight->head, now)) {
        if (!LOAD(inflight->owner)) {
            ag_inflight_join(inflight);
        }
        ag_inflight_sweep(inflight); /* the dead may be in the way */
        slot = take(inflight, id, may, n);
    }
    return slot;
}

void ag_inflight_give(ag_inflight_t *inflight, apr_uint32_t number)
{
    ag_inflight_slot_t *slot = ag_inflight_slot(inflight, number - 1);
    apr_uint32_t of = LOAD(slot->count);
    ag_inflight_count_t *count = ag_inflight_count(inflight, of);
    ag_lock_t *lock;

    if (!count) {
        ag_inflight_free(slot);
        return;
    }
    lock = ag_inflight_lock(inflight, of);
    ag_lock_take(lock);
    count->out -= count->out > 0;
    ag_inflight_free(slot);
    ag_lock_give(lock);
}

apr_uint32_t ag_inflight_out(ag_inflight_t *inflight, ag_id_t id)
{
    ag_lock_t *lock;
    ag_inflight_set_t *set = set_of(&lock, inflight, id);
    const ag_inflight_count_t *count;
    apr_uint32_t out;

    ag_lock_take(lock);
    count = find(set, id, 0);
    out = count ? count->out : 0;
    ag_lock_give(lock);
    return out;
}

apr_uint32_t ag_inflight_all(ag_inflight_t *inflight)
{
    apr_uint32_t i, all = 0;

    for (i = 0; i < inflight->n_slots; i++) {
        all += LOAD(ag_inflight_slot(inflight, i)->owner) != 0;
    }
    return all;
}
