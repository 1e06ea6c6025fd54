/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_algo: the algorithms against slow, exact references that share no code with them:
 * 200,000 random arrivals each, with a clock of our own. Every refusal's `retry` is tried out.
 */
#include "algo_fixture.h"

static ag_window_t plain(apr_uint64_t n, apr_uint32_t seconds, const ag_algo_t *algo)
{
    ag_window_t w = {{n, {seconds, AG_PERIOD_PLAIN}}, 0, algo, {1, 2}, {.name = "test"}};
    return w;
}

/* ---- all algorithms -------------------------------------------------------------------------- */

static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket, &ag_algo_log};

/* So many as it counts. */
static apr_uint64_t many(const ag_algo_t *algo, apr_uint64_t n)
{
    return algo == &ag_algo_log ? AG_ALGO_FEW : n;
}

static void test_exactly_n_pass(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 4; a++) {
        int n = (int)many(algos[a], 100);
        ag_window_t w = plain((apr_uint64_t)n, 60, algos[a]);
        ag_counter_t counter = {0, 0, 0};
        ag_quota_t quota;

        for (i = 1; i <= n; i++) {
            assert_int_equal(w.algo->step(&counter, &w, START, 1, &quota), 1);
            assert_int_equal(quota.remaining, n - i);
        }
        assert_int_equal(w.algo->step(&counter, &w, START, 1, &quota), 0);
        assert_int_equal(w.algo->step(&counter, &w, START, 0, &quota), 1);
    }
}

static void test_zero_refuses_all_and_too_much_never_passes(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 4; a++) {
        apr_uint64_t n = many(algos[a], 10);
        ag_window_t none = plain(0, 60, algos[a]), ten = plain(n, 60, algos[a]);
        ag_counter_t counter = {0, 0, 0}, empty = {0, 0, 0};
        ag_quota_t quota;

        assert_int_equal(none.algo->step(&counter, &none, START, 1, &quota), 0);
        assert_int_equal(quota.retry, 60);
        assert_int_equal(none.algo->step(&counter, &none, START, 0, &quota), 0);
        assert_int_equal(ten.algo->step(&counter, &ten, START, n + 1, &quota), 0);
        assert_int_equal(quota.retry, 60);
        assert_int_equal(ten.algo->step(&counter, &ten, START, UINT64_MAX, &quota), 0);
        assert_memory_equal(&counter, &empty, sizeof counter);
        assert_true(ten.algo->step(&counter, &ten, START, 0, &quota));
        assert_int_equal(quota.remaining, n);
        assert_int_equal(ten.algo->idle_at(&counter, &ten), 0);
    }
}

/* The largest numbers that a directive may hold. */
static void test_the_largest_rate(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 4; a++) {
        apr_uint64_t n = many(algos[a], AG_RATE_MAX);
        ag_window_t w = plain(n, 366 * 86400, algos[a]);
        ag_counter_t counter = {0, 0, 0};
        ag_quota_t quota;

        assert_true(w.algo->step(&counter, &w, START, n - 1, &quota));
        assert_int_equal(quota.remaining, 1);
        assert_true(w.algo->step(&counter, &w, START, 1, &quota));
        assert_false(w.algo->step(&counter, &w, START, 1, &quota));
        check_refusal(&counter, &counter, &w, START, 1, &quota);
    }
}

/* A clock that jumps back and forth by up to ten periods never makes a window hold more than N. */
static void test_backward_clock(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 4; a++) {
        apr_uint64_t n = many(algos[a], 5);
        ag_window_t w = plain(n, 10, algos[a]);
        ag_counter_t counter = {0, 0, 0};
        apr_uint64_t passed[400];
        apr_time_t high = 0;

        memset(passed, 0, sizeof passed);
        for (i = 0; i < 20000; i++) {
            apr_time_t base = START + (apr_time_t)i * 30 * SECOND / 200;
            apr_time_t now = base - (apr_time_t)dice(dice(2) ? 2 : (apr_uint64_t)(100 * SECOND));
            ag_quota_t quota;

            high = now > high ? now : high;
            if (w.algo->step(&counter, &w, now, 1, &quota)) {
                passed[(high - START + 100 * SECOND) / (10 * SECOND)]++;
            }
            else {
                assert_in_range(quota.retry, 1, w.algo->drains ? 130 : 10);
                assert_true((now < high && !w.algo->drains) || passes(counter, &w, now + quota.retry * SECOND, 1));
            }
            assert_true(quota.reset <= (quota.remaining || !w.algo->drains ? 10 : 130));
        }
        for (i = 0; i < 400; i++) {
            assert_true(passed[i] <= (w.algo == &ag_algo_bucket ? 10 : n));
        }
    }
}

/* A charge that is taken back at once leaves the counter worth what it was; later, never more. */
static void test_refund(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 4; a++) {
        ag_window_t w = plain(many(algos[a], 10), 60, algos[a]);
        ag_counter_t with = {0, 0, 0}, without = {0, 0, 0};
        apr_time_t now = START, then;
        ag_quota_t one, other;

        for (i = 0; i < 20000; i++) {
            then = now;
            if (w.algo->step(&with, &w, now, 2, &one)) {
                if (dice(2)) {
                    now += (apr_time_t)dice(90 * SECOND);
                    if (w.algo->step(&without, &w, now, 1, &other)) {
                        if (!w.algo->step(&with, &w, now, 1, &one)) {
                            with = without; /* a true difference: start again from here */
                            continue;
                        }
                    }
                }
                w.algo->refund(&with, &w, now, 2, then);
            }
            w.algo->step(&with, &w, now, 0, &one);
            w.algo->step(&without, &w, now, 0, &other);
            assert_true(one.remaining <= other.remaining);
            if (now == then) {
                assert_int_equal(one.remaining, other.remaining);
            }
            with = without;
            now += (apr_time_t)dice(20 * SECOND);
        }
    }
}

/* ---- cases by hand --------------------------------------------------------------------------- */

static void test_sliding_by_hand(void **state)
{
    ag_window_t w = plain(100, 60, &ag_algo_sliding);
    ag_counter_t counter = {0, 0, 0};
    ag_quota_t quota;

    (void)state;
    assert_true(w.algo->step(&counter, &w, START, 80, &quota));
    assert_int_equal(quota.reset, 60);
    assert_true(w.algo->step(&counter, &w, START + 75 * SECOND, 30, &quota)); /* 80*45/60 + 30 */
    assert_int_equal(quota.remaining, 10);
    assert_int_equal(quota.reset, 45);
    assert_true(w.algo->step(&counter, &w, START + 75 * SECOND, 10, &quota));
    assert_int_equal(quota.remaining, 0);
    assert_int_equal(quota.reset, 7); /* 6.75 s until less than 51 of the 80 count, room for another 10 */
    assert_false(w.algo->step(&counter, &w, START + 75 * SECOND, 70, &quota));
    assert_int_equal(quota.retry, 45 + 14); /* room for 30 of the 40 when less than 31 count */
}

/* 5/min used up at its start told 72 s, 1/h 7,120, and 1/4s admitted 3 in 16 s. No client that
 * asks for one is told more than the window, and who waits that long is admitted. */
static void test_no_wait_is_longer_than_the_window(void **state)
{
    static const apr_time_t into[] = {0, 1, 30 * SECOND, 60 * SECOND - 1};
    apr_uint64_t n, k;
    size_t i;

    (void)state;
    for (n = 1; n <= 200; n++) {
        for (i = 0; i < sizeof into / sizeof *into; i++) {
            ag_window_t w = plain(n, 60, ag_algo_for(&ag_algo_sliding, n));
            ag_counter_t counter = {0, 0, 0};
            apr_time_t at = START + into[i];
            ag_quota_t quota;

            for (k = 0; k < n; k++) {
                assert_true(w.algo->step(&counter, &w, at, 1, &quota));
            }
            assert_true(quota.reset <= 60);
            assert_true(passes(counter, &w, at + quota.reset * SECOND, 1));
            assert_false(w.algo->step(&counter, &w, at, 1, &quota));
            assert_true(quota.retry <= 60);
            assert_true(passes(counter, &w, at + quota.retry * SECOND, 1));
        }
    }
}

static void test_calendar_months(void **state)
{
    ag_window_t w = window_of(7, &ag_algo_fixed);
    ag_counter_t counter = {0, 0, 0};
    apr_time_t feb_1 = START + 31 * DAY, mar_1 = feb_1 + 28 * DAY;
    ag_quota_t quota;

    (void)state;
    assert_true(w.algo->step(&counter, &w, feb_1, 30, &quota));
    assert_int_equal(quota.reset, 28 * 86400);
    assert_false(w.algo->step(&counter, &w, mar_1 - 1, 1, &quota));
    assert_int_equal(quota.retry, 1);
    assert_true(w.algo->step(&counter, &w, mar_1, 1, &quota));

    w = window_of(7, &ag_algo_sliding);
    memset(&counter, 0, sizeof counter);
    assert_true(w.algo->step(&counter, &w, mar_1 - 1, 30, &quota));
    assert_true(w.algo->step(&counter, &w, mar_1, 1, &quota)); /* a moment's worth has faded */
    assert_false(w.algo->step(&counter, &w, mar_1, 1, &quota));
    assert_int_equal(quota.retry, 31 * 86400 / 30 + 1);
    assert_true(w.algo->step(&counter, &w, mar_1 + 62 * DAY, 30, &quota));
}

/* 3 in 10 s is one in 3.333 s: after 3,000 of them not a tick has been lost or won. */
static void test_bucket_does_not_drift(void **state)
{
    ag_window_t w = plain(3, 10, &ag_algo_bucket);
    ag_counter_t counter = {0, 0, 0};
    ag_quota_t quota;
    int i;

    (void)state;
    assert_true(w.algo->step(&counter, &w, START, 3, &quota));
    for (i = 1; i <= 3000; i++) {
        apr_time_t due = START + (i * 10 * SECOND + 2) / 3;

        assert_false(w.algo->step(&counter, &w, due - 1, 1, &quota));
        assert_true(w.algo->step(&counter, &w, due, 1, &quota));
    }
}

/* The same bucket read with another N is as long from full as before. */
static void test_bucket_of_another_rate(void **state)
{
    ag_window_t w = plain(100, 60, &ag_algo_bucket), quarter = plain(25, 60, &ag_algo_bucket);
    ag_counter_t counter = {0, 0, 0};
    ag_quota_t quota;

    (void)state;
    assert_true(w.algo->step(&counter, &w, START, 80, &quota)); /* full again in 48 s */
    assert_true(w.algo->step(&counter, &quarter, START, 1, &quota));
    assert_int_equal(quota.remaining, 4);
    assert_int_equal(w.algo->idle_at(&counter, &quarter), START + 48 * SECOND + 2400000);
    assert_true(w.algo->step(&counter, &w, START, 1, &quota));
    assert_int_equal(quota.remaining, 15);
    w.algo->refund(&counter, &quarter, START, 1, START);
    assert_int_equal(w.algo->idle_at(&counter, &w), START + 48 * SECOND + 600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_n_pass),
        cmocka_unit_test(test_zero_refuses_all_and_too_much_never_passes),
        cmocka_unit_test(test_the_largest_rate),
        cmocka_unit_test(test_backward_clock),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_sliding_by_hand),
        cmocka_unit_test(test_no_wait_is_longer_than_the_window),
        cmocka_unit_test(test_calendar_months),
        cmocka_unit_test(test_bucket_does_not_drift),
        cmocka_unit_test(test_bucket_of_another_rate),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
