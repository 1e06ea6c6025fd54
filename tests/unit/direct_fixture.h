/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct_fixture: a store of counters in a memcached of its own, that keeps what it logged, and questions to it
 * with the time they took.
 */
#ifndef AG_DIRECT_FIXTURE_H
#define AG_DIRECT_FIXTURE_H

#include "memcached_fixture.h"
#include "store_direct.h"

#define TIMEOUT_MS 400 /* far more than a busy machine takes for an answer */
#define WORD       "0000000000000000"

/* ---- the log --------------------------------------------------------------------------------- */

static int n_logged;
static char logged[1024];

static inline void remember(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    n_logged++;
    apr_cpystrn(logged, text, sizeof logged);
}

static const ag_log_t a_log = {remember, NULL, AG_LOG_DEBUG};

/* ---- asking ---------------------------------------------------------------------------------- */

static inline ag_store_t *open_at(const char *servers, const char *prefix, const ag_log_t *log)
{
    ag_fleet_config_t config = {servers, prefix, TIMEOUT_MS, 4, breaker, log, NULL};
    ag_store_t *store;

    assert_int_equal(open_direct(&store, &config, pool), APR_SUCCESS);
    return store;
}

static inline ag_store_t *open_store(void)
{
    memset(breaker, 0, sizeof *breaker);
    n_logged = 0;
    return open_at(address_of(port), "p:", &a_log);
}

/* The status of one charge, and how long it took. With a fault nothing is allowed. */
static inline apr_status_t ask(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at, int *ms)
{
    ag_charge_t c = make_charge(w, s);
    apr_time_t start = apr_time_now();
    apr_status_t rv;

    c.allowed = 1;
    rv = store->charge(store, &c, 1, at, pool);
    *ms = (int)((apr_time_now() - start) / 1000);
    if (rv) {
        assert_false(c.allowed);
    }
    return rv;
}

#endif
