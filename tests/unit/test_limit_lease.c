/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_lease: leases: never too many, enough for all, and few round trips.
 */
#include "lease_fixture.h"

#define NODES 8

/* ---- never too many -------------------------------------------------------------------------- */

typedef struct {
    volatile int go;
    int passed[NODES];
    int failed[NODES];
} race_t;

/* Each node its own clock, which runs from `start` by `step` a request. */
static void run_node(race_t *race, int node, const ag_window_t *w, ag_subject_t *s, apr_time_t start, apr_time_t step,
                     int hits)
{
    ag_store_t *store = make_node();
    int scarce = w->rate.n < (apr_uint64_t)(NODES * hits), allowed = 0;
    int i;

    while (!race->go) {
        usleep(100);
    }
    for (i = 0; i < hits || allowed; i++) { /* no node ends with tokens that others lack */
        ag_charge_t c = make_charge(w, s);

        if (store->charge(store, &c, 1, start + i * step, pool)) {
            race->failed[node]++;
        }
        allowed = scarce && c.allowed;
        race->passed[node] += c.allowed;
    }
    _exit(0);
}

/* How many of NODES * hits pass; none may fail. */
static int race_nodes(race_t *race, const ag_window_t *w, apr_time_t start, apr_time_t step, int hits)
{
    ag_subject_t s = new_subject();
    pid_t pids[NODES];
    int i, passed = 0;

    memset(race, 0, sizeof *race);
    for (i = 0; i < NODES; i++) {
        pids[i] = fork_child();
        if (pids[i] == 0) {
            run_node(race, i, w, &s, start, step, hits);
        }
    }
    race->go = 1;
    for (i = 0; i < NODES; i++) {
        waitpid(pids[i], NULL, 0);
        assert_int_equal(race->failed[i], 0);
        passed += race->passed[i];
    }
    return passed;
}

/* All ask for far more than there is, at the same moment: exactly N pass. A bucket's token that
 * begins to drain while it is reserved is lost to its node, some moments' worth of them. */
static void test_eight_nodes_admit_exactly_n(void **state)
{
    race_t *race = share(sizeof *race);
    int passed;
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_window_t w = make_window(1000, 86400 * 30, algos[a]);

        passed = race_nodes(race, &w, now, 1, 400);
        assert_in_range(passed, algos[a] == &ag_algo_bucket ? 990 : 1000, 1000);
    }
}

/* Nobody starves: where there is enough for all, all get what they ask for. */
static void test_eight_nodes_and_enough_for_all(void **state)
{
    race_t *race = share(sizeof *race);
    ag_window_t w = make_window(1000000, 86400, &ag_algo_sliding);
    long before = trips();

    (void)state;
    assert_int_equal(race_nodes(race, &w, window_start(&w), MS, 1000), NODES * 1000);
    assert_in_range(trips() - before, 1, NODES * 1000 / 20);
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void test_a_fast_client_asks_seldom(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *store = make_node();
        ag_window_t w = make_window(100000, 60, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t start = window_start(&w);
        long before = trips();
        int i;

        for (i = 0; i < 10000; i++) {
            assert_int_equal(hit_at(store, &w, &s, start + i * MS, NULL), 1);
        }
        assert_in_range(trips() - before, 1, 500);
    }
}

/* What was seen full refuses by itself. */
static void test_refusals_cost_no_round_trip(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *store = make_node();
        ag_window_t w = make_window(5, 3600, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t start = window_start(&w);
        ag_quota_t quota;
        long before;
        int i;

        for (i = 0; i < 5; i++) {
            assert_int_equal(hit_at(store, &w, &s, start, NULL), 1);
        }
        before = trips();
        for (i = 0; i < 1000; i++) {
            assert_int_equal(hit_at(store, &w, &s, start + i * MS, &quota), 0);
            assert_true(quota.retry > 0 && quota.remaining == 0);
        }
        assert_int_equal(trips(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eight_nodes_admit_exactly_n),
        cmocka_unit_test(test_eight_nodes_and_enough_for_all),
        cmocka_unit_test(test_a_fast_client_asks_seldom),
        cmocka_unit_test(test_refusals_cost_no_round_trip),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
