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

static void find(ag_bill_t *bill, int i)
{
    const ag_subject_t *subject = bill->charges[i].subject;
    ag_part_t *part = &bill->parts[i];
    int k;

    part->tag = ag_id_mix(subject->id, bill->charges[i].window->id);
    part->lease = ag_lease_find(bill->store->leases, ag_lease_stripe(subject), part->tag);
    if (!part->lease) {
        part->lease = ag_lease_claim(bill->store->leases, ag_lease_stripe(subject), part->tag,
                                     ag_room_plain(subject));
    }
    part->lease->used = bill->now;
    for (k = 0; k < i; k++) {
        if (bill->parts[k].lease == part->lease) {
            part->lease = NULL;
            return;
        }
    }
}

/* What becomes of a charge, as far as this machine can tell. */
static ag_part_e decide(ag_part_t *part, ag_charge_t *charge, apr_time_t now)
{
    static const ag_counter_t empty = {0, 0, 0};
    ag_lease_t *lease = part->lease;
    const ag_window_t *window = charge->window;
    apr_time_t pause;

    part->doubted = 0;
    if (lease && lease->busy && charge->cost && lease->busy > apr_time_now()) {
        part->hand = 0;
        return AG_PART_ASK; /* its tokens are on the way */
    }
    part->hand = lease ? ag_lease_good(lease, window, now) : 0;
    if (!lease || !lease->birth) {
        return ag_lease_judge(charge, &empty, 0, now, charge->cost) ? AG_PART_ASK : AG_PART_REFUSED; /* never, if no */
    }
    if (!ag_lease_judge(charge, &lease->seen, part->hand, now, charge->cost)) {
        ag_lease_used_up(lease, now);
        part->doubted = ag_lease_doubts(lease, now);
        return part->doubted ? AG_PART_ASK : AG_PART_REFUSED;
    }
    if (charge->cost <= part->hand) {
        ag_lease_doubt_quota(&charge->quota, lease, window, part->hand - charge->cost, now);
        return charge->cost || now < lease->asked + AG_LEASE_FRESH ? AG_PART_SPENT : AG_PART_ASK;
    }
    pause = ag_lease_pause(lease, window, now);
    if (!pause) {
        return AG_PART_ASK;
    }
    lease->refused = now;
    ag_quota_refuse(&charge->quota, pause);
    return AG_PART_REFUSED;
}

/* What is left without this request. */
static void tell_without(ag_charge_t *charge, const ag_part_t *part, apr_time_t now)
{
    static const ag_counter_t empty = {0, 0, 0};
    int known = part->lease && part->lease->birth;

    ag_lease_judge(charge, known ? &part->lease->seen : &empty, known ? part->hand : 0, now, 0);
    if (known) {
        ag_lease_doubt_quota(&charge->quota, part->lease, charge->window, part->hand, now);
    }
}

/* Perhaps it has been a while, and the lease was renewed. */
void ag_lease_undo(ag_bill_t *bill)
{
    int i;

    for (i = 0; i < bill->n; i++) {
        ag_part_t *part = &bill->parts[i];
        ag_charge_t *charge = &bill->charges[i];

        if (part->state != AG_PART_SPENT) {
            continue;
        }
        part->lease = ag_lease_find(bill->store->leases, ag_lease_stripe(charge->subject),
                                    part->tag);
        if (part->lease && part->lease->taken == part->taken) {
            ag_lease_unspend(part->lease, charge->cost);
        }
        tell_without(charge, part, bill->now);
    }
}

ag_part_e ag_lease_spend_parts(ag_bill_t *bill)
{
    ag_part_e all = AG_PART_SPENT;
    int i;

    for (i = 0; i < bill->n; i++) {
        ag_part_t *part = &bill->parts[i];
        ag_charge_t *charge = &bill->charges[i];

        find(bill, i);
        part->state = decide(part, charge, bill->now);
        charge->allowed = part->state != AG_PART_REFUSED;
        if (part->state == AG_PART_SPENT) {
            part->taken = part->lease->taken;
            ag_lease_spend(part->lease, charge->cost, bill->now);
        }
        else if (part->state == AG_PART_ASK && all == AG_PART_SPENT) {
            all = AG_PART_ASK;
        }
        else if (part->state == AG_PART_REFUSED && !charge->dry_run) {
            all = AG_PART_REFUSED;
        }
    }
    return all;
}

void ag_lease_refuse(ag_bill_t *bill)
{
    int i;

    ag_lease_undo(bill);
    for (i = 0; i < bill->n; i++) {
        if (bill->parts[i].state == AG_PART_ASK) {
            tell_without(&bill->charges[i], &bill->parts[i], bill->now);
        }
    }
}
