/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_visit: what leases do not suffice for is asked of memcached, for one request and for those
 * that come after it. No lock is held on the way: what is asked was copied, and what comes back is
 * written only where the mark of this visit still stands.
 */
#include "store_lease.h"

#include <string.h>

static void make_ask(ag_ask_t *ask, const ag_bill_t *bill, int i)
{
    const ag_charge_t *charge = &bill->charges[i];
    ag_part_t *part = &bill->parts[i];
    const ag_lease_t *lease = part->lease;
    apr_uint64_t own = part->hand < charge->cost ? part->hand : charge->cost;

    memset(ask, 0, sizeof *ask);
    ask->window = charge->window;
    ask->dry_run = charge->dry_run;
    ask->cost = charge->cost - own;
    if (lease) { /* nobody else changes these while it is marked */
        apr_uint64_t want;

        part->term = ag_lease_term(lease, charge->window, bill->now);
        want = ag_lease_want(lease, charge->window, part->term, bill->now);
        ask->more = want > ask->cost ? want - ask->cost : 0;
        ask->back = part->back;
        ask->then = part->taken;
        ask->birth = lease->birth;
        ask->seen = lease->seen;
    }
}

ag_ask_t *ag_lease_asks(ag_bill_t *bill, int *n)
{
    ag_ask_t *asks = apr_palloc(bill->p, (apr_size_t)bill->n * sizeof *asks);
    int i;

    *n = 0;
    for (i = 0; i < bill->n; i++) {
        if (bill->parts[i].state == AG_PART_ASK) {
            make_ask(&asks[(*n)++], bill, i);
        }
    }
    return asks;
}

/* The names are digests, made only when somebody asks. */
static void name_asks(const ag_bill_t *bill, ag_ask_t *asks)
{
    int i;

    for (i = 0; i < bill->n; i++) {
        if (bill->parts[i].state == AG_PART_ASK) {
            bill->parts[i].key = ag_entry_id(&bill->charges[i], bill->p);
            ag_entry_name(&asks->entry, bill->store->fleet->config.prefix, bill->parts[i].key);
            asks++;
        }
    }
}

/* ---- back from it; the locks are held -------------------------------------------------------- */

/* What came of it goes into the lease, if that is still there and still ours. */
static void settle(const ag_bill_t *bill, int i, const ag_ask_t *ask, int spent, apr_status_t rv)
{
    const ag_part_t *part = &bill->parts[i];
    const ag_charge_t *charge = &bill->charges[i];
    const ag_window_t *window = charge->window;
    apr_uint64_t charged = ask->written ? ask->charged : 0;
    apr_uint64_t rest = charged, early = part->hand;
    ag_lease_t *lease = part->lease;
    int doubted;

    if (!lease || !ag_id_equal(lease->tag, part->tag) || lease->busy != bill->busy) {
        return;
    }
    lease->busy = 0;
    doubted = !lease->asked; /* what it held may be of a counter that was emptied since */
    if (rv && !ask->written) {
        lease->tokens += part->held;
        lease->asked = part->doubted ? bill->now : lease->asked; /* no doubt for a while */
        return;
    }
    if (ask->entry.birth) {
        lease->key = part->key;
        if (lease->birth == ask->entry.birth) {
            ag_lease_watch(lease, window, &ask->entry.counter, bill->now);
        }
        ag_lease_learn(lease, window, &ask->counter, ask->entry.birth, bill->now);
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
        rest += window->algo->spend_by(&ask->counter, window) == part->until ? early : 0;
        ag_lease_fill(lease, window, rest, rest + charge->cost, part->term, bill->now);
    }
    if (!ask->allowed) {
        lease->refusals++;
        lease->dry = 0; /* a new pause begins */
        ag_lease_used_up(lease, bill->now);
    }
    else if (ask->cost) {
        ag_lease_got(lease, window, ask->left, bill->now);
    }
    if (spent && ask->allowed) {
        ag_lease_count(lease, charge->cost, bill->now);
    }
}

/* What memcached's answer says to the client. */
static void tell(ag_bill_t *bill, int i, const ag_ask_t *ask, int spent)
{
    ag_charge_t *charge = &bill->charges[i];
    apr_uint64_t charged = ask->written ? ask->charged : 0;

    charge->allowed = ask->allowed;
    ag_lease_judge(charge, &ask->counter, bill->parts[i].hand + charged, bill->now,
                   spent || !ask->allowed ? charge->cost : 0);
}

static void come_back(ag_bill_t *bill, const ag_ask_t *asks, int n, apr_status_t rv)
{
    int spent = !rv && ag_central_allowed(asks, n);
    int i;

    ag_leases_lock(bill->store->leases, bill->stripes);
    if (!spent) {
        ag_lease_undo(bill);
    }
    for (i = 0; i < bill->n; i++) {
        if (bill->parts[i].state != AG_PART_ASK) {
            continue;
        }
        settle(bill, i, asks, spent, rv);
        if (!rv) {
            tell(bill, i, asks, spent);
        }
        asks++;
    }
    ag_leases_unlock(bill->store->leases, bill->stripes);
}

/* Second charges of one counter have no lease to keep what a refused request had charged. */
static void undo_asks(const ag_bill_t *bill, ag_call_t *call, ag_ask_t *asks)
{
    int i;

    for (i = 0; i < bill->n; i++) {
        if (bill->parts[i].state != AG_PART_ASK) {
            continue;
        }
        if (!bill->parts[i].lease && asks->written && asks->charged && !call->wire.fault) {
            ag_central_refund(call, &asks->entry, asks->window, asks->charged, call->now, 0);
            asks->counter = asks->entry.counter;
            asks->charged = 0;
        }
        asks++;
    }
}

/* memcached cannot tell; but where one window was asked for only in doubt, no is still the answer. */
static int refuse_in_doubt(ag_bill_t *bill)
{
    int i, refused = 0;

    for (i = 0; i < bill->n; i++) {
        const ag_part_t *part = &bill->parts[i];

        bill->charges[i].allowed = !part->doubted;
        refused |= part->doubted && !bill->charges[i].dry_run;
    }
    return refused;
}

apr_status_t ag_lease_visit(ag_bill_t *bill, ag_ask_t *asks, int n)
{
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, bill->store->fleet, bill->now, bill->p);

    if (!rv) {
        name_asks(bill, asks);
        rv = ag_central_ask(&call, asks, n);
        if (rv || !ag_central_allowed(asks, n)) {
            undo_asks(bill, &call, asks);
        }
        if (!rv) {
            ag_lease_tend_in_passing(bill->store, &call);
        }
        ag_fleet_end(&call);
    }
    come_back(bill, asks, n, rv);
    return rv && refuse_in_doubt(bill) ? APR_SUCCESS : rv;
}
