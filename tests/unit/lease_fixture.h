/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_fixture: nodes with leases and a memcached that they share, and what they cost it.
 */
#ifndef AG_LEASE_FIXTURE_H
#define AG_LEASE_FIXTURE_H

#include "memcached_fixture.h"

#define LEASES_SIZE (1 << 20)
#define MS          1000

/* ---- nodes ----------------------------------------------------------------------------------- */

static inline ag_store_t *make_node(void)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address_of(port), "fleet:", 3000, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

static inline ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::c%d.%d", (int)getpid(), ++number));
}

/* Reads and writes, a round trip each; without those that were made again since another node's write
 * came between, which the machine's scheduler decides. */
static inline long trips(void)
{
    return stat_of(port, "cmd_get") + stat_of(port, "cmd_set") - 2 * stat_of(port, "cas_badval");
}

/* A time at the beginning of a window, so that a test does not run over its end. A bucket has no
 * windows, and what is idle for a minute is gone from memcached; the second begins, since a lease is
 * as large as what was spent in one. */
static inline apr_time_t window_start(const ag_window_t *w)
{
    return w->algo == &ag_algo_bucket ? now - now % APR_USEC_PER_SEC : ag_period_start(&w->rate.period, now);
}

#endif
