/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_few: a sliding window of up to three is exact: what it admits, what comes back, what is left
 * of it in a counter that was lost. (test_limit_algo compares it with a log of everything.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "../../src/limit/limit.h"

#define SECOND APR_INT64_C(1000000)
#define START  (APR_INT64_C(1767225600) * SECOND) /* 2026-01-01, a Thursday */

static ag_window_t plain(apr_uint64_t n, apr_uint32_t seconds, const ag_algo_t *algo)
{
    ag_window_t w = {{n, {seconds, AG_PERIOD_PLAIN}}, 0, algo, {1, 2}, {.name = "test"}};
    return w;
}

/* One in four seconds passes every four seconds. */
static void test_few_get_all_of_it(void **state)
{
    apr_uint64_t n;

    (void)state;
    for (n = 1; n <= 3; n++) {
        ag_window_t w = plain(n, 4, ag_algo_for(&ag_algo_sliding, n));
        ag_counter_t counter = {0, 0, 0};
        apr_time_t at = START + 700000;
        apr_uint64_t i, passed = 0;
        ag_quota_t quota;

        for (i = 0; i < 1600; i++) { /* a hundredth of a second each */
            passed += (apr_uint64_t)w.algo->step(&counter, &w, at + (apr_time_t)i * 10000, 1, &quota);
        }
        assert_int_equal(passed, 4 * n);
    }
}

static void test_log_by_hand(void **state)
{
    ag_window_t w = plain(3, 60, &ag_algo_log);
    ag_counter_t counter = {0, 0, 0}, lost = {0, 0, 0}, seen;
    ag_quota_t quota;

    (void)state;
    assert_true(w.algo->step(&counter, &w, START, 1, &quota));
    assert_int_equal(quota.remaining, 2);
    assert_int_equal(quota.reset, 60);
    assert_true(w.algo->step(&counter, &w, START + 20 * SECOND, 1, &quota));
    assert_int_equal(quota.reset, 40); /* when the first one goes */
    assert_false(w.algo->step(&counter, &w, START + 30 * SECOND, 2, &quota));
    assert_int_equal(quota.retry, 30);
    assert_false(w.algo->step(&counter, &w, START + 30 * SECOND, 3, &quota));
    assert_int_equal(quota.retry, 50);
    assert_true(w.algo->step(&counter, &w, START + 30 * SECOND, 1, &quota));
    assert_int_equal(quota.remaining, 0);
    assert_int_equal(quota.reset, 30);
    assert_int_equal(w.algo->idle_at(&counter, &w), START + 90 * SECOND);

    seen = counter; /* the one in the middle comes back, and only that one */
    w.algo->refund(&counter, &w, START + 40 * SECOND, 1, START + 20 * SECOND);
    assert_true(counter.a == (apr_uint64_t)(START + 30 * SECOND) && counter.b == (apr_uint64_t)START);
    assert_int_equal(counter.c, 0);
    w.algo->refund(&counter, &w, START + 70 * SECOND, 1, START); /* has gone by itself */
    assert_true(counter.b == (apr_uint64_t)START);

    assert_true(w.algo->step(&lost, &w, START + 50 * SECOND, 1, &quota)); /* a counter was lost */
    w.algo->restore(&lost, &seen, &w);
    assert_true(lost.a == (apr_uint64_t)(START + 50 * SECOND) && lost.b == seen.a && lost.c == seen.b);
    w.algo->restore(&lost, &seen, &w); /* twice changes nothing */
    assert_true(lost.a == (apr_uint64_t)(START + 50 * SECOND) && lost.b == seen.a && lost.c == seen.b);
}

/* Two of one moment are two, whoever gives them back, and a clock that is behind takes nobody else's. */
static void test_log_of_one_moment(void **state)
{
    ag_window_t w = plain(3, 60, &ag_algo_log);
    ag_counter_t counter = {0, 0, 0}, seen;
    ag_quota_t quota;

    (void)state;
    assert_true(w.algo->step(&counter, &w, START, 2, &quota));
    seen = counter;
    w.algo->restore(&counter, &seen, &w);
    assert_true(w.algo->step(&counter, &w, START - 50000, 1, &quota));
    assert_int_equal(quota.remaining, 0);
    assert_int_equal(quota.reset, 60); /* not 61 */
    assert_false(w.algo->step(&counter, &w, START + 60 * SECOND - 1, 1, &quota));
    w.algo->refund(&counter, &w, START, 1, START - 50000);
    w.algo->step(&counter, &w, START, 0, &quota);
    assert_int_equal(quota.remaining, 1);
    w.algo->refund(&counter, &w, START, 2, AG_JUST_NOW);
    assert_int_equal(w.algo->idle_at(&counter, &w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_get_all_of_it),
        cmocka_unit_test(test_log_by_hand),
        cmocka_unit_test(test_log_of_one_moment),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
