/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight: how many requests are in flight, for all processes of one machine. Each request holds a slot that
 * names its count and its process, so when a process dies its slots are taken back. A process and whoever
 * has its process id after it count as two.
 *
 * Nothing grows. When there is no slot or no count left, nobody more is let in; a quarter of both is kept
 * for clients that were identified, so no flood of addresses leaves them without.
 */
#ifndef AG_LIMIT_INFLIGHT_H
#define AG_LIMIT_INFLIGHT_H

#include <apr_pools.h>
#include <apr_time.h>

#include "room.h"

typedef struct ag_inflight_t ag_inflight_t;

/* Lays the table into `memory` (8-byte aligned), formatted when `fresh`, else as an earlier generation
 * of the server left it. APR_EINVAL when that has another shape (then format it). */
apr_status_t ag_inflight_attach(ag_inflight_t **inflight, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* Enters this process among the living, once, after fork. 0: there is no place, so it gets no slots;
 * whoever is about to be refused looks again, once a second. */
int ag_inflight_join(ag_inflight_t *inflight);

/* Takes a slot when fewer than `n` are out under `id`: its number from 1, or 0. Before it refuses it
 * takes back what the dead hold, once a second. A new count begins in a place of its set that it `may` take
 * (room.h). */
apr_uint32_t ag_inflight_take_of(ag_inflight_t *inflight, ag_id_t id, unsigned may, apr_uint64_t n, apr_time_t now);

/* The same for who may take all. */
static inline apr_uint32_t ag_inflight_take(ag_inflight_t *inflight, ag_id_t id, apr_uint64_t n, apr_time_t now)
{
    return ag_inflight_take_of(inflight, id, 0xff, n, now);
}

void ag_inflight_give(ag_inflight_t *inflight, apr_uint32_t slot);

/* How many are out under `id`, and in all. */
apr_uint32_t ag_inflight_out(ag_inflight_t *inflight, ag_id_t id);
apr_uint32_t ag_inflight_all(ag_inflight_t *inflight);

#endif
