/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_reset: see lease_reset.h. A reset empties the counter in memcached under the generation that it
 * has, so no node takes it for one that was lost and restores it. Nodes that saw it used up would go on
 * refusing for a while by themselves. So a reset also writes another epoch, a random number in an
 * entry of its own, which all nodes read once a second: on a new epoch a node doubts each of its
 * leases once, and what it would refuse next it asks memcached for.
 *
 * An epoch that is lost, forged or read twice costs round trips and admits nobody. Of a counter that
 * memcached loses after its reset, a node that has not asked for it since restores what it saw before.
 */
#include "lease_reset.h"

#include <apr_time.h>

#include "store_lease.h"

#define NAMED APR_UINT64_C(0x7265736574730000) /* "resets"; beside digests of 128 bits */
#define TRIES 64

/* ---- to see ---------------------------------------------------------------------------------- */

static void name_counter(ag_entry_t *entry, const ag_lease_store_t *store, const ag_charge_t *charge, apr_pool_t *p)
{
    ag_entry_name(entry, store->fleet->config.prefix, ag_entry_id(charge, p));
}

apr_status_t ag_lease_look(ag_lease_view_t *view, ag_store_t *base, ag_charge_t *charge, apr_time_t now,
                           apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_entry_t entry = {.there = 0};
    ag_lease_t lease;
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, store->fleet, now, p);

    if (!rv) {
        name_counter(&entry, store, charge, p);
        rv = ag_central_read(&call, &entry, 1);
        ag_fleet_end(&call);
    }
    lease = ag_lease_known(store, charge);
    view->held = ag_lease_good(&lease, charge->window, now);
    view->asked = lease.generation ? lease.asked : 0;
    if (!rv && (entry.there || !lease.generation)) {
        lease.seen = entry.counter;
        view->asked = now;
    }
    ag_lease_judge(charge, &lease.seen, view->held, now, 0);
    return rv;
}

/* ---- to begin anew --------------------------------------------------------------------------- */

static int would_restore(const ag_lease_t *lease)
{
    return lease->generation && lease->generation != AG_LEASE_ALONE;
}

/* It is kept for as long as the old one would have been, since so long others know that. One that
 * memcached has lost gets back the generation that this node knew, since others know the same. */
static apr_status_t empty(int *there, ag_call_t *call, ag_entry_t *entry, const ag_lease_t *lease,
                          const ag_window_t *window)
{
    static const ag_counter_t nothing = {0, 0, 0};
    apr_status_t rv = APR_EBUSY;
    int tries;

    for (tries = 0; rv == APR_EBUSY && tries < TRIES; tries++) {
        apr_time_t idle_at;

        rv = ag_central_read(call, entry, 1);
        if (rv || (!entry->there && !would_restore(lease))) {
            return rv;
        }
        entry->generation = entry->there ? entry->generation : lease->generation;
        idle_at = window->algo->idle_at(entry->there ? &entry->counter : &lease->seen, window);
        *there |= idle_at > call->now;
        rv = ag_entry_write(&call->wire, entry, &nothing, idle_at);
    }
    return rv;
}

static void name_epoch(ag_entry_t *entry, const ag_fleet_t *fleet)
{
    ag_id_t id = {NAMED, 0};

    ag_entry_name(entry, fleet->config.prefix, id);
}

/* Where somebody else was quicker his epoch is as good: it was written after our counter. */
static apr_status_t change_epoch(ag_call_t *call)
{
    ag_entry_t entry;
    apr_status_t rv;

    name_epoch(&entry, call->fleet);
    rv = ag_central_read_sign(call, &entry);
    rv = rv ? rv : ag_random(&entry.counter.a, sizeof entry.counter.a);
    rv = rv ? rv : ag_entry_write(&call->wire, &entry, &entry.counter, APR_INT64_MAX);
    return rv == APR_EBUSY ? APR_SUCCESS : rv;
}

/* Where memcached could not be told, the next visit finds the old counter; until then nothing begins
 * with it. */
static void forget_here(const ag_lease_store_t *store, const ag_charge_t *charge)
{
    apr_uint32_t stripe = ag_lease_stripe(charge->subject);
    ag_lease_t *lease;

    ag_leases_lock(store->leases, (apr_uint64_t)1 << stripe);
    lease = ag_lease_find(store->leases, stripe, ag_id_mix(charge->subject->id, charge->window->id));
    if (lease) {
        ag_lease_void(lease);
    }
    ag_leases_unlock(store->leases, (apr_uint64_t)1 << stripe);
}

apr_status_t ag_lease_forget(int *there, ag_store_t *base, const ag_charge_t *charge, apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_lease_t lease = ag_lease_known(store, charge);
    ag_entry_t entry;
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, store->fleet, now, p);

    *there = 0;
    if (!rv) {
        name_counter(&entry, store, charge, p);
        rv = empty(there, &call, &entry, &lease, charge->window);
        rv = rv ? rv : change_epoch(&call); /* also where nothing is left: an earlier reset may have ended half-way */
        ag_fleet_end(&call);
    }
    forget_here(store, charge);
    return rv;
}

/* ---- to hear of it --------------------------------------------------------------------------- */

static void doubt_all(const ag_leases_t *leases)
{
    apr_uint64_t i;

    for (i = 0; i < leases->n; i++) {
        apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, i);

        if (__atomic_load_n(&leases->all[i].generation, __ATOMIC_ACQUIRE)) {
            ag_leases_lock(leases, stripe);
            ag_lease_doubt(&leases->all[i]);
            ag_leases_unlock(leases, stripe);
        }
    }
}

/* Each epoch is heard of twice, a second apart: a request that was asking while a counter was emptied
 * may have brought back what was there before. */
static void hear(const ag_leases_t *leases, apr_uint64_t epoch)
{
    ag_leases_head_t *head = leases->head;

    if (epoch != head->settled) {
        doubt_all(leases);
    }
    head->settled = epoch == head->epoch ? epoch : head->settled;
    head->epoch = epoch;
}

void ag_lease_hear(ag_store_t *base, apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_entry_t epoch;
    ag_call_t call;

    if (ag_fleet_begin(&call, store->fleet, now, p)) {
        return;
    }
    name_epoch(&epoch, store->fleet);
    if (!ag_central_read_sign(&call, &epoch) && epoch.generation) {
        hear(store->leases, epoch.counter.a);
    }
    if (call.wire.fault) {
        call.wire.asked = 0; /* no request waited: the first that does will tell of it */
    }
    ag_fleet_end(&call);
}
