/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_back: what was taken and not used. What one request gives back goes into the lease it came
 * from; what nobody spent for a second goes back to memcached.
 */
#include <apr_time.h>

#include "store_lease.h"

#define UNTENDED (3 * APR_USEC_PER_SEC)
#define A_TURN   65536 /* leases that the watchdog looks through at once, in some 5 ms */
#define A_FEW    256   /* that a request looks through when nobody else does */
#define A_LITTLE 4     /* round trips it may cost */

/* ---- of a request ---------------------------------------------------------------------------- */

/* Into the lease it was spent from; 0 when that has ended, or is being asked for. */
static int into_lease(const ag_lease_store_t *store, const ag_charge_t *charge, apr_time_t now, apr_time_t then)
{
    apr_uint32_t stripe = ag_lease_stripe(charge->subject);
    ag_lease_t *lease;
    int done = 0;

    ag_leases_lock(store->leases, (apr_uint64_t)1 << stripe);
    lease = ag_lease_find(store->leases, stripe, ag_id_mix(charge->subject->id, charge->window->id));
    if (lease && !lease->busy && then >= lease->taken && now < lease->until
        && lease->tokens + charge->cost <= lease->granted) {
        ag_lease_unspend(lease, charge->cost);
        done = 1;
    }
    ag_leases_unlock(store->leases, (apr_uint64_t)1 << stripe);
    return done;
}

void ag_lease_refund(ag_store_t *base, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    int i;

    if (!ag_charges_allowed(charges, n)) {
        return; /* nothing was consumed */
    }
    for (i = 0; i < n; i++) {
        ag_entry_t entry;
        ag_call_t call;

        if (!charges[i].allowed || !charges[i].cost || into_lease(store, &charges[i], now, then)
            || ag_fleet_begin(&call, store->fleet, now, p)) {
            continue;
        }
        ag_entry_name(&entry, store->fleet->config.prefix, ag_entry_id(&charges[i], p));
        ag_central_refund(&call, &entry, charges[i].window, charges[i].cost, then, 0);
        ag_fleet_end(&call);
    }
}

/* ---- of nobody ------------------------------------------------------------------------------- */

/* A lease that is taken along, with the window as it is known without a configuration. */
typedef struct {
    ag_window_t window;
    ag_lease_t lease;
    apr_uint64_t back;
} idle_t;

/* By a glance without the lock. */
static int may_be_idle(const ag_lease_t *lease, apr_time_t now)
{
    return __atomic_load_n(&lease->tokens, __ATOMIC_RELAXED) && lease->generation && !lease->busy
           && now >= lease->taken + lease->life;
}

/* Takes what an idle lease holds out of it; 0 when it is none, or nothing in it counts any more. */
static int take_idle(idle_t *idle, const ag_leases_t *leases, apr_uint64_t number, apr_time_t now)
{
    apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, number);
    ag_lease_t *lease = &leases->all[number];

    idle->back = 0;
    ag_leases_lock(leases, stripe);
    if (may_be_idle(lease, now) && ag_lease_window(&idle->window, lease)) {
        idle->lease = *lease;
        idle->back = ag_lease_back(lease, &idle->window, lease->tokens, now);
        __atomic_store_n(&lease->tokens, 0, __ATOMIC_RELEASE);
    }
    ag_leases_unlock(leases, stripe);
    return idle->back && idle->window.algo->idle_at(&idle->lease.seen, &idle->window) > now;
}

/* The lease knows of it, or it would go on refusing for what was given back. */
static void learn(const idle_t *idle, const ag_leases_t *leases, apr_uint64_t number, const ag_entry_t *entry)
{
    apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, number);
    ag_lease_t *lease = &leases->all[number];

    ag_leases_lock(leases, stripe);
    if (ag_id_equal(lease->tag, idle->lease.tag) && lease->asked == idle->lease.asked
        && lease->generation == entry->generation) {
        ag_lease_learn(lease, &idle->window, &entry->counter, entry->generation, lease->asked);
    }
    ag_leases_unlock(leases, stripe);
}

/* Gives back the idle ones among `count` leases, in at most `trips` visits. */
static void tend_some(ag_lease_store_t *store, ag_call_t *call, apr_uint64_t from, apr_uint64_t count,
                      apr_uint64_t trips)
{
    const ag_leases_t *leases = store->leases;
    idle_t idle;
    apr_uint64_t i;

    for (i = from; i < from + count && i < leases->n && trips && !call->wire.fault; i++) {
        ag_entry_t entry;

        if (!may_be_idle(&leases->all[i], call->now) || !take_idle(&idle, leases, i, call->now)) {
            continue;
        }
        ag_entry_name(&entry, store->fleet->config.prefix, idle.lease.key);
        ag_central_refund(call, &entry, &idle.window, idle.back, idle.lease.taken, idle.lease.generation);
        if (!call->wire.fault && entry.there) {
            learn(&idle, leases, i, &entry);
        }
        trips--;
    }
}

/* Nobody goes to memcached for nothing: a visit takes the breaker's one try of a second. */
static int any_idle(const ag_leases_t *leases, apr_uint64_t from, apr_time_t now)
{
    apr_uint64_t i;

    for (i = from; i < from + A_FEW && i < leases->n; i++) {
        if (may_be_idle(&leases->all[i], now)) {
            return 1;
        }
    }
    return 0;
}

void ag_lease_tend(ag_store_t *base, apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_leases_head_t *head = store->leases->head;
    apr_uint64_t looked;

    __atomic_store_n(&head->tended, now, __ATOMIC_RELAXED);
    for (looked = 0; looked < A_TURN && looked < store->leases->n; looked += A_FEW) {
        apr_uint64_t from = head->next < store->leases->n ? head->next : 0;
        ag_call_t call;

        head->next = from + A_FEW;
        if (!any_idle(store->leases, from, now)) {
            continue;
        }
        /* A visit for each few: time-outs bound a visit, not a round. */
        if (ag_fleet_begin(&call, store->fleet, now, p)) {
            return;
        }
        tend_some(store, &call, from, A_FEW, A_FEW);
        ag_fleet_end(&call);
        if (call.wire.fault) {
            return;
        }
    }
}

void ag_lease_tend_in_passing(ag_lease_store_t *store, ag_call_t *call)
{
    apr_time_t last = __atomic_load_n(&store->leases->head->tended, __ATOMIC_RELAXED);
    apr_uint64_t parts = store->leases->n / A_FEW + 1;

    if (call->now > last + UNTENDED || call->now < last - UNTENDED) {
        tend_some(store, call, (apr_uint64_t)apr_time_sec(call->now) % parts * A_FEW, A_FEW, A_LITTLE);
    }
}
