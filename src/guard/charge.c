/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charge: the limit steps of the guard. Which store counts a bill, what happens when it is away, and
 * giving back what a refused request took.
 */
#include "bill.h"

#include <apr_strings.h>

#include "../base/speed.h"
#include "../watch/counters.h"

/* memcached cannot tell. Who counts instead; NULL: it has been decided. */
static ag_store_t *degrade(ag_check_t *check, ag_bill_t *bill)
{
    const ag_store_failure_t *failure = &check->policy->store_failure;
    const ag_engine_t *engine = check->exchange->engine;
    const ag_request_t *request = &check->exchange->request;

    check->verdict.degraded = 1;
    ag_count(AG_COUNT_LIMIT_DEGRADED);
    if (failure->policy == AG_FAIL_LOCAL) {
        ag_limit_go_on(engine->shm, engine->memcached, bill->charges, bill->n, (apr_uint64_t)failure->nodes,
                       request->now, request->pool);
        return engine->shm;
    }
    if (failure->policy == AG_FAIL_DENY) {
        check->verdict.retry_after = 1;
        ag_refuse(&check->verdict, AG_R_COUNTERS_UNAVAILABLE, NULL);
    }
    return NULL;
}

const char *ag_check_degraded(const ag_check_t *check)
{
    static const char *const names[] = {
        [AG_FAIL_LOCAL] = "local", [AG_FAIL_ALLOW] = "allow", [AG_FAIL_DENY] = "deny"};

    return check->verdict.degraded ? names[check->policy->store_failure.policy] : NULL;
}

static int answers(ag_store_t *store, ag_bill_t *bill, const ag_request_t *request)
{
    return store->charge(store, bill->charges, bill->n, request->now, request->pool) == APR_SUCCESS;
}

/* The first one could not tell. */
AG_RARE static ag_store_t *ask_another(ag_check_t *check, ag_bill_t *bill)
{
    const ag_exchange_t *exchange = check->exchange;
    ag_store_t *store;

    if (exchange->engine->memcached) {
        store = degrade(check, bill);
        if (!store) {
            return NULL;
        }
        if (answers(store, bill, &exchange->request)) {
            ag_limit_went(exchange->engine->memcached, bill->charges, bill->n, exchange->request.now);
            return store;
        }
    }
    ag_refuse(&check->verdict, AG_R_INTERNAL_ERROR, NULL);
    return NULL;
}

/* Asks a store; the store that answered, or NULL when none was to answer. */
static ag_store_t *ask(ag_check_t *check, ag_bill_t *bill)
{
    const ag_engine_t *engine = check->exchange->engine;
    ag_store_t *store = engine->memcached ? engine->memcached : engine->shm;

    return answers(store, bill, &check->exchange->request) ? store : ask_another(check, bill);
}

static void refund(ag_bill_t *bill, const ag_request_t *request)
{
    int i;

    for (i = 0; i < bill->n; i++) {
        if (bill->charges[i].allowed) {
            bill->store->refund(bill->store, &bill->charges[i], 1, request->now, bill->then, request->pool);
        }
    }
}

void ag_guard_final(ag_exchange_t *exchange)
{
    ag_bill_t *bill;

    for (bill = exchange->bills; bill; bill = bill->earlier) {
        bill->store = NULL;
    }
}

void ag_guard_begin(ag_exchange_t *exchange)
{
    ag_guard_final(exchange);
    exchange->begun = 1;
}

/* A request that is refused before any work consumes nothing. It gives back its own alone: what its sub-requests
 * were charged may have paid for a password that was looked at. What was given back is charged anew to what
 * answers in its stead: an ErrorDocument is work, too. */
void ag_guard_give_back(const ag_check_t *check)
{
    ag_bill_t **at = &check->exchange->bills;

    while (*at) {
        ag_bill_t *bill = *at;

        if (bill->store && bill->by == check->number) {
            refund(bill, &check->exchange->request);
            *at = bill->earlier;
        }
        else {
            at = &bill->earlier;
        }
    }
}

static void refuse(ag_check_t *check, const ag_bill_t *bill)
{
    ag_verdict_t *verdict = &check->verdict;
    int i;

    ag_refuse(verdict, AG_R_RATE_EXCEEDED, NULL);
    for (i = 0; i < bill->n; i++) {
        const ag_charge_t *charge = &bill->charges[i];

        if (!charge->allowed && !charge->dry_run && charge->quota.retry > verdict->retry_after) {
            verdict->retry_after = charge->quota.retry;
        }
    }
    ag_guard_tell(check);
}

/* Something did not fit; 0 when those were dry runs. */
AG_RARE static int refuses(ag_check_t *check, const ag_bill_t *bill)
{
    ag_guard_watch(check, bill->charges, bill->n);
    if (ag_charges_allowed(bill->charges, bill->n)) {
        return 0;
    }
    refuse(check, bill);
    return 1;
}

static void keep(ag_check_t *check, ag_bill_t *bill, ag_store_t *store)
{
    ag_exchange_t *exchange = check->exchange;

    bill->store = store;
    if (check->below) {
        ag_bill_outlive(bill, exchange->request.pool);
    }
    exchange->bills = bill;
}

/* Also the dry runs. */
static int all_passed(const ag_bill_t *bill)
{
    int i;

    for (i = 0; i < bill->n && bill->charges[i].allowed; i++) {
    }
    return i == bill->n;
}

static ag_reason_e settle(ag_check_t *check, ag_bill_t *bill)
{
    ag_store_t *store;

    if (!bill) {
        check->bill = check->exchange->bills; /* an earlier pass was charged; this one may answer */
        return check->verdict.reason;
    }
    if (bill->too_many) {
        return ag_refuse(&check->verdict, AG_R_INTERNAL_ERROR, NULL);
    }
    store = ask(check, bill);
    if (!store) {
        return check->verdict.reason;
    }
    check->bill = bill;
    if (!all_passed(bill) && refuses(check, bill)) {
        return check->verdict.reason;
    }
    keep(check, bill, store);
    return AG_R_NONE;
}

/* Takes what the limits by address ask for, before anything else is looked at. */
ag_reason_e ag_step_admit(ag_check_t *check)
{
    return settle(check, ag_bill_make(check, 1));
}

/* Takes what all limits ask for that have not been charged yet: all or nothing. */
ag_reason_e ag_step_charge(ag_check_t *check)
{
    return settle(check, ag_bill_make(check, 0));
}

/* Of all limits: this pass's charges lie together. The lines of its refusal are told anew. */
void ag_step_admit_undo(ag_check_t *check)
{
    if (check->exchange->bills) {
        ag_guard_give_back(check);
        if (check->verdict.n_lines) {
            ag_guard_tell(check); /* anew */
        }
    }
}

void ag_guard_charge_denied(ag_check_t *check)
{
    ag_verdict_t verdict = check->verdict;

    settle(check, ag_bill_make(check, 0)); /* and what admit() took stays taken: no refusal is free */
    verdict.watched = check->verdict.watched;
    check->verdict = verdict;
}
