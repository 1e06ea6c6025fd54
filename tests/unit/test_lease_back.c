/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_back: leases that are given back, counters that memcached loses, and visitors that are killed or
 * come late.
 */
#include "lease_fixture.h"

#define PATIENCE_MS 400 /* far more than a busy machine takes for an answer */

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
    hang(server);
    pid = fork_child();
    if (pid == 0) {
        ag_charge_t c = make_charge(&w, &s);

        ag_store_lease_open(&store, leases, &config, pool);
        store->charge(store, &c, 1, now, pool);
        _exit(0);
    }
    usleep(200000); /* it has marked the lease, and waits */
    kill_child(pid);
    kill(server, SIGCONT);
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
    ag_breaker_t mine = {0, 0};
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
    hang(server);
    for (failed = 0; failed < 100 && store->charge(store, &c, 1, now, pool); failed++) {
        assert_false(c.allowed);
    }
    assert_int_equal(failed, 100);
    store->tend(store, now + 3 * APR_USEC_PER_SEC, pool); /* it has nothing to do, and learns nothing */
    assert_true(mine.open_until && mine.failures);
    /* One waited, and for all. */
    assert_in_range(apr_time_now() - start, PATIENCE_MS * MS, 5 * PATIENCE_MS * MS);
    kill(server, SIGCONT);
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
        cmocka_unit_test(test_idle_leases_are_given_back),
        cmocka_unit_test(test_requests_tend_where_nobody_does),
        cmocka_unit_test(test_a_lost_counter_is_restored),
        cmocka_unit_test(test_a_full_counter_that_is_lost_stays_full),
        cmocka_unit_test(test_a_killed_visitor_blocks_nobody),
        cmocka_unit_test(test_a_late_write_counts_no_more_than_its_own),
        cmocka_unit_test(test_a_refund_goes_into_the_lease),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
