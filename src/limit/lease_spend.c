/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_spend: the charges of one request against the leases of this machine: which of them can be
 * spent, which must be asked for, which are refused. The locks of their stripes are held.
 */
#include "store_lease.h"

#include <apr_time.h>

#include "algo.h"

int ag_lease_judge(ag_charge_t *charge, const ag_counter_t *seen, apr_uint64_t hand, apr_time_t now,
                   apr_uint64_t cost)
{
    const ag_window_t *window = charge->window;
    ag_counter_t counter = *seen;

    if (hand) {
        window->algo->refund(&counter, window, now, hand, AG_JUST_NOW);
    }
    return window->algo->step(&counter, window, now, cost, &charge->quota);
}

static void find(ag_lease_run_t *run, int i)
{
    const ag_subject_t *subject = run->charges[i].subject;
    ag_lease_step_t *step = &run->steps[i];
    int k;

    step->tag = ag_id_mix(subject->id, run->charges[i].window->id);
    step->lease = ag_lease_find(run->store->leases, ag_lease_stripe(subject), step->tag);
    if (!step->lease) {
        step->lease = ag_lease_claim(run->store->leases, ag_lease_stripe(subject), step->tag, ag_room_plain(subject));
    }
    step->lease->used = run->now;
    for (k = 0; k < i; k++) {
        if (run->steps[k].lease == step->lease) {
            step->lease = NULL;
            return;
        }
    }
}

/* What becomes of a charge, as far as this machine can tell. */
static ag_lease_step_e decide(ag_lease_step_t *step, ag_charge_t *charge, apr_time_t now)
{
    static const ag_counter_t empty = {0, 0, 0};
    ag_lease_t *lease = step->lease;
    const ag_window_t *window = charge->window;
    apr_time_t pause;

    step->doubted = 0;
    if (lease && lease->busy && charge->cost && lease->busy > apr_time_now()) {
        step->hand = 0;
        return AG_LEASE_ASK; /* its tokens are on the way */
    }
    step->hand = lease ? ag_lease_good(lease, window, now) : 0;
    if (!lease || !lease->generation) {
        return ag_lease_judge(charge, &empty, 0, now, charge->cost) ? AG_LEASE_ASK
                                                                    : AG_LEASE_REFUSED; /* never, if no */
    }
    if (!ag_lease_judge(charge, &lease->seen, step->hand, now, charge->cost)) {
        ag_lease_used_up(lease, now);
        step->doubted = ag_lease_doubts(lease, now);
        return step->doubted ? AG_LEASE_ASK : AG_LEASE_REFUSED;
    }
    if (charge->cost <= step->hand) {
        ag_lease_doubt_quota(&charge->quota, lease, window, step->hand - charge->cost, now);
        return charge->cost || now < lease->asked + AG_LEASE_FRESH ? AG_LEASE_SPENT : AG_LEASE_ASK;
    }
    pause = ag_lease_pause(lease, window, now);
    if (!pause) {
        return AG_LEASE_ASK;
    }
    lease->refused = now;
    ag_quota_refuse(&charge->quota, pause);
    return AG_LEASE_REFUSED;
}

/* What is left without this request. */
static void tell_without(ag_charge_t *charge, const ag_lease_step_t *step, apr_time_t now)
{
    static const ag_counter_t empty = {0, 0, 0};
    int known = step->lease && step->lease->generation;

    ag_lease_judge(charge, known ? &step->lease->seen : &empty, known ? step->hand : 0, now, 0);
    if (known) {
        ag_lease_doubt_quota(&charge->quota, step->lease, charge->window, step->hand, now);
    }
}

/* Perhaps it has been a while, and the lease was renewed. */
void ag_lease_undo(ag_lease_run_t *run)
{
    int i;

    for (i = 0; i < run->n; i++) {
        ag_lease_step_t *step = &run->steps[i];
        ag_charge_t *charge = &run->charges[i];

        if (step->state != AG_LEASE_SPENT) {
            continue;
        }
        step->lease = ag_lease_find(run->store->leases, ag_lease_stripe(charge->subject), step->tag);
        if (step->lease && step->lease->taken == step->taken) {
            ag_lease_unspend(step->lease, charge->cost);
        }
        tell_without(charge, step, run->now);
    }
}

ag_lease_step_e ag_lease_spend_steps(ag_lease_run_t *run)
{
    ag_lease_step_e all = AG_LEASE_SPENT;
    int i;

    for (i = 0; i < run->n; i++) {
        ag_lease_step_t *step = &run->steps[i];
        ag_charge_t *charge = &run->charges[i];

        find(run, i);
        step->state = decide(step, charge, run->now);
        charge->allowed = step->state != AG_LEASE_REFUSED;
        if (step->state == AG_LEASE_SPENT) {
            step->taken = step->lease->taken;
            ag_lease_spend(step->lease, charge->cost, run->now);
        }
        else if (step->state == AG_LEASE_ASK && all == AG_LEASE_SPENT) {
            all = AG_LEASE_ASK;
        }
        else if (step->state == AG_LEASE_REFUSED && !charge->dry_run) {
            all = AG_LEASE_REFUSED;
        }
    }
    return all;
}

void ag_lease_refuse(ag_lease_run_t *run)
{
    int i;

    ag_lease_undo(run);
    for (i = 0; i < run->n; i++) {
        if (run->steps[i].state == AG_LEASE_ASK) {
            tell_without(&run->charges[i], &run->steps[i], run->now);
        }
    }
}
