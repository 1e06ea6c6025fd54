/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_lease: a fleet of nodes, each a process with leases of its own, on one memcached:
 * together they never admit more than the limit, they ask seldom, and what a node does not need it
 * gives back.
 */
#include "limit_fixture.h"

#include <stdlib.h>

#include <apr_time.h>

#define NODES       8
#define LEASES_SIZE (1 << 20)
#define MS          1000
#define PATIENCE_MS 400 /* far more than a busy machine takes for an answer */

static int port;
static pid_t memcached;
static ag_breaker_t *breaker; /* of a node; here they could share it */
static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket};

/* ---- nodes ----------------------------------------------------------------------------------- */

static ag_store_t *make_node(void)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address_of(port), "fleet:", 3000, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::c%d.%d", (int)getpid(), ++number));
}

/* Reads and writes, a round trip each; without those that were made again since another node's write
 * came between, which the machine's scheduler decides. */
static long trips(void)
{
    return stat_of(port, "cmd_get") + stat_of(port, "cmd_set") - 2 * stat_of(port, "cas_badval");
}

/* A time at the beginning of a window, so that a test does not run over its end. A bucket has no
 * windows, and what is idle for a minute is gone from memcached; the second begins, since a lease is
 * as large as what was spent in one. */
static apr_time_t window_start(const ag_window_t *w)
{
    return w->algo == &ag_algo_bucket ? now - now % APR_USEC_PER_SEC : ag_period_start(&w->rate.period, now);
}

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

/* ---- giving back ----------------------------------------------------------------------------- */

/* A node that has just spent much holds a lease; when nobody comes any more, tend() gives it back
 * and another node can have it. */
static void test_idle_leases_are_given_back(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *busy = make_node(), *other = make_node();
        ag_window_t w = make_window(1000, 36000, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t start = window_start(&w), idle;
        int i, passed = 0;

        for (i = 0; i < 300; i++) {
            passed += hit_at(busy, &w, &s, start + i * MS, NULL);
        }
        assert_int_equal(passed, 300);
        busy->tend(busy, start + 300 * MS, pool); /* too early: it may go on */
        while (hit_at(other, &w, &s, start + 301 * MS, NULL)) {
            passed++;
        }
        assert_in_range(passed, 900, 999);
        idle = start + (algos[a]->drains ? 11000 : 1500) * MS;
        busy->tend(busy, idle, pool);
        for (i = 0; i < 1000; i++) { /* the last hundredth comes one in a second */
            passed += hit_at(other, &w, &s, idle + (4000 + 20 * i) * MS, NULL);
        }
        assert_in_range(passed, 998, 1000); /* of a bucket a moment's worth is kept back */
        passed += hit_at(busy, &w, &s, idle + 26000 * MS, NULL);
        assert_in_range(passed, 998, 1000);
    }
}

/* Without tend() a visit for anything else does it in passing. */
static void test_requests_tend_where_nobody_does(void **state)
{
    ag_store_t *busy = make_node(), *other = make_node();
    ag_window_t w = make_window(1000, 36000, &ag_algo_fixed);
    ag_window_t any = make_window(1000, 36000, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    apr_time_t start = window_start(&w);
    int i, passed = 0;

    (void)state;
    for (i = 0; i < 300; i++) {
        passed += hit_at(busy, &w, &s, start + i * MS, NULL);
    }
    for (i = 0; i < 60; i++) { /* each looks through a part of the table, by the second */
        ag_subject_t passer = new_subject();

        hit_at(busy, &any, &passer, start + (5000 + 1000 * i) * MS, NULL);
    }
    for (i = 0; i < 1000; i++) {
        passed += hit_at(other, &w, &s, start + (70000 + i) * MS, NULL);
    }
    assert_int_equal(passed, 1000);
}

/* ---- a counter that is lost ------------------------------------------------------------------ */

static void say(const char *text)
{
    char answer[256];
    int s = connect_to(port);

    assert_true(s >= 0);
    assert_int_equal(write(s, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(shutdown(s, SHUT_WR), 0);
    while (read(s, answer, sizeof answer) > 0) {
    }
    close(s);
}

/* Flushed in the middle: the nodes put back what they had seen. What others reserved since a node
 * last asked may be admitted twice, about a lease of each. */
static void test_a_lost_counter_is_restored(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *nodes[4] = {make_node(), make_node(), make_node(), make_node()};
        ag_window_t w = make_window(1000, 360000, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t start = window_start(&w);
        int i, passed = 0;

        for (i = 0; i < 700; i++) {
            passed += hit_at(nodes[i % 4], &w, &s, start + i * MS, NULL);
        }
        assert_int_equal(passed, 700);
        say("flush_all\r\n");
        for (; i < 3000; i++) {
            passed += hit_at(nodes[i % 4], &w, &s, start + i * MS, NULL);
        }
        /* A lease is here an eighth of what is left, or what a node spent: 40 at most. */
        assert_in_range(passed, 990, 1000 + 4 * 40);
    }
}

/* One that is full and seen so by all stays full. */
static void test_a_full_counter_that_is_lost_stays_full(void **state)
{
    ag_store_t *nodes[2] = {make_node(), make_node()};
    ag_window_t w = make_window(10, 360000, &ag_algo_sliding);
    ag_subject_t s = new_subject();
    apr_time_t start = window_start(&w);
    int i, passed = 0;

    (void)state;
    for (i = 0; i < 40; i++) {
        passed += hit_at(nodes[i % 2], &w, &s, start, NULL);
    }
    assert_int_equal(passed, 10);
    say("flush_all\r\n");
    for (i = 0; i < 40; i++) { /* over a minute, so they ask again now and then */
        assert_int_equal(hit_at(nodes[i % 2], &w, &s, start + i * 2 * APR_USEC_PER_SEC, NULL), 0);
    }
}

/* ---- what goes wrong on the way -------------------------------------------------------------- */

/* A process that is killed while it asks takes its node's mark with it: the others wait for no
 * longer than a visit may take. */
static void test_a_killed_visitor_blocks_nobody(void **state)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address_of(port), "killed:", 2000, 2, breaker, NULL, NULL};
    ag_window_t w = make_window(100, 3600, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    pid_t pid;
    int i, passed = 0;

    (void)state;
    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    assert_int_equal(hit(store, &w, &s), 1);
    hang(memcached);
    pid = fork_child();
    if (pid == 0) {
        ag_charge_t c = make_charge(&w, &s);

        ag_store_lease_open(&store, leases, &config, pool);
        store->charge(store, &c, 1, now, pool);
        _exit(0);
    }
    usleep(200000); /* it has marked the lease, and waits */
    kill_child(pid);
    kill(memcached, SIGCONT);
    for (i = 0; i < 200 && passed < 99; i++) {
        ag_charge_t c = make_charge(&w, &s);

        if (store->charge(store, &c, 1, now, pool) == APR_SUCCESS) {
            passed += c.allowed;
        }
    }
    assert_int_equal(passed, 99);
    assert_in_range(i, 99, 104);
}

/* Hung while it was to write: the node counts as if nothing had been reserved; memcached writes it
 * down when it wakes, and the counter is ahead by that one reservation. */
static void test_a_late_write_counts_no_more_than_its_own(void **state)
{
    ag_store_t *store, *other = make_node();
    ag_leases_t *leases;
    ag_breaker_t mine = {0, 0, 0};
    ag_fleet_config_t config = {address_of(port), "fleet:", PATIENCE_MS, 2, &mine, NULL, NULL};
    ag_window_t w = make_window(100, 3600, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    ag_charge_t c = make_charge(&w, &s);
    apr_time_t start = apr_time_now();
    int i, passed = 0, failed;

    (void)state;
    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    passed += hit(store, &w, &s);
    hang(memcached);
    for (failed = 0; failed < 100 && store->charge(store, &c, 1, now, pool); failed++) {
        assert_false(c.allowed);
    }
    assert_int_equal(failed, 100);
    store->tend(store, now + 3 * APR_USEC_PER_SEC, pool); /* it has nothing to do, and learns nothing */
    assert_true(mine.open_until && mine.failures);
    /* One waited, and for all. */
    assert_in_range(apr_time_now() - start, PATIENCE_MS * MS, 5 * PATIENCE_MS * MS);
    kill(memcached, SIGCONT);
    trips(); /* it is awake */
    usleep(100000);
    for (i = 0; i < 200; i++) {
        passed += hit(other, &w, &s);
    }
    assert_in_range(passed, 98, 100);
}

/* ---- refunds --------------------------------------------------------------------------------- */

/* What one request gives back another one on this node can spend, without a word to memcached. */
static void test_a_refund_goes_into_the_lease(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *store = make_node();
        ag_window_t w = make_window(10000, 3600, algos[a]);
        ag_subject_t s = new_subject();
        ag_charge_t c = make_charge(&w, &s);
        long before;
        int i;

        for (i = 0; i < 100; i++) {
            assert_int_equal(hit(store, &w, &s), 1);
        }
        before = trips();
        for (i = 0; i < 1000; i++) {
            assert_int_equal(store->charge(store, &c, 1, now, pool), APR_SUCCESS);
            store->refund(store, &c, 1, now, now, pool);
        }
        assert_in_range(trips() - before, 0, 4);
        assert_int_equal(left(store, &w, &s), 9900);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eight_nodes_admit_exactly_n),
        cmocka_unit_test(test_eight_nodes_and_enough_for_all),
        cmocka_unit_test(test_a_fast_client_asks_seldom),
        cmocka_unit_test(test_refusals_cost_no_round_trip),
        cmocka_unit_test(test_idle_leases_are_given_back),
        cmocka_unit_test(test_requests_tend_where_nobody_does),
        cmocka_unit_test(test_a_lost_counter_is_restored),
        cmocka_unit_test(test_a_full_counter_that_is_lost_stays_full),
        cmocka_unit_test(test_a_killed_visitor_blocks_nobody),
        cmocka_unit_test(test_a_late_write_counts_no_more_than_its_own),
        cmocka_unit_test(test_a_refund_goes_into_the_lease),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    breaker = share(sizeof *breaker);
    port = free_port();
    memcached = start_memcached(port);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    kill_child(memcached);
    apr_terminate();
    return failed;
}
