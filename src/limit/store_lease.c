/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_lease: shared memory in front, memcached behind. A request spends tokens of leases under a
 * lock, as the shared-memory store steps counters. Where they do not suffice, one request of this
 * machine asks memcached, without the lock, for its own cost and a batch on top; the others of the
 * same counter wait for what it brings.
 *
 * What is known of a counter answers for it: a counter that was seen full refuses until its
 * algorithm says that a token is free, so refused requests cost no round trip.
 */
#include "store_lease.h"

#include <apr_time.h>

#define LOOK_AGAIN    100                  /* microseconds, while another one asks; twice as long each time, up to */
#define LOOK_LAST     3200                 /* these, or hundreds that wait leave nothing for the one they wait for */
#define QUEUE         apr_time_from_sec(5) /* nobody waits longer than that for the visits of others */
#define USUAL_CHARGES 16

/* ---- in shared memory; the locks are held ---------------------------------------------------- */

/* 1 when somebody else is asking for one of the counters; run->rival then tells which visit it is. */
static int is_busy(ag_lease_run_t *run, apr_time_t clock)
{
    int i;

    for (i = 0; i < run->n; i++) {
        const ag_lease_step_t *step = &run->steps[i];

        if (step->state == AG_LEASE_ASK && step->lease && step->lease->busy > clock) {
            run->rival = step->lease->busy;
            return 1;
        }
    }
    return 0;
}

/* Marks the counters as being asked for, and takes out what their leases held. */
static void leave(ag_lease_run_t *run, apr_time_t clock)
{
    apr_time_t timeout = apr_time_from_msec(run->store->fleet->config.timeout_ms);
    int i;

    run->busy = clock + 2 * timeout;
    for (i = 0; i < run->n; i++) {
        ag_lease_step_t *step = &run->steps[i];
        ag_lease_t *lease = step->lease;

        if (step->state != AG_LEASE_ASK || !lease) {
            continue;
        }
        step->held = lease->tokens;
        step->taken = lease->taken;
        step->until = lease->until;
        step->back = ag_lease_back(lease, run->charges[i].window, step->held, run->now);
        __atomic_store_n(&lease->tokens, 0, __ATOMIC_RELEASE);
        lease->busy = run->busy;
    }
}

/* ---- the store ------------------------------------------------------------------------------- */

/* One try with the locks held: AG_LEASE_SPENT and AG_LEASE_REFUSED are final; AG_LEASE_ASK: the run has been marked
 * and *asks made; with *asks NULL another request is already asking: wait and retry. */
static ag_lease_step_e try(ag_lease_run_t *run, ag_ask_t **asks, int *n)
{
    ag_lease_step_e all;

    *asks = NULL;
    ag_leases_lock(run->store->leases, run->stripes);
    all = ag_lease_spend_steps(run);
    if (all == AG_LEASE_REFUSED) {
        ag_lease_refuse(run);
    }
    else if (all == AG_LEASE_ASK) {
        apr_time_t clock = apr_time_now();

        if (is_busy(run, clock)) {
            ag_lease_undo(run);
        }
        else {
            leave(run, clock);
            *asks = ag_lease_asks(run, n);
        }
    }
    ag_leases_unlock(run->store->leases, run->stripes);
    return all;
}

/* A visit takes no longer than the time-out; one after another is a queue, and memcached is well. */
static apr_status_t charge_all(ag_lease_run_t *run)
{
    apr_interval_time_t patience = apr_time_from_msec(run->store->fleet->config.timeout_ms);
    apr_time_t rival = 0, since = 0, start = apr_time_now();
    apr_interval_time_t nap = LOOK_AGAIN;
    ag_ask_t *asks;
    int n;

    while (try(run, &asks, &n) == AG_LEASE_ASK) {
        apr_time_t clock = apr_time_now();

        if (asks) {
            return ag_lease_visit(run, asks, n);
        }
        since = run->rival == rival ? since : clock;
        rival = run->rival;
        if (clock > since + patience || clock > start + QUEUE) {
            return APR_TIMEUP;
        }
        apr_sleep(nap);
        nap = nap < LOOK_LAST ? 2 * nap : nap;
    }
    return APR_SUCCESS;
}

static apr_status_t charge_lease(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p)
{
    ag_lease_step_t usual[USUAL_CHARGES];
    ag_lease_run_t run = {(ag_lease_store_t *)store, charges, usual, n, now, 0, 0, 0, p};
    apr_status_t rv;
    int i;

    run.steps = n <= USUAL_CHARGES ? usual : apr_palloc(p, (apr_size_t)n * sizeof *usual);
    for (i = 0; i < n; i++) {
        run.stripes |= (apr_uint64_t)1 << ag_lease_stripe(charges[i].subject);
    }
    rv = charge_all(&run);
    for (i = 0; rv && i < n; i++) {
        charges[i].allowed = 0; /* whoever overlooks the status finds nothing allowed */
    }
    return rv;
}

ag_lease_t ag_lease_known(const ag_lease_store_t *store, const ag_charge_t *charge)
{
    apr_uint32_t stripe = ag_lease_stripe(charge->subject);
    ag_lease_t copy = {.generation = 0};
    const ag_lease_t *lease;

    ag_leases_lock(store->leases, (apr_uint64_t)1 << stripe);
    lease = ag_lease_find(store->leases, stripe, ag_id_mix(charge->subject->id, charge->window->id));
    if (lease) {
        copy = *lease;
    }
    ag_leases_unlock(store->leases, (apr_uint64_t)1 << stripe);
    return copy;
}

static int seen_lease(ag_store_t *store, const ag_charge_t *charge, ag_counter_t *counter)
{
    ag_lease_t lease = ag_lease_known((ag_lease_store_t *)store, charge);

    *counter = lease.seen;
    return lease.generation != 0;
}

/* What is known is of no counter in memcached from now on; so the next visit brings that so far, and
 * where it is further already takes that. */
static void went_lease(ag_store_t *base, const ag_charge_t *charge, apr_time_t now)
{
    const ag_leases_t *leases = ((ag_lease_store_t *)base)->leases;
    apr_uint32_t stripe = ag_lease_stripe(charge->subject);
    ag_counter_t counter = {0, 0, 0};
    ag_lease_t *lease;
    ag_window_t window;
    ag_quota_t quota;

    ag_leases_lock(leases, (apr_uint64_t)1 << stripe);
    lease = ag_lease_find(leases, stripe, ag_id_mix(charge->subject->id, charge->window->id));
    if (lease) {
        if (ag_lease_window(&window, lease)) {
            counter = lease->seen;
        }
        else {
            window = *charge->window;
        }
        window.algo->step(&counter, &window, now, charge->cost, &quota);
        ag_lease_learn(lease, &window, &counter, AG_LEASE_ALONE, lease->asked);
    }
    ag_leases_unlock(leases, (apr_uint64_t)1 << stripe);
}

apr_status_t ag_store_lease_open(ag_store_t **store, ag_leases_t *leases, const ag_fleet_config_t *config,
                                 apr_pool_t *pchild)
{
    static const ag_store_t base = {"lease", charge_lease, ag_lease_refund, ag_lease_tend, seen_lease, went_lease};
    ag_lease_store_t *lease = apr_pcalloc(pchild, sizeof *lease);
    ag_fleet_config_t own = *config;

    own.each = leases->head->breakers;
    lease->base = base;
    lease->leases = leases;
    *store = &lease->base;
    return ag_fleet_open(&lease->fleet, &own, pchild);
}
