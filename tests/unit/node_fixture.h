/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_fixture: nodes of a fleet with leases, and a memcached of their own.
 */
#ifndef AG_NODE_FIXTURE_H
#define AG_NODE_FIXTURE_H

#include "memcached_fixture.h"

#include "../../src/limit/entry.h"
#include "../../src/limit/lease.h"
#include "../../src/limit/lease_reset.h"
#include "../../src/limit/lease_restore.h"

#define LEASES_SIZE (1 << 20)
#define SECOND      APR_USEC_PER_SEC
#define N           50

static char told[256];

static inline void hear(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *line)
{
    (void)log;
    (void)level;
    (void)rv;
    apr_cpystrn(told, line, sizeof told);
}

static inline ag_leases_t *make_leases(void)
{
    ag_leases_t *leases;

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    return leases;
}

static inline ag_store_t *open_node(ag_leases_t *leases, int at_port, int timeout)
{
    static const ag_log_t log = {.write = hear, .level = AG_LOG_DEBUG};
    ag_fleet_config_t config = {address_of(at_port), "restore:", timeout, 2, breaker, &log, NULL};
    ag_store_t *store;

    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

/* One that has not looked yet. */
static inline ag_store_t *new_node(void)
{
    return open_node(make_leases(), port, 2000);
}

static inline ag_store_t *make_node(void)
{
    ag_store_t *store = new_node();

    ag_lease_restore(store, now, pool);
    return store;
}

static inline ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::l%d.%d", (int)getpid(), ++number));
}

static inline int drain(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int n = 0;

    while (n < 1000 && hit_at(store, w, s, at, NULL)) {
        n++;
    }
    return n;
}

#endif
