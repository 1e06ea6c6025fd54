/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight_dead: whose the slots are: which processes live, and taking back what the dead hold.
 *
 * Which count a slot is of is written under that count's lock only, before the count itself. So whatever
 * moment a process dies in, counting the slots of the living anew, under the same lock, gives the true
 * number.
 */
#include "../base/process.h"
#include "inflight_table.h"

#define LOAD  AG_INFLIGHT_LOAD
#define STORE AG_INFLIGHT_STORE

/* ---- the living ------------------------------------------------------------------------------ */

/* A place that is nobody's, or n. */
static apr_uint32_t vacant(const ag_inflight_t *inflight, apr_uint32_t n)
{
    apr_uint32_t i;

    for (i = 0; i < n; i++) {
        const ag_inflight_process_t *entry = &inflight->head->process[i];

        if (!entry->pid || !ag_process_runs(entry->pid, entry->start)) {
            return i;
        }
    }
    return n;
}

int ag_inflight_join(ag_inflight_t *inflight)
{
    ag_inflight_head_t *head = inflight->head;
    apr_uint32_t n = inflight->n_processes, i;

    ag_lock_take(&head->lock);
    i = vacant(inflight, n);
    if (i < n) {
        ag_inflight_process_t *entry = &head->process[i];
        apr_uint32_t generation = entry->generation % (APR_UINT32_MAX / n - 1) + 1;

        ag_process_self(&entry->pid, &entry->start);
        STORE(entry->generation, generation); /* last: who sees it sees the others */
        STORE(inflight->owner, generation * n + i);
    }
    ag_lock_give(&head->lock);
    return i < n;
}

/* ---- the dead -------------------------------------------------------------------------------- */

/* Of each place the last generation that is known to be dead; all before it are. A place that was taken
 * meanwhile has a later one. */
typedef struct {
    apr_uint32_t generation[AG_INFLIGHT_PROCESSES];
} dead_t;

static void find_dead(dead_t *dead, const ag_inflight_t *inflight)
{
    apr_uint32_t i;

    for (i = 0; i < inflight->n_processes; i++) {
        const ag_inflight_process_t *entry = &inflight->head->process[i];
        apr_uint32_t generation = LOAD(entry->generation);

        dead->generation[i] =
            generation && ag_process_runs(LOAD(entry->pid), LOAD(entry->start)) ? generation - 1 : generation;
    }
}

static int is_dead(const dead_t *dead, const ag_inflight_t *inflight, apr_uint32_t owner)
{
    apr_uint32_t n = inflight->n_processes;

    return owner / n <= dead->generation[owner % n];
}

/* Counts the slots anew and frees those of the dead. The count's lock is held. */
static void sift(ag_inflight_t *inflight, const dead_t *dead, ag_inflight_count_t *count, apr_uint32_t number)
{
    apr_uint32_t i, out = 0;

    for (i = 0; i < inflight->n_slots; i++) {
        ag_inflight_slot_t *slot = ag_inflight_slot(inflight, i);

        if (LOAD(slot->count) != number) {
            continue;
        }
        if (is_dead(dead, inflight, LOAD(slot->owner))) {
            ag_inflight_free(slot);
        }
        else {
            out++;
        }
    }
    count->out = out;
}

/* One slot of the dead, and all of its count. */
static void take_back(ag_inflight_t *inflight, const dead_t *dead, ag_inflight_slot_t *slot, apr_uint32_t owner)
{
    apr_uint32_t number = LOAD(slot->count);
    ag_inflight_count_t *count = ag_inflight_count(inflight, number);
    ag_lock_t *lock;

    if (!count) { /* it died before it was let in */
        __atomic_compare_exchange_n(&slot->owner, &owner, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        return;
    }
    lock = ag_inflight_lock(inflight, number);
    ag_lock_take(lock);
    sift(inflight, dead, count, number);
    ag_lock_give(lock);
}

void ag_inflight_sweep(ag_inflight_t *inflight)
{
    dead_t dead;
    apr_uint32_t i;

    find_dead(&dead, inflight);
    for (i = 0; i < inflight->n_slots; i++) {
        ag_inflight_slot_t *slot = ag_inflight_slot(inflight, i);
        apr_uint32_t owner = LOAD(slot->owner);

        if (owner && is_dead(&dead, inflight, owner)) {
            take_back(inflight, &dead, slot, owner);
        }
    }
}
