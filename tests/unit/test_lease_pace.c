/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_pace: what a node makes of how fast others spend: what it tells a client is left, and how
 * long it holds its own tokens.
 */
#include "unit.h"

#include "../../src/limit/lease.h"

#define SECOND APR_USEC_PER_SEC
#define PERIOD 100
#define START  (APR_INT64_C(1700000000) * SECOND) /* a window's, of so many seconds */

static ag_window_t window_of(apr_uint64_t n, const ag_algo_t *algo)
{
    ag_window_t w = {.rate = {n, {PERIOD, AG_PERIOD_PLAIN}}, .algo = algo};

    return w;
}

static ag_counter_t used(apr_uint64_t count)
{
    ag_counter_t c = {(apr_uint64_t)START, count, 0};

    return c;
}

/* A lease of a node that asked at START and learned that so many are used. */
static ag_lease_t lease_of(const ag_window_t *w, apr_uint64_t count)
{
    ag_lease_t lease = {.tag = {1, 1}};
    ag_counter_t seen = used(count);

    ag_lease_learn(&lease, w, &seen, 2, START);
    return lease;
}

static void watch(ag_lease_t *lease, const ag_window_t *w, apr_uint64_t count, apr_time_t now)
{
    ag_counter_t read = used(count);

    ag_lease_watch(lease, w, &read, now);
    ag_lease_learn(lease, w, &read, 2, now);
}

static void test_others_are_seen_between_two_visits(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_fixed);
    ag_lease_t lease = lease_of(&w, 100);

    (void)state;
    watch(&lease, &w, 100, START + SECOND);
    assert_int_equal(lease.peer_rate, 0); /* nobody else */
    watch(&lease, &w, 300, START + 2 * SECOND);
    assert_int_equal(lease.peer_rate, 200);
    watch(&lease, &w, 310, START + 2 * SECOND + SECOND / 2);
    assert_int_equal(lease.peer_rate, 20);
    assert_int_equal(lease.peer_rate_max, 200); /* not forgotten at once */
    watch(&lease, &w, 300, START + 4 * SECOND); /* given back */
    assert_int_equal(lease.peer_rate, 0);
    assert_int_equal(lease.peer_rate_max, 150);
    watch(&lease, &w, 350, START + 4 * SECOND + 1); /* the shortest time counts as a tenth of a second */
    assert_int_equal(lease.peer_rate, 500);
    watch(&lease, &w, 350, START + 3 * SECOND); /* a clock set back */
    assert_int_equal(lease.peer_rate, 0);
    watch(&lease, &w, 40, START + (PERIOD + 2) * SECOND); /* since the new window began */
    assert_int_equal(lease.peer_rate, 0);                 /* but the counter is the old window's */
}

static void test_others_in_a_new_window(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_fixed);
    ag_lease_t lease = lease_of(&w, 900);
    ag_counter_t read = {(apr_uint64_t)(START + PERIOD * SECOND), 200, 0};

    (void)state;
    ag_lease_watch(&lease, &w, &read, START + (PERIOD + 2) * SECOND);
    assert_int_equal(lease.peer_rate, 100);
}

static apr_uint64_t told(const ag_lease_t *lease, const ag_window_t *w, apr_uint64_t remaining, apr_uint64_t sure,
                         apr_time_t age)
{
    ag_quota_t quota = {remaining, 50, 0};

    ag_lease_doubt_quota(&quota, lease, w, sure, lease->asked + age);
    assert_int_equal(quota.reset, quota.remaining ? 50 : 1);
    assert_true(quota.remaining >= (sure < remaining ? sure : remaining) && quota.remaining <= remaining);
    return quota.remaining;
}

static void test_told_is_what_others_leave(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_fixed);
    ag_lease_t lease = lease_of(&w, 100);

    (void)state;
    assert_int_equal(told(&lease, &w, 900, 10, SECOND), 900); /* nobody else */
    lease.peer_rate = 100;
    assert_int_equal(told(&lease, &w, 900, 10, 0), 900);
    assert_int_equal(told(&lease, &w, 900, 10, -SECOND), 900);
    assert_int_equal(told(&lease, &w, 900, 10, -SECOND - 1), 10); /* a clock set back */
    assert_int_equal(told(&lease, &w, 900, 10, SECOND), 900 - 204);
    assert_int_equal(told(&lease, &w, 900, 10, 4 * SECOND), 900 - 804);
    assert_int_equal(told(&lease, &w, 900, 10, 5 * SECOND), 10); /* its own are left for sure */
    assert_int_equal(told(&lease, &w, 900, 0, 5 * SECOND), 0);
    assert_int_equal(told(&lease, &w, 8, 10, SECOND), 8);
    lease.peer_rate_max = 300;
    assert_int_equal(told(&lease, &w, 900, 10, SECOND), 900 - 604);
    lease.peer_rate = APR_UINT32_MAX;
    assert_int_equal(told(&lease, &w, AG_RATE_MAX, 10, 366 * 86400 * SECOND),
                     AG_RATE_MAX - 2 * 60 * (apr_uint64_t)APR_UINT32_MAX - 4);
}

/* Where somebody was refused a moment ago, others wait for whatever comes. */
static void test_told_while_it_is_scarce(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_fixed);
    ag_lease_t lease = lease_of(&w, 900);

    (void)state;
    ag_lease_used_up(&lease, START);
    assert_int_equal(told(&lease, &w, 100, 7, SECOND), 7);
    assert_int_equal(told(&lease, &w, 100, 7, 3 * SECOND), 100);
}

static void test_term(void **state)
{
    static const struct {
        apr_uint64_t n, used;
        apr_uint32_t spent, others;
        int seconds;
    } cases[] = {
        {1000000, 0, 100, 900, 1}, /* busy enough */
        {1000000, 0, 16, 900, 4},  /* 64 tokens */
        {1000000, 0, 1, 900, 10},  /* not for ever */
        {1000000, 0, 16, 0, 1},    /* nothing is known of others */
        {1000000, 0, 0, 900, 1},   /* nor of this one */
        {16000, 0, 16, 984, 2},    /* all hold an eighth of what is left */
        {16000, 10000, 16, 984, 1}, {16000, 16000, 16, 984, 1},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        ag_window_t w = window_of(cases[i].n, &ag_algo_fixed);
        ag_lease_t lease = lease_of(&w, cases[i].used);

        lease.peer_rate = cases[i].others;
        ag_lease_count(&lease, cases[i].spent, START);
        assert_int_equal(ag_lease_term(&lease, &w, START) / SECOND, cases[i].seconds);
        w.algo = &ag_algo_bucket;
        assert_int_equal(ag_lease_term(&lease, &w, START), ag_lease_life(&w));
    }
}

static void test_what_a_term_wants(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_sliding);
    ag_lease_t lease = lease_of(&w, 0);

    (void)state;
    assert_int_equal(ag_lease_want(&lease, &w, 4 * SECOND, START), 0);
    ag_lease_count(&lease, 16, START);
    assert_int_equal(ag_lease_want(&lease, &w, 4 * SECOND, START), 64);
    ag_lease_count(&lease, 16, START + (PERIOD - 1) * SECOND);
    assert_int_equal(ag_lease_want(&lease, &w, 4 * SECOND, START + (PERIOD - 1) * SECOND), 17);
    assert_int_equal(ag_lease_want(&lease, &w, 4 * SECOND, START + (PERIOD + 5) * SECOND), 0); /* idle */
}

/* Tokens live as long as their term, and are given back when that is over, not before. */
static void test_life(void **state)
{
    ag_window_t w = window_of(1000, &ag_algo_sliding);
    ag_lease_t lease = lease_of(&w, 100);

    (void)state;
    ag_lease_fill(&lease, &w, 60, 64, 4 * SECOND, START);
    assert_int_equal(ag_lease_good(&lease, &w, START + 4 * SECOND - 1), 60);
    assert_int_equal(ag_lease_back(&lease, &w, 60, START + 4 * SECOND - 1), 0);
    assert_int_equal(ag_lease_good(&lease, &w, START + 4 * SECOND), 0);
    assert_int_equal(ag_lease_back(&lease, &w, 60, START + 4 * SECOND), 60);
    ag_lease_fill(&lease, &w, 60, 64, 4 * SECOND, START + (PERIOD - 1) * SECOND);
    assert_int_equal(ag_lease_good(&lease, &w, START + PERIOD * SECOND - 1), 60);
    assert_int_equal(ag_lease_good(&lease, &w, START + PERIOD * SECOND), 0); /* another window */
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_others_are_seen_between_two_visits),
                                       TEST(test_others_in_a_new_window),
                                       TEST(test_told_is_what_others_leave),
                                       TEST(test_told_while_it_is_scarce),
                                       TEST(test_term),
                                       TEST(test_what_a_term_wants),
                                       TEST(test_life)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
