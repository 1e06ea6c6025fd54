/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_direct: counters that a fleet shares, asked for every request: what a fleet's store must
 * admit, without leases, and so what the tests compare with. The price is a round trip to read a
 * request's counters and one to write each of them.
 */
#ifndef STORE_DIRECT_H
#define STORE_DIRECT_H

#include <string.h>

#include "../../src/limit/central.h"

typedef struct {
    ag_store_t base;
    ag_fleet_t *fleet;
} direct_t;

static ag_ask_t *make_asks(const ag_fleet_t *fleet, const ag_charge_t *charges, int n, apr_pool_t *p)
{
    ag_ask_t *asks = apr_pcalloc(p, (apr_size_t)n * sizeof *asks);
    int i;

    for (i = 0; i < n; i++) {
        ag_entry_name(&asks[i].entry, fleet->config.prefix, ag_entry_id(&charges[i], p));
        asks[i].window = charges[i].window;
        asks[i].cost = charges[i].cost;
        asks[i].dry_run = charges[i].dry_run;
    }
    return asks;
}

/* A refused request consumes nothing: gives back what was charged, unless the server is gone. */
static void undo(ag_call_t *call, ag_ask_t *asks, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        ag_ask_t *ask = &asks[i];

        if (ask->written && ask->charged && !call->wire.fault) {
            ag_central_refund(call, &ask->entry, ask->window, ask->charged, call->now, 0);
            ask->counter = ask->entry.counter;
        }
        ask->charged = 0;
    }
}

/* What each window says; of a request that was refused elsewhere, what is left without it. */
static void tell(const ag_ask_t *asks, ag_charge_t *charges, int n, apr_time_t now)
{
    int i;

    for (i = 0; i < n; i++) {
        const ag_window_t *window = asks[i].window;
        ag_counter_t counter = asks[i].counter;
        apr_uint64_t cost = asks[i].allowed && !asks[i].charged ? 0 : asks[i].cost;

        if (asks[i].charged) { /* by the step that was made, not after it */
            window->algo->refund(&counter, window, now, asks[i].charged, AG_JUST_NOW);
        }
        window->algo->step(&counter, window, now, cost, &charges[i].quota);
        charges[i].allowed = asks[i].allowed;
    }
}

/* Whoever overlooks the status finds nothing allowed. */
static void allow_nothing(ag_charge_t *charges, int n)
{
    while (n--) {
        charges[n].allowed = 0;
    }
}

static apr_status_t charge_direct(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p)
{
    ag_call_t call;
    apr_status_t rv;

    if (n < 1) {
        return APR_SUCCESS;
    }
    rv = ag_fleet_begin(&call, ((direct_t *)store)->fleet, now, p);
    if (!rv) {
        ag_ask_t *asks = make_asks(call.fleet, charges, n, p);

        rv = ag_central_ask(&call, asks, n);
        if (rv || !ag_central_allowed(asks, n)) {
            undo(&call, asks, n);
        }
        ag_fleet_end(&call);
        tell(asks, charges, n, now);
    }
    if (rv) {
        allow_nothing(charges, n);
    }
    return rv;
}

static void refund_direct(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then,
                          apr_pool_t *p)
{
    ag_ask_t *asks;
    ag_call_t call;
    int i;

    if (!ag_charges_allowed(charges, n) || ag_fleet_begin(&call, ((direct_t *)store)->fleet, now, p)) {
        return; /* nothing was consumed, or nobody is there to give it back to */
    }
    asks = make_asks(call.fleet, charges, n, p);
    for (i = 0; i < n && !call.wire.fault; i++) {
        if (charges[i].allowed && charges[i].cost) {
            ag_central_refund(&call, &asks[i].entry, charges[i].window, charges[i].cost, then, 0);
        }
    }
    ag_fleet_end(&call);
}

static apr_status_t open_direct(ag_store_t **store, const ag_fleet_config_t *config, apr_pool_t *p)
{
    static const ag_store_t base = {"direct", charge_direct, refund_direct, NULL, NULL, NULL};
    direct_t *direct = apr_pcalloc(p, sizeof *direct);

    direct->base = base;
    *store = &direct->base;
    return ag_fleet_open(&direct->fleet, config, p);
}

#endif
