/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tickets: how many requests are in flight, for all processes of one machine. Each request holds a
 * ticket that names its count and the life of its process, so when a process dies its tickets are taken
 * back. A process and whoever has its process id after it are two lives.
 *
 * Nothing grows. When there is no ticket or no count left, nobody more is let in; a quarter of both is kept
 * for clients that were identified, so no flood of addresses leaves them without.
 */
#ifndef AG_LIMIT_TICKETS_H
#define AG_LIMIT_TICKETS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "room.h"

typedef struct ag_tickets_t ag_tickets_t;

/* Lays the table into `memory` (8-byte aligned), formatted when `fresh`, else as an earlier generation
 * of the server left it. APR_EINVAL when that has another shape (then format it). */
apr_status_t ag_tickets_attach(ag_tickets_t **tickets, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* Enters this process among the living, once, after fork. 0: there is no place, so it gets no tickets;
 * whoever is about to be refused looks again, once a second. */
int ag_tickets_live(ag_tickets_t *tickets);

/* Takes a ticket when fewer than `n` are out under `id`: its number from 1, or 0. Before it refuses it
 * takes back what the dead hold, once a second. A new count begins in a place of its set that it `may` take
 * (room.h). */
apr_uint32_t ag_tickets_take_of(ag_tickets_t *tickets, ag_id_t id, unsigned may, apr_uint64_t n, apr_time_t now);

/* The same for who may take all. */
static inline apr_uint32_t ag_tickets_take(ag_tickets_t *tickets, ag_id_t id, apr_uint64_t n, apr_time_t now)
{
    return ag_tickets_take_of(tickets, id, 0xff, n, now);
}

void ag_tickets_give(ag_tickets_t *tickets, apr_uint32_t ticket);

/* How many are out under `id`, and in all. */
apr_uint32_t ag_tickets_out(ag_tickets_t *tickets, ag_id_t id);
apr_uint32_t ag_tickets_all(ag_tickets_t *tickets);

#endif
