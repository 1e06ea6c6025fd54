/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_lease: the store of a fleet, with more nodes than a machine holds. The nodes run the very code of
 * the module; only memcached and the clock are simulated. Every run is the same.
 *
 * Assumed: requests arrive at random (Poisson) at a random node; a visit to memcached takes no time,
 * is never lost and meets no rival; clocks differ by at most `skew`; each node's watchdog tends twice a second.
 * Checked, of every case:
 *   - one counter that is charged with each admission, when it is admitted, never says no. (With skewed
 *     clocks that counter may be exceeded by what arrives in the skew.)
 *   - the fleet admits at least 98 % of what one counter would admit that is asked for each request
 *   - round trips for each request stay below the case's bound
 *   - what an answer tells as left is left, whichever node says so: after the first second, in which nobody
 *     knows how busy the others are, no more than one answer in four hundred tells more. How much less they
 *     tell is printed, in seconds of the client's pace
 *   - memcached is lost, and each node goes on by itself (ApiGuardStoreFailure local, local/NODES): all that is
 *     admitted in that window is what had been charged until then, and what each node, or its part, saw left
 *
 *   sim_lease          a table of cases, in some seconds
 *   sim_lease --long   ten times as long
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "sim_memcached.h"

#define LEASES_SIZE (192 * 1024)
#define TEND        (APR_USEC_PER_SEC / 2)
#define START       (APR_INT64_C(1700000000) * APR_USEC_PER_SEC) /* not on a whole minute */

/* ---- chance ---------------------------------------------------------------------------------- */

static apr_uint64_t dice;

static double chance(void) /* (0, 1]; Vigna's splitmix64 */
{
    apr_uint64_t z = dice += APR_UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0 + 1e-16;
}

/* ---- a case ---------------------------------------------------------------------------------- */

typedef struct {
    const ag_algo_t *algo;
    apr_uint64_t n;
    apr_uint32_t seconds;
    apr_uint64_t burst;
    int nodes;
    double rate;     /* requests a second of the one client */
    int run;         /* seconds */
    double trips;    /* for each request, at most */
    double share;    /* of what one counter admits, at least */
    apr_time_t skew; /* of the clocks: half of it to either side */
} case_t;

typedef struct {
    ag_store_t *store;
    apr_time_t skew;
} node_t;

static void make_node(node_t *node, apr_time_t skew, apr_pool_t *p)
{
    static const ag_fleet_config_t config = {"", "", 1000, 1, NULL, NULL, NULL};
    ag_leases_t *leases;

    if (ag_leases_attach(&leases, apr_pcalloc(p, LEASES_SIZE), LEASES_SIZE, 1, p)
        || ag_store_lease_open(&node->store, leases, &config, p)) {
        abort();
    }
    node->skew = skew ? (apr_time_t)((chance() - 0.5) * (double)skew) : 0;
}

static int ask(apr_uint64_t *told, ag_store_t *store, const ag_window_t *window, ag_subject_t *subject,
               apr_time_t now, apr_pool_t *p)
{
    ag_charge_t charge = {.window = window, .subject = subject, .cost = 1};
    apr_status_t rv = store->charge(store, &charge, 1, now, p);

    *told = charge.quota.remaining;
    return rv == APR_SUCCESS && charge.allowed;
}

/* 1 when everything held. */
static int run(const case_t *c, int times, apr_pool_t *p)
{
    ag_window_t w = {.rate = {c->n, {c->seconds, AG_PERIOD_PLAIN}}, .burst = c->burst, .algo = c->algo, .id = {1, 2}};
    ag_subject_t s = {.id = {3, 4}};
    ag_counter_t seen = {0, 0, 0}, ideal = {0, 0, 0};
    node_t *nodes = apr_pcalloc(p, (apr_size_t)c->nodes * sizeof *nodes);
    apr_time_t now = START, end = START + (apr_time_t)c->run * times * APR_USEC_PER_SEC;
    apr_time_t tend = START;
    long requests = 0, admitted = 0, wanted = 0, over = 0, judged = 0, lies = 0;
    double share, each, less = 0;
    apr_uint64_t told;
    apr_pool_t *scratch;
    ag_quota_t quota;
    int i, good;

    apr_pool_create(&scratch, p);
    items = apr_hash_make(p);
    pool = p;
    trips = 0;
    dice = 1;
    for (i = 0; i < c->nodes; i++) {
        make_node(&nodes[i], c->skew, p);
    }
    while (now < end) {
        node_t *node = &nodes[(int)(chance() * c->nodes) % c->nodes];

        now += (apr_time_t)(-log(chance()) / c->rate * APR_USEC_PER_SEC);
        for (; tend < now; tend += TEND) {
            for (i = 0; i < c->nodes; i++) {
                nodes[i].store->tend(nodes[i].store, tend + nodes[i].skew, scratch);
            }
        }
        requests++;
        wanted += c->algo->step(&ideal, &w, now, 1, &quota);
        if (ask(&told, node->store, &w, &s, now + node->skew, scratch)) {
            admitted++;
            over += !c->algo->step(&seen, &w, now, 1, &quota);
            if (now >= START + APR_USEC_PER_SEC) {
                judged++;
                lies += told > quota.remaining;
                less += (double)quota.remaining - (double)told;
            }
        }
        apr_pool_clear(scratch);
    }
    share = (double)admitted / (double)wanted;
    each = (double)trips / (double)requests;
    good = (double)over <= (double)c->skew / APR_USEC_PER_SEC * c->rate * c->run * times / c->seconds
           && share >= c->share && each <= c->trips && (double)lies <= 0.0025 * (double)judged;
    printf("%-7s %8" APR_UINT64_T_FMT "/%-4us %5d nodes %6.0f/s %4d s  admitted %8ld, %6.2f %% of one "
           "counter's, too many %ld, round trips %.4f, told too much by %ld of %ld, too little by %.2f s  %s\n",
           c->algo->name, c->n, c->seconds, c->nodes, c->rate, c->run * times, admitted, 100 * share, over, each,
           lies, judged, judged ? less / (double)judged / c->rate : 0.0, good ? "ok" : "NOT OK");
    return good;
}

/* ---- memcached is lost ----------------------------------------------------------------------- */

typedef struct {
    const ag_algo_t *algo;
    apr_uint64_t n;
    int nodes;
    int parts;   /* local/parts */
    double rate; /* requests a second */
    int until;   /* seconds; ten times as many follow */
} lost_t;

#define ALONE_SIZE (64 * 1024)

typedef struct {
    node_t node;
    ag_store_t *alone;
} pair_t;

static apr_uint64_t left_of(const ag_counter_t *counter, const ag_window_t *w, apr_time_t now)
{
    ag_counter_t copy = *counter;
    ag_quota_t quota;

    w->algo->step(&copy, w, now, 0, &quota);
    return quota.remaining;
}

/* What the nodes may still admit when memcached is lost, and what had been charged to its counter. */
static apr_uint64_t bound_of(const lost_t *c, const pair_t *pairs, const ag_window_t *w, ag_subject_t *s,
                             apr_time_t now, apr_pool_t *p)
{
    ag_charge_t charge = {.window = w, .subject = s, .cost = 1};
    ag_id_t id = ag_entry_id(&charge, p);
    const item_t *item = apr_hash_get(items, &id, sizeof id);
    apr_uint64_t bound = c->n - left_of(&item->counter, w, now);
    int i;

    for (i = 0; i < c->nodes; i++) {
        ag_counter_t seen = {0, 0, 0};
        ag_store_t *store = pairs[i].node.store;

        if (!store->seen(store, &charge, &seen)) {
            memset(&seen, 0, sizeof seen);
        }
        bound += left_of(&seen, w, now) / (apr_uint64_t)c->parts;
    }
    return bound;
}

static int ask_anyhow(const pair_t *pair, const lost_t *c, const ag_window_t *w, ag_subject_t *s, apr_time_t now,
                      apr_pool_t *p)
{
    ag_charge_t charge = {.window = w, .subject = s, .cost = 1};

    if (pair->node.store->charge(pair->node.store, &charge, 1, now, p)) {
        ag_limit_go_on(pair->alone, pair->node.store, &charge, 1, (apr_uint64_t)c->parts, now, p);
        pair->alone->charge(pair->alone, &charge, 1, now, p);
    }
    return charge.allowed;
}

static int run_lost(const lost_t *c, apr_pool_t *p)
{
    ag_window_t w = {
        .rate = {c->n, {3600, AG_PERIOD_PLAIN}}, .algo = c->algo, .id = {1, 2}, .wire = {.name = "lost"}};
    ag_subject_t s = {.id = {3, 4}};
    pair_t *pairs = apr_pcalloc(p, (apr_size_t)c->nodes * sizeof *pairs);
    apr_time_t now = START, at = START + apr_time_from_sec(c->until), end = at + 10 * (at - START);
    apr_uint64_t bound = 0, admitted = 0, before = 0;
    apr_pool_t *scratch;
    int i, good;

    apr_pool_create(&scratch, p);
    items = apr_hash_make(p);
    pool = p;
    dice = 1;
    for (i = 0; i < c->nodes; i++) {
        make_node(&pairs[i].node, 0, p);
        if (ag_store_shm_attach(&pairs[i].alone, apr_pcalloc(p, ALONE_SIZE), ALONE_SIZE, 1, p)) {
            abort();
        }
    }
    for (lost = 0; now < end; now += (apr_time_t)(-log(chance()) / c->rate * APR_USEC_PER_SEC)) {
        const pair_t *pair = &pairs[(int)(chance() * c->nodes) % c->nodes];

        if (!lost && now > at) {
            lost = 1;
            before = admitted;
            bound = bound_of(c, pairs, &w, &s, now, scratch);
        }
        admitted += (apr_uint64_t)ask_anyhow(pair, c, &w, &s, now, scratch);
        apr_pool_clear(scratch);
    }
    lost = 0;
    good = admitted <= bound && (admitted > before || c->n <= 3);
    printf("%-7s %8" APR_UINT64_T_FMT "/h     %5d nodes %6.0f/s  lost after %d s and %" APR_UINT64_T_FMT
           ", local/%d  admitted %" APR_UINT64_T_FMT " of at most %" APR_UINT64_T_FMT "  %s\n",
           c->algo->name, c->n, c->nodes, c->rate, c->until, before, c->parts, admitted, bound,
           good ? "ok" : "NOT OK");
    return good;
}

#define S &ag_algo_sliding
#define F &ag_algo_fixed
#define B &ag_algo_bucket

static const case_t cases[] = {
    /* alg  n      s  burst nodes rate  run trips share skew */
    {S, 100000, 60, 0, 1, 1000, 150, 0.05, 0.98, 0},
    {S, 100000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {S, 60000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {S, 30000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {S, 30000, 60, 0, 1, 1000, 150, 0.05, 0.98, 0},
    {S, 1000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {S, 100, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {S, 1000, 3600, 0, 8, 1000, 60, 0.05, 0.98, 0},
    {S, 100000, 60, 0, 50, 1000, 150, 0.05, 0.98, 0},
    {F, 100000, 60, 0, 50, 1000, 150, 0.05, 0.98, 0},
    {S, 60000, 60, 0, 50, 1000, 150, 0.12, 0.98, 0},
    {S, 100000, 60, 0, 200, 1000, 150, 0.2, 0.98, 0},
    {S, 1000000, 3600, 0, 200, 1000, 150, 0.08, 0.98, 0},
    {S, 10000000, 86400, 0, 1000, 1000, 150, 0.4, 0.98, 0},
    {S, 100000, 60, 0, 1000, 1000, 70, 0.8, 0.98, 0},
    {S, 60000, 60, 0, 1000, 5000, 70, 0.5, 0.98, 0},
    {S, 60, 60, 0, 8, 1.05, 2000, 2, 0.98, 0},
    {S, 600, 60, 0, 4, 9.5, 1000, 1.3, 0.98, 0},
    {F, 100000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {F, 30000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {F, 1000, 3600, 0, 8, 1000, 60, 0.05, 0.98, 0},
    {F, 60000, 60, 0, 1000, 5000, 70, 0.5, 0.98, 0},
    {B, 100000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {B, 30000, 60, 0, 8, 1000, 150, 0.05, 0.98, 0},
    {B, 60000, 60, 1000, 8, 900, 150, 0.2, 0.98, 0},
    {B, 60000, 60, 0, 1000, 5000, 70, 0.5, 0.98, 0},
    {B, 6000, 60, 50, 8, 99, 300, 1.6, 0.98, 0}, /* tokens drain within a lease's life */
    {B, 100, 60, 10, 8, 3, 2000, 2, 0.98, 0},
    {S, 1200, 1, 0, 1, 1000, 60, 0.2, 0.98, 0},
    {S, 1000, 1, 0, 8, 2000, 60, 1.1, 0.98, 0},
    {F, 1000, 1, 0, 8, 2000, 60, 0.1, 0.98, 0},
    {&ag_algo_log, 3, 20, 0, 8, 1, 2000, 2, 0.98, 0},
    {&ag_algo_log, 1, 10, 0, 4, 1, 2000, 2, 0.98, 0},
    {S, 30000, 60, 0, 8, 1000, 150, 0.05, 0.98, 100000},
    {F, 30000, 60, 0, 8, 1000, 150, 0.05, 0.98, 100000},
};

static const lost_t losses[] = {
    /* alg  n  nodes parts rate until */
    {S, 150, 4, 1, 20, 5},         {S, 150, 4, 4, 20, 5},          {F, 150, 4, 1, 20, 5},
    {F, 150, 4, 4, 20, 5},         {F, 100000, 8, 1, 1000, 60},    {F, 100000, 8, 8, 1000, 60},
    {S, 100000, 50, 50, 1000, 60}, {&ag_algo_log, 3, 4, 1, 2, 10},
};

int main(int argc, char **argv)
{
    int times = argc > 1 && strcmp(argv[1], "--long") == 0 ? 10 : 1;
    apr_pool_t *p;
    size_t i;
    int bad = 0;

    apr_initialize();
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_pool_create(&p, NULL);
        bad += !run(&cases[i], times, p);
        apr_pool_destroy(p);
    }
    for (i = 0; i < sizeof losses / sizeof *losses; i++) {
        apr_pool_create(&p, NULL);
        bad += !run_lost(&losses[i], p);
        apr_pool_destroy(p);
    }
    i = sizeof cases / sizeof *cases + sizeof losses / sizeof *losses;
    printf("%d of %d cases\n", (int)i - bad, (int)i);
    apr_terminate();
    return bad != 0;
}
