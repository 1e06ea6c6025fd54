/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_breaker: what happens when memcached is dead, hung, or back again: whatever it is, a failure never
 * looks like "allowed", and hardly anybody waits.
 */
#include "direct_fixture.h"

/* ---- the breaker by itself ------------------------------------------------------------------- */

static void test_breaker(void **state)
{
    const apr_time_t second = APR_USEC_PER_SEC;
    ag_breaker_t b = {0, 0};

    (void)state;
    assert_true(ag_breaker_enter(&b, now));
    assert_false(ag_breaker_bad(&b, now, 0));
    assert_false(ag_breaker_good(&b));
    assert_false(ag_breaker_bad(&b, now, 0)); /* two, but not in a row */
    assert_true(ag_breaker_enter(&b, now));
    assert_true(ag_breaker_bad(&b, now, 0));
    assert_false(ag_breaker_enter(&b, now));
    assert_false(ag_breaker_enter(&b, now + second - 1));
    assert_true(ag_breaker_enter(&b, now + second));   /* one tries */
    assert_false(ag_breaker_enter(&b, now + second));  /* the others wait */
    assert_false(ag_breaker_bad(&b, now + second, 0)); /* it was open, nothing changes */
    assert_false(ag_breaker_enter(&b, now + 2 * second - 1));
    assert_true(ag_breaker_enter(&b, now + 2 * second));
    assert_true(ag_breaker_good(&b));
    assert_true(ag_breaker_enter(&b, now) && ag_breaker_enter(&b, now));
    assert_false(ag_breaker_bad(&b, now, 0));
    assert_true(ag_breaker_bad(&b, now, 0));
    assert_true(ag_breaker_enter(&b, now - 3600 * second)); /* the clock was set back an hour */
    assert_true(ag_breaker_good(&b));
    assert_true(ag_breaker_enter(&b, now));
    assert_true(ag_breaker_bad(&b, now, 1)); /* a time-out is enough */
    assert_false(ag_breaker_enter(&b, now));
}

/* ---- dead, hung, back again ------------------------------------------------------------------ */

/* So many faults, then nobody is made to wait; a second later one caller tries again. */
static void expect_outage(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, int faults)
{
    int i, ms;

    for (i = 0; i < faults; i++) {
        apr_status_t rv = ask(store, w, s, now, &ms);

        assert_true(rv != APR_SUCCESS && rv != APR_EAGAIN);
        assert_in_range(ms, 0, 2 * TIMEOUT_MS);
    }
    assert_int_equal(n_logged, 1);
    assert_non_null(strstr(logged, "AG0501"));
    assert_non_null(strstr(logged, address_of(port)));
    for (i = 0; i < 1000; i++) {
        assert_int_equal(ask(store, w, s, now, &ms), APR_EAGAIN);
        assert_in_range(ms, 0, TIMEOUT_MS / 2);
    }
    assert_true(ask(store, w, s, now + APR_USEC_PER_SEC, &ms) != APR_SUCCESS);
    assert_int_equal(ask(store, w, s, now + APR_USEC_PER_SEC, &ms), APR_EAGAIN);
    assert_int_equal(n_logged, 1);
}

/* Asks once a second of its own clock until it answers. */
static void expect_recovery(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    int i, ms;

    for (i = 2; i < 60 && ask(store, w, s, now + i * APR_USEC_PER_SEC, &ms); i++) {
        usleep(100000);
    }
    assert_in_range(i, 2, 40);
    assert_int_equal(n_logged, 2);
    assert_non_null(strstr(logged, "AG0502"));
    assert_true(breaker->open_until == 0 && breaker->failures == 0);
}

static void test_a_dead_server(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(50, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("dead");
    ag_charge_t c = make_charge(&w, &s);

    (void)state;
    assert_true(hit(store, &w, &s));
    kill_child(server);
    expect_outage(store, &w, &s, 2);
    c.allowed = 1;
    store->refund(store, &c, 1, now, now, pool); /* nobody there: nothing happens */
    server = start_memcached(port);
    expect_recovery(store, &w, &s);
}

static void test_a_server_that_never_was(void **state)
{
    ag_store_t *store;
    ag_window_t w = make_window(50, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("dead");
    int right = port;

    (void)state;
    port = free_port();
    store = open_store();
    expect_outage(store, &w, &s, 2);
    port = right;
}

/* It hangs; what it counts when it wakes up may be too much, but never too little. */
static void test_a_hung_server(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("hung"), other = make_subject("awake");
    int i, passed = 1;

    (void)state;
    assert_true(hit(store, &w, &s));
    hang(server);
    expect_outage(store, &w, &s, 1); /* who waited in vain waited for all */
    kill(server, SIGCONT);
    expect_recovery(store, &w, &other);
    for (i = 0; i < 10; i++) {
        passed += hit(store, &w, &s);
    }
    assert_in_range(passed, 1, 5);
}

/* The breaker's second begins when the wait ends: with a time-out of two seconds everybody waited. */
static void test_nobody_waits_in_the_second_after_a_time_out(void **state)
{
    const apr_time_t end = now + apr_time_from_msec(TIMEOUT_MS) + APR_USEC_PER_SEC;
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("hung");
    int ms;

    (void)state;
    hang(server);
    assert_int_equal(ask(store, &w, &s, now, &ms), APR_TIMEUP);
    assert_int_equal(ask(store, &w, &s, end - 1, &ms), APR_EAGAIN);
    kill(server, SIGCONT);
    assert_int_equal(ask(store, &w, &s, end, &ms), APR_SUCCESS);
}

/* Of two servers one is dead: what lies there is a fault, what lies on the other is counted, and a
 * request that needs both is a fault too. */
static void test_one_of_two_is_dead(void **state)
{
    const char *servers = apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d", port, free_port());
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    int i, here = 0, ms;
    ag_store_t *store;

    (void)state;
    for (i = 0; i < 40; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "two:%d", i));

        memset(breaker, 0, sizeof *breaker);
        store = open_at(servers, NULL, NULL);
        here += ask(store, &w, &s, now, &ms) == APR_SUCCESS;
    }
    assert_in_range(here, 5, 35);
    for (i = 0; i < 20; i++) {
        ag_subject_t subjects[20];
        ag_charge_t c[20];
        int k;

        for (k = 0; k < 20; k++) {
            subjects[k] = make_subject(apr_psprintf(pool, "both:%d:%d", i, k));
            c[k] = make_charge(&w, &subjects[k]);
            c[k].cost = (apr_uint64_t)i % 2; /* what costs nothing is only read */
        }
        memset(breaker, 0, sizeof *breaker);
        assert_int_not_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
    }
}

/* A server that comes back is asked again, by the same connection. */
static void test_the_second_server_comes_back(void **state)
{
    int second = free_port();
    const char *servers = apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d", port, second);
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t subjects[20];
    ag_charge_t c[20];
    ag_store_t *store;
    pid_t pid;
    int i;

    (void)state;
    for (i = 0; i < 20; i++) {
        subjects[i] = make_subject(apr_psprintf(pool, "back:%d", i));
        c[i] = make_charge(&w, &subjects[i]);
    }
    memset(breaker, 0, sizeof *breaker);
    store = open_at(servers, NULL, NULL);
    assert_int_not_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
    pid = start_memcached(second);
    for (i = 1; i < 60 && store->charge(store, c, 20, now + i * APR_USEC_PER_SEC, pool); i++) {
        usleep(100000);
    }
    assert_in_range(i, 1, 40);
    for (i = 1; i < 5; i++) {
        assert_int_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
        assert_int_equal(ag_charges_allowed(c, 20), 1);
    }
    kill_child(pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_a_dead_server),
        cmocka_unit_test(test_a_server_that_never_was),
        cmocka_unit_test(test_a_hung_server),
        cmocka_unit_test(test_nobody_waits_in_the_second_after_a_time_out),
        cmocka_unit_test(test_one_of_two_is_dead),
        cmocka_unit_test(test_the_second_server_comes_back),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
