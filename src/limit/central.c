/* SPDX-License-Identifier: Apache-2.0 */
/*
 * central: read, step, write back; again when a rival was quicker. A visit charges what a request
 * costs and then, as a second step of the same algorithm, what its node may spend on the requests
 * to come: at most an eighth of what is left, so that nobody takes all of it.
 *
 * It fails closed: a value that is not ours is a fault, never an empty counter.
 */
#include "central.h"

#include <apr_time.h>

#define TRIES 64 /* 8 processes on one counter: 16 sometimes ran out */
#define SHARE 8  /* a batch is at most this part of what is left */

/* Steps aside for a moment that grows with each try and differs between rivals. */
static void step_aside(int tries)
{
    unsigned char dice = 0;

    ag_random(&dice, 1);
    apr_sleep((apr_interval_time_t)dice << (tries < 4 ? tries : 4));
}

int ag_central_allowed(const ag_ask_t *asks, int n)
{
    while (n--) {
        if (!asks[n].allowed && !asks[n].dry_run) {
            return 0;
        }
    }
    return 1;
}

/* ---- one counter ----------------------------------------------------------------------------- */

/* Charges what may be spent later, beside a cost that has been charged. */
static void step_more(ag_ask_t *ask, apr_time_t now, const ag_quota_t *quota)
{
    apr_uint64_t batch = (quota->remaining + ask->cost) / SHARE;
    ag_quota_t after;

    batch = batch < ask->cost + ask->more ? batch : ask->cost + ask->more;
    if (batch > ask->cost && ask->window->algo->step(&ask->counter, ask->window, now, batch - ask->cost, &after)) {
        ask->charged = batch;
        ask->left = after.remaining;
    }
}

/* From what was read to what should be written; 1 when there is something to write. */
static int step_one(ag_ask_t *ask, apr_time_t now)
{
    const ag_window_t *window = ask->window;
    int begun = ask->generation && ask->entry.generation != ask->generation;
    ag_quota_t quota;

    ask->counter = ask->entry.counter;
    ask->charged = ask->left = 0;
    ask->written = 0;
    if (begun) {
        window->algo->restore(&ask->counter, &ask->seen, window);
    }
    if (ask->back) {
        window->algo->refund(&ask->counter, window, now, ask->back, ask->then);
    }
    ask->allowed = (unsigned)window->algo->step(&ask->counter, window, now, ask->cost, &quota);
    if (ask->allowed && ask->cost) {
        ask->charged = ask->cost;
        ask->left = quota.remaining;
        step_more(ask, now, &quota);
    }
    return begun || ask->back || ask->charged;
}

static apr_status_t write_one(ag_call_t *call, ag_ask_t *ask)
{
    apr_time_t idle_at = ask->window->algo->idle_at(&ask->counter, ask->window);
    apr_status_t rv = ag_entry_write(&call->wire, &ask->entry, &ask->counter, idle_at);

    ask->written = rv == APR_SUCCESS;
    return rv;
}

/* First as it was read with all others, then, whenever a rival was quicker, as it is then. */
static apr_status_t ask_one(ag_call_t *call, ag_ask_t *ask)
{
    apr_status_t rv = APR_SUCCESS;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        if (!step_one(ask, call->now)) {
            return APR_SUCCESS;
        }
        rv = write_one(call, ask);
        if (rv != APR_EBUSY) {
            return rv;
        }
        step_aside(tries);
        rv = ag_entry_read(&call->wire, &ask->entry, 1);
        if (rv) {
            return rv;
        }
    }
    return APR_EBUSY;
}

/* ---- all of a request's ---------------------------------------------------------------------- */

/* What each says before anything is written: most refusals end here. */
static int probe(const ag_call_t *call, ag_ask_t *asks, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        step_one(&asks[i], call->now);
    }
    return ag_central_allowed(asks, n);
}

/* A refused visit still gives back and restores; whether that is written now or by the next one
 * matters to nobody, so one try is enough. */
static apr_status_t ask_nothing(ag_call_t *call, ag_ask_t *ask)
{
    apr_uint64_t cost = ask->cost;
    unsigned allowed = ask->allowed;
    apr_status_t rv = APR_SUCCESS;

    ask->cost = 0;
    if (step_one(ask, call->now)) {
        rv = write_one(call, ask);
    }
    ask->cost = cost;
    ask->allowed = allowed;
    return rv == APR_EBUSY ? APR_SUCCESS : rv;
}

static apr_status_t refuse(ag_call_t *call, ag_ask_t *asks, int n)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < n && !rv; i++) {
        rv = ask_nothing(call, &asks[i]);
    }
    return rv;
}

/* A connection that a former memcached left is noticed by the first who uses it; the second try makes
 * a new one. */
apr_status_t ag_central_read(ag_call_t *call, ag_entry_t *entries, int n)
{
    apr_status_t rv;
    int i;

    for (i = 0; i < n; i++) {
        if (ag_fleet_enter(call, &entries[i])) {
            return APR_EAGAIN;
        }
    }
    rv = ag_entry_read(&call->wire, entries, n);
    if (rv && rv != APR_TIMEUP && call->wire.lost) {
        call->wire.fault = APR_SUCCESS;
        rv = ag_entry_read(&call->wire, entries, n);
    }
    return rv;
}

apr_status_t ag_central_read_sign(ag_call_t *call, ag_entry_t *entry)
{
    apr_status_t rv;

    entry->there = 0;
    rv = ag_central_read(call, entry, 1);
    if (rv == APR_EGENERAL && entry->there && !entry->generation) {
        call->wire.fault = rv = APR_SUCCESS;
    }
    return rv;
}

apr_status_t ag_central_ask(ag_call_t *call, ag_ask_t *asks, int n)
{
    ag_entry_t *entries = apr_palloc(call->wire.p, (apr_size_t)n * sizeof *entries);
    apr_status_t rv;
    int i;

    for (i = 0; i < n; i++) {
        entries[i] = asks[i].entry;
    }
    rv = ag_central_read(call, entries, n);
    for (i = 0; i < n; i++) {
        asks[i].entry = entries[i];
        asks[i].charged = 0;
        asks[i].written = 0;
    }
    if (!rv && !probe(call, asks, n)) {
        return refuse(call, asks, n);
    }
    for (i = 0; i < n && !rv; i++) {
        rv = ask_one(call, &asks[i]);
        if (!rv && !ag_central_allowed(&asks[i], 1)) {
            return refuse(call, asks + i + 1, n - i - 1);
        }
    }
    return rv;
}

void ag_central_refund(ag_call_t *call, ag_entry_t *entry, const ag_window_t *window, apr_uint64_t cost,
                       apr_time_t then, apr_uint64_t generation)
{
    int tries = ag_fleet_enter(call, entry) ? TRIES : 0;

    for (; tries < TRIES; tries++) {
        if (ag_entry_read(&call->wire, entry, 1) || !entry->there
            || (generation && entry->generation != generation)) {
            return;
        }
        window->algo->refund(&entry->counter, window, call->now, cost, then);
        if (ag_entry_write(&call->wire, entry, &entry->counter, window->algo->idle_at(&entry->counter, window))
            != APR_EBUSY) {
            return;
        }
        step_aside(tries);
    }
}
