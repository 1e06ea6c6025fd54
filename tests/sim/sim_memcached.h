/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_memcached: entry.c and fleet.c of a simulation: a memcached that is a table in this process. A visit
 * takes no time, is counted in `trips`, and fails only while `lost` is set.
 */
#ifndef AG_SIM_MEMCACHED_H
#define AG_SIM_MEMCACHED_H

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "../../src/limit/fleet.h"

static apr_pool_t *pool;
static long trips;
static int lost; /* nobody reaches memcached any more */

typedef struct {
    ag_counter_t counter;
    apr_uint64_t generation, version;
} item_t;

static apr_hash_t *items;

ag_id_t ag_entry_id(const ag_charge_t *charge, apr_pool_t *p)
{
    (void)p;
    return ag_id_mix(charge->window->id, charge->subject->id);
}

void ag_entry_name(ag_entry_t *entry, const char *prefix, ag_id_t id)
{
    (void)prefix;
    memcpy(entry->key, &id, sizeof id);
    entry->n = sizeof id;
}

apr_status_t ag_entry_read(ag_wire_t *wire, ag_entry_t *entries, int n)
{
    int i;

    (void)wire;
    trips++;
    for (i = 0; i < n; i++) {
        const item_t *item = apr_hash_get(items, entries[i].key, (apr_ssize_t)entries[i].n);

        memset(&entries[i].counter, 0, sizeof entries[i].counter);
        entries[i].generation = 0;
        entries[i].there = item != NULL;
        if (item) {
            entries[i].counter = item->counter;
            entries[i].generation = item->generation;
            entries[i].version = item->version;
        }
    }
    return APR_SUCCESS;
}

apr_status_t ag_entry_write(ag_wire_t *wire, ag_entry_t *entry, const ag_counter_t *counter, apr_time_t idle_at)
{
    static apr_uint64_t generations = 2; /* AG_LEASE_ALONE */
    item_t *item = apr_hash_get(items, entry->key, (apr_ssize_t)entry->n);

    (void)wire;
    (void)idle_at;
    trips++;
    if (!item) {
        item = apr_pcalloc(pool, sizeof *item);
        entry->generation = item->generation = ++generations;
        apr_hash_set(items, apr_pmemdup(pool, entry->key, entry->n), (apr_ssize_t)entry->n, item);
    }
    item->counter = *counter;
    item->version++;
    return APR_SUCCESS;
}

apr_status_t ag_fleet_open(ag_fleet_t **fleet, const ag_fleet_config_t *config, apr_pool_t *p)
{
    *fleet = apr_pcalloc(p, sizeof **fleet);
    (*fleet)->config = *config;
    return APR_SUCCESS;
}

apr_status_t ag_fleet_begin(ag_call_t *call, ag_fleet_t *fleet, apr_time_t now, apr_pool_t *p)
{
    memset(call, 0, sizeof *call);
    call->fleet = fleet;
    call->now = now;
    call->wire.p = p;
    return lost ? APR_EAGAIN : APR_SUCCESS;
}

apr_status_t ag_fleet_enter(ag_call_t *call, const ag_entry_t *entry)
{
    (void)call;
    (void)entry;
    return APR_SUCCESS;
}

void ag_fleet_end(ag_call_t *call)
{
    (void)call;
}

const char *ag_fleet_check(const char *servers, const char *prefix, apr_pool_t *p)
{
    (void)servers;
    (void)prefix;
    (void)p;
    return NULL;
}

#endif
