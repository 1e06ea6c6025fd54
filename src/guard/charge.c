/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charge: the limit steps of the guard. Which windows apply, which store counts them, what happens
 * when it is away, and giving back what a refused request took.
 */
#include <string.h>

#include <apr_strings.h>

#include "../reply/reply.h"
#include "guard.h"

#define MAX_CHARGES 32 /* windows on one request; more are refused, not ignored */

/* The windows of one step, on the stack. */
typedef struct {
    ag_check_t *check;
    ag_charge_t charges[MAX_CHARGES];
    int n;
    int too_many;
} bill_t;

static int same_count(const ag_charge_t *a, const ag_charge_t *b)
{
    return ag_id_equal(a->window->id, b->window->id)
           && ag_id_equal(a->subject->id, b->subject->id);
}

/* A count is charged once for a request, however many sections share its name. */
static int already_there(const bill_t *bill, const ag_charge_t *charge)
{
    const ag_exchange_t *exchange = bill->check->exchange;
    int i;

    for (i = 0; i < exchange->n_taken; i++) {
        if (same_count(&exchange->taken[i].charge, charge)) {
            return 1;
        }
    }
    for (i = 0; i < bill->n; i++) {
        if (same_count(&bill->charges[i], charge)) {
            return 1;
        }
    }
    return 0;
}

static apr_uint64_t cost_of(const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;
    const char *text;
    apr_int64_t cost = 1;

    if (!limit->cost_expr) {
        return limit->cost;
    }
    text = exchange->engine->expr->text(limit->cost_expr, &exchange->request);
    /* No number costs one request, as if the expression were not there; too large a one costs as
     * much as there can be. */
    if (text && ag_measure_number(&cost, text, 0, (apr_int64_t)AG_RATE_MAX, exchange->request.pool)
        && *text && !text[strspn(text, "0123456789")]) {
        cost = (apr_int64_t)AG_RATE_MAX;
    }
    return (apr_uint64_t)cost;
}

int ag_guard_applies(const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;

    /* An expression that fails limits: -1 is true. */
    return !limit->when || exchange->engine->expr->test(limit->when, &exchange->request) != 0;
}

static void add_limit(bill_t *bill, const ag_limit_t *limit)
{
    ag_check_t *check = bill->check;
    const ag_exchange_t *exchange = check->exchange;
    ag_subject_t *subject = apr_palloc(exchange->request.pool, sizeof *subject);
    apr_uint64_t cost = cost_of(limit, check);
    int i;

    ag_limit_subject(subject, limit, &exchange->request, check->verdict.who,
                     exchange->engine->expr, exchange->engine->sip);
    for (i = 0; i < limit->n_windows; i++) {
        ag_charge_t charge = {&limit->windows[i], subject, cost, (unsigned)limit->dry_run & 1u, 0,
                              {0, 0, 0}};

        if (already_there(bill, &charge)) {
            continue;
        }
        if (bill->n == MAX_CHARGES) {
            bill->too_many = 1;
            return;
        }
        bill->charges[bill->n++] = charge;
    }
}

/* Only what an address alone decides can be asked before anybody is identified. */
static int by_address_alone(const ag_limit_t *limit)
{
    return limit->by == AG_BY_IP && !limit->when && !limit->cost_expr;
}

int ag_guard_admits(const ag_policy_t *policy)
{
    const apr_array_header_t *limits = policy->limits;
    int i;

    for (i = 0; limits && i < limits->nelts; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits, i, ag_limit_t *);

        if (limit && by_address_alone(limit)) {
            return 1;
        }
    }
    return 0;
}

static void collect(bill_t *bill, int early)
{
    ag_check_t *check = bill->check;
    const apr_array_header_t *limits = check->policy->limits;
    ag_principal_t *who = check->verdict.who;
    int own = !early && who && who->n_rates;
    int i;

    for (i = 0; limits && i < limits->nelts; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits, i, ag_limit_t *);

        if (!limit || (early && !by_address_alone(limit)) || (own && limit->by == AG_BY_CLIENT)
            || !ag_guard_applies(limit, check)) {
            continue;
        }
        add_limit(bill, limit);
    }
    if (own) {
        ag_limit_t *limit = apr_pcalloc(check->exchange->request.pool, sizeof *limit);

        ag_limit_own(limit, who->rates, who->n_rates, check->exchange->engine->server,
                     check->exchange->request.pool);
        add_limit(bill, limit);
    }
}

/* One node's part of the limit, for when nodes cannot ask each other. */
static void divide(bill_t *bill, int nodes)
{
    int i;

    for (i = 0; nodes > 1 && i < bill->n; i++) {
        ag_window_t *window = apr_pmemdup(bill->check->exchange->request.pool,
                                          bill->charges[i].window, sizeof *window);

        window->rate.n /= (apr_uint64_t)nodes;
        /* 0 would mean as much as the rate. */
        window->burst = (window->burst + (apr_uint64_t)nodes - 1) / (apr_uint64_t)nodes;
        bill->charges[i].window = window;
    }
}

/* memcached cannot tell. 1: go on with the shared-memory store; 0: it has been decided. */
static int degrade(bill_t *bill, ag_store_t **store)
{
    ag_check_t *check = bill->check;
    const ag_store_failure_t *failure = &check->policy->store_failure;

    check->verdict.degraded = 1;
    __atomic_fetch_add(&check->exchange->engine->breaker->degraded, 1, __ATOMIC_RELAXED);
    if (failure->policy == AG_FAIL_LOCAL) {
        divide(bill, failure->nodes);
        *store = check->exchange->engine->shm;
        return 1;
    }
    if (failure->policy == AG_FAIL_DENY) {
        check->verdict.retry_after = 1;
        ag_refuse(&check->verdict, AG_R_COUNTERS_UNAVAILABLE, NULL);
    }
    *store = NULL;
    return 0;
}

const char *ag_check_degraded(const ag_check_t *check)
{
    static const char *const names[] = {
        [AG_FAIL_LOCAL] = "local", [AG_FAIL_ALLOW] = "allow", [AG_FAIL_DENY] = "deny"};

    return check->verdict.degraded ? names[check->policy->store_failure.policy] : NULL;
}

/* Asks a store; the store that answered, or NULL when none was to answer. */
static ag_store_t *ask(bill_t *bill)
{
    const ag_request_t *request = &bill->check->exchange->request;
    const ag_engine_t *engine = bill->check->exchange->engine;
    ag_store_t *store = engine->memcached ? engine->memcached : engine->shm;

    if (store->charge(store, bill->charges, bill->n, request->now, request->pool) == APR_SUCCESS) {
        return store;
    }
    if (store == engine->memcached && !degrade(bill, &store)) {
        return NULL;
    }
    if (store != engine->memcached
        && store->charge(store, bill->charges, bill->n, request->now, request->pool)
               == APR_SUCCESS) {
        return store;
    }
    ag_refuse(&bill->check->verdict, AG_R_INTERNAL_ERROR, NULL);
    return NULL;
}

static void write_line(ag_quota_line_t *line, const ag_charge_t *charge, int with_subject)
{
    line->policy = charge->window->policy;
    line->field = charge->window->field;
    line->field_size = charge->window->field_size;
    line->name_size = charge->window->name_size;
    line->subject = with_subject ? ag_subject_text(charge->subject) : NULL;
    line->limit = charge->window->rate.n;
    line->window = charge->window->rate.period.seconds;
    line->remaining = charge->quota.remaining;
    line->reset = charge->quota.reset;
    line->retry = charge->quota.retry;
    line->refused = !charge->allowed;
    line->dry_run = charge->dry_run;
}

/* Tells of every window: those of earlier steps and those of this one. */
static void write_lines(bill_t *bill)
{
    ag_exchange_t *exchange = bill->check->exchange;
    ag_verdict_t *verdict = &bill->check->verdict;
    int with_subject = (bill->check->policy->rate_headers & AG_QUOTA_DRAFT_8) != 0;
    int earlier = exchange->n_taken;
    int i;

    verdict->lines = apr_palloc(exchange->request.pool,
                                (apr_size_t)(earlier + bill->n) * sizeof *verdict->lines);
    verdict->n_lines = earlier + bill->n;
    for (i = 0; i < earlier; i++) {
        write_line(&verdict->lines[i], &exchange->taken[i].charge, with_subject);
    }
    for (i = 0; i < bill->n; i++) {
        write_line(&verdict->lines[earlier + i], &bill->charges[i], with_subject);
    }
}

/* A sub-request's limits may come from an .htaccess of its own and end with it. */
static void outlive(ag_charge_t *charge, apr_pool_t *p)
{
    ag_window_t *kept = apr_pmemdup(p, charge->window, sizeof *kept);

    kept->policy = apr_pstrdup(p, kept->policy);
    kept->field = apr_pstrmemdup(p, kept->field, kept->field_size);
    charge->window = kept;
    ag_subject_text(charge->subject);
}

/* Room for `n` more; what was there before stays. */
static ag_taken_t *more_taken(ag_exchange_t *exchange, int n)
{
    ag_taken_t *all = apr_palloc(exchange->request.pool,
                                 (apr_size_t)(exchange->n_taken + n) * sizeof *all);
    ag_taken_t *first = all + exchange->n_taken;

    if (exchange->n_taken) {
        memcpy(all, exchange->taken, (apr_size_t)exchange->n_taken * sizeof *all);
    }
    exchange->taken = all;
    exchange->n_taken += n;
    return first;
}

static void keep(bill_t *bill, ag_store_t *store)
{
    ag_exchange_t *exchange = bill->check->exchange;
    ag_taken_t *taken = more_taken(exchange, bill->n);
    int i;

    for (i = 0; i < bill->n; i++, taken++) {
        taken->charge = bill->charges[i];
        if (bill->check->below) {
            outlive(&taken->charge, exchange->request.pool);
        }
        taken->store = bill->charges[i].allowed ? store : NULL;
        taken->then = exchange->request.now;
        taken->by = bill->check->number;
    }
}

/* A refused request consumes nothing. A refused sub-request gives back only its own; what may answer
 * in its stead is charged anew. */
static void give_back(const ag_check_t *check)
{
    ag_exchange_t *exchange = check->exchange;
    int i, kept = 0;

    for (i = 0; i < exchange->n_taken; i++) {
        ag_taken_t *taken = &exchange->taken[i];
        int own = !check->below || taken->by == check->number;

        if (own && taken->store) {
            taken->store->refund(taken->store, &taken->charge, 1, exchange->request.now,
                                 taken->then, exchange->request.pool);
        }
        taken->store = own ? NULL : taken->store;
        exchange->taken[kept] = *taken;
        kept += !own || !check->below;
    }
    exchange->n_taken = kept;
}

static void refuse(bill_t *bill)
{
    ag_verdict_t *verdict = &bill->check->verdict;
    int i;

    ag_refuse(verdict, AG_R_RATE_EXCEEDED, NULL);
    for (i = 0; i < bill->n; i++) {
        const ag_charge_t *charge = &bill->charges[i];

        if (!charge->allowed && !charge->dry_run && charge->quota.retry > verdict->retry_after) {
            verdict->retry_after = charge->quota.retry;
        }
    }
}

static ag_reason_e settle(bill_t *bill)
{
    ag_store_t *store;

    if (bill->too_many) {
        return ag_refuse(&bill->check->verdict, AG_R_INTERNAL_ERROR, NULL);
    }
    if (bill->n == 0) {
        if (bill->check->exchange->n_taken > bill->check->verdict.n_lines) {
            write_lines(bill); /* an earlier pass took them; this one may be what answers */
        }
        return bill->check->verdict.reason;
    }
    store = ask(bill);
    if (!store) {
        return bill->check->verdict.reason;
    }
    write_lines(bill);
    ag_guard_watch(bill->check, bill->charges, bill->n);
    if (ag_charges_allowed(bill->charges, bill->n)) {
        keep(bill, store);
        return AG_R_NONE;
    }
    refuse(bill);
    return bill->check->verdict.reason;
}

ag_reason_e ag_guard_admit(ag_check_t *check)
{
    bill_t bill;

    bill.check = check;
    bill.n = bill.too_many = 0;
    collect(&bill, 1);
    return settle(&bill);
}

ag_reason_e ag_guard_charge(ag_check_t *check)
{
    bill_t bill;
    ag_reason_e reason;

    bill.check = check;
    bill.n = bill.too_many = 0;
    collect(&bill, 0);
    reason = settle(&bill);
    if (reason != AG_R_NONE) {
        give_back(check);
    }
    return reason;
}

void ag_guard_charge_denied(ag_check_t *check)
{
    ag_verdict_t told = check->verdict;
    bill_t bill;

    bill.check = check;
    bill.n = bill.too_many = 0;
    collect(&bill, 0);
    settle(&bill); /* and what admit() took stays taken: no refusal is free */
    told.lines = check->verdict.lines;
    told.n_lines = check->verdict.n_lines;
    told.watched = check->verdict.watched;
    check->verdict = told;
}
