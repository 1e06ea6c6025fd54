/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_visit: what leases do not suffice for is asked of memcached, for one request and for those
 * that come after it. No lock is held on the way: what is asked was copied, and what comes back is
 * written only where the mark of this visit still stands.
 */
#include "store_lease.h"

#include <string.h>

static void make_ask(ag_ask_t *ask, const ag_lease_run_t *run, int i)
{
    const ag_charge_t *charge = &run->charges[i];
    ag_lease_step_t *step = &run->steps[i];
    const ag_lease_t *lease = step->lease;
    apr_uint64_t own = step->hand < charge->cost ? step->hand : charge->cost;

    memset(ask, 0, sizeof *ask);
    ask->window = charge->window;
    ask->dry_run = charge->dry_run;
    ask->cost = charge->cost - own;
    if (lease) { /* nobody else changes these while it is marked */
        apr_uint64_t want;

        step->term = ag_lease_term(lease, charge->window, run->now);
        want = ag_lease_want(lease, charge->window, step->term, run->now);
        ask->more = want > ask->cost ? want - ask->cost : 0;
        ask->back = step->back;
        ask->then = step->taken;
        ask->generation = lease->generation;
        ask->seen = lease->seen;
    }
}

ag_ask_t *ag_lease_asks(ag_lease_run_t *run, int *n)
{
    ag_ask_t *asks = apr_palloc(run->p, (apr_size_t)run->n * sizeof *asks);
    int i;

    *n = 0;
    for (i = 0; i < run->n; i++) {
        if (run->steps[i].state == AG_LEASE_ASK) {
            make_ask(&asks[(*n)++], run, i);
        }
    }
    return asks;
}

/* The names are digests, made only when somebody asks. */
static void name_asks(const ag_lease_run_t *run, ag_ask_t *asks)
{
    int i;

    for (i = 0; i < run->n; i++) {
        if (run->steps[i].state == AG_LEASE_ASK) {
            run->steps[i].key = ag_entry_id(&run->charges[i], run->p);
            ag_entry_name(&asks->entry, run->store->fleet->config.prefix, run->steps[i].key);
            asks++;
        }
    }
}

/* ---- back from it; the locks are held -------------------------------------------------------- */

/* What came of it goes into the lease, if that is still there and still ours. */
static void settle(const ag_lease_run_t *run, int i, const ag_ask_t *ask, int spent, apr_status_t rv)
{
    const ag_lease_step_t *step = &run->steps[i];
    const ag_charge_t *charge = &run->charges[i];
    const ag_window_t *window = charge->window;
    apr_uint64_t charged = ask->written ? ask->charged : 0;
    apr_uint64_t rest = charged, early = step->hand;
    ag_lease_t *lease = step->lease;
    int doubted;

    if (!lease || !ag_id_equal(lease->tag, step->tag) || lease->busy != run->busy) {
        return;
    }
    lease->busy = 0;
    doubted = !lease->asked; /* what it held may be of a counter that was emptied since */
    if (rv && !ask->written) {
        lease->tokens += step->held;
        lease->asked = step->doubted ? run->now : lease->asked; /* no doubt for a while */
        return;
    }
    if (ask->entry.generation) {
        lease->key = step->key;
        if (lease->generation == ask->entry.generation) {
            ag_lease_watch(lease, window, &ask->entry.counter, run->now);
        }
        ag_lease_learn(lease, window, &ask->counter, ask->entry.generation, run->now);
    }
    if (spent && ask->allowed) {
        rest -= ask->cost;
        early -= charge->cost - ask->cost;
    }
    early = doubted ? 0 : early + lease->tokens; /* what others put back meanwhile */
    if (!charged) {
        lease->tokens = early;
    }
    else {
        /* Tokens of an earlier lease of a bucket drain earlier than those of this one. */
        rest += window->algo->spend_by(&ask->counter, window) == step->until ? early : 0;
        ag_lease_fill(lease, window, rest, rest + charge->cost, step->term, run->now);
    }
    if (!ask->allowed) {
        lease->refusals++;
        lease->dry = 0; /* a new pause begins */
        ag_lease_used_up(lease, run->now);
    }
    else if (ask->cost) {
        ag_lease_got(lease, window, ask->left, run->now);
    }
    if (spent && ask->allowed) {
        ag_lease_count(lease, charge->cost, run->now);
    }
}

/* What memcached's answer says to the client. */
static void tell(ag_lease_run_t *run, int i, const ag_ask_t *ask, int spent)
{
    ag_charge_t *charge = &run->charges[i];
    apr_uint64_t charged = ask->written ? ask->charged : 0;

    charge->allowed = ask->allowed;
    ag_lease_judge(charge, &ask->counter, run->steps[i].hand + charged, run->now,
                   spent || !ask->allowed ? charge->cost : 0);
}

static void come_back(ag_lease_run_t *run, const ag_ask_t *asks, int n, apr_status_t rv)
{
    int spent = !rv && ag_central_allowed(asks, n);
    int i;

    ag_leases_lock(run->store->leases, run->stripes);
    if (!spent) {
        ag_lease_undo(run);
    }
    for (i = 0; i < run->n; i++) {
        if (run->steps[i].state != AG_LEASE_ASK) {
            continue;
        }
        settle(run, i, asks, spent, rv);
        if (!rv) {
            tell(run, i, asks, spent);
        }
        asks++;
    }
    ag_leases_unlock(run->store->leases, run->stripes);
}

/* Second charges of one counter have no lease to keep what a refused request had charged. */
static void undo_asks(const ag_lease_run_t *run, ag_call_t *call, ag_ask_t *asks)
{
    int i;

    for (i = 0; i < run->n; i++) {
        if (run->steps[i].state != AG_LEASE_ASK) {
            continue;
        }
        if (!run->steps[i].lease && asks->written && asks->charged && !call->wire.fault) {
            ag_central_refund(call, &asks->entry, asks->window, asks->charged, call->now, 0);
            asks->counter = asks->entry.counter;
            asks->charged = 0;
        }
        asks++;
    }
}

/* memcached cannot tell; but where one window was asked for only in doubt, no is still the answer. */
static int refuse_in_doubt(ag_lease_run_t *run)
{
    int i, refused = 0;

    for (i = 0; i < run->n; i++) {
        const ag_lease_step_t *step = &run->steps[i];

        run->charges[i].allowed = !step->doubted;
        refused |= step->doubted && !run->charges[i].dry_run;
    }
    return refused;
}

apr_status_t ag_lease_visit(ag_lease_run_t *run, ag_ask_t *asks, int n)
{
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, run->store->fleet, run->now, run->p);

    if (!rv) {
        name_asks(run, asks);
        rv = ag_central_ask(&call, asks, n);
        if (rv || !ag_central_allowed(asks, n)) {
            undo_asks(run, &call, asks);
        }
        if (!rv) {
            ag_lease_tend_in_passing(run->store, &call);
        }
        ag_fleet_end(&call);
    }
    come_back(run, asks, n, rv);
    return rv && refuse_in_doubt(run) ? APR_SUCCESS : rv;
}
