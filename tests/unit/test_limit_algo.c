/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_algo: the algorithms against slow, exact references that share no code with them:
 * 200,000 random arrivals each, with a clock of our own. Every refusal's `retry` is tried out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "../../src/limit/limit.h"

#define ARRIVALS 200000
#define SECOND APR_INT64_C(1000000)
#define START (APR_INT64_C(1767225600) * SECOND) /* 2026-01-01, a Thursday */
#define DAY (86400 * SECOND)

__extension__ typedef unsigned __int128 wide_t;

static apr_uint64_t seed = 88172645463325252u;

/* xorshift64: the same arrivals on every run. */
static apr_uint64_t dice(apr_uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % sides;
}

static const struct {
    apr_uint64_t n;
    apr_uint32_t seconds, kind;
    apr_uint64_t burst;
} rates[] = {
    {100, 60, AG_PERIOD_PLAIN, 0},   {7, 1, AG_PERIOD_PLAIN, 0},
    {1, 60, AG_PERIOD_PLAIN, 0},     {3, 10, AG_PERIOD_PLAIN, 5},
    {1000, 7, AG_PERIOD_PLAIN, 20},  {20, 604800, AG_PERIOD_WEEK, 0},
    {50, 86400, AG_PERIOD_PLAIN, 3}, {30, 31 * 86400, AG_PERIOD_MONTH, 0},
};

#define N_RATES (sizeof rates / sizeof *rates)

static ag_window_t window_of(size_t i, const ag_algo_t *algo)
{
    ag_window_t w = {{rates[i].n, {rates[i].seconds, rates[i].kind}}, rates[i].burst, algo,
                     {1, 2}, {.name = "test"}};
    return w;
}

static ag_window_t plain(apr_uint64_t n, apr_uint32_t seconds, const ag_algo_t *algo)
{
    ag_window_t w = {{n, {seconds, AG_PERIOD_PLAIN}}, 0, algo, {1, 2}, {.name = "test"}};
    return w;
}

static int passes(ag_counter_t counter, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    ag_quota_t quota;

    return w->algo->step(&counter, w, now, cost, &quota);
}

/* Of a sliding window nobody is told to wait longer than the window, which for what costs more than one
 * may not be enough. */
static int is_cut(const ag_window_t *w, apr_uint64_t cost, apr_uint32_t wait)
{
    return w->algo == &ag_algo_sliding && cost > 1 && wait == w->rate.period.seconds;
}

/* A bucket may hold more than a period's. */
static apr_uint32_t longest(const ag_window_t *w)
{
    return (w->algo->drains ? 2 : 1) * w->rate.period.seconds;
}

/* After exactly `retry` seconds it passes, a second earlier it would not have. */
static void check_refusal(const ag_counter_t *before, const ag_counter_t *after,
                          const ag_window_t *w, apr_time_t now, apr_uint64_t cost,
                          const ag_quota_t *quota)
{
    assert_int_equal(quota->remaining, 0);
    assert_in_range(quota->retry, 1, longest(w));
    assert_int_equal(quota->reset, quota->retry);
    if (!is_cut(w, cost, quota->retry)) {
        assert_true(passes(*before, w, now + quota->retry * SECOND, cost));
        assert_true(passes(*after, w, now + quota->retry * SECOND, cost));
    }
    if (quota->retry > 1) {
        assert_false(passes(*before, w, now + (quota->retry - 1) * SECOND, cost));
    }
}

static void check_pass(const ag_counter_t *after, const ag_window_t *w, apr_time_t now,
                       apr_uint64_t cost, const ag_quota_t *quota)
{
    apr_time_t idle = w->algo->idle_at(after, w);

    assert_true(quota->reset <= (quota->remaining ? w->rate.period.seconds : longest(w)));
    assert_int_equal(quota->retry, 0);
    if (quota->remaining) {
        assert_true(passes(*after, w, now, quota->remaining));
    }
    assert_false(passes(*after, w, now, quota->remaining + 1));
    if (!quota->remaining) {
        assert_true(is_cut(w, cost, quota->reset)
                    || passes(*after, w, now + quota->reset * SECOND, cost));
        assert_false(passes(*after, w, now + (quota->reset - 1) * SECOND, cost));
    }
    assert_true(passes(*after, w, idle, w->burst ? w->burst : w->rate.n));
}

/* ---- references ------------------------------------------------------------------------------ */

typedef struct {
    apr_time_t start[2]; /* the current and the previous window */
    apr_uint64_t count[2];
    apr_time_t *log; /* all that ever passed, oldest first */
    int logged;
    wide_t level; /* of the bucket: tokens times period */
    apr_time_t at;
} model_t;

static void roll_model(model_t *m, const ag_window_t *w, apr_time_t now)
{
    apr_time_t start = ag_period_start(&w->rate.period, now);

    if (start != m->start[0]) {
        m->start[1] = m->start[0];
        m->count[1] = m->count[0];
        m->start[0] = start;
        m->count[0] = 0;
    }
}

static int fixed_model(model_t *m, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    roll_model(m, w, now);
    if (m->count[0] + cost > w->rate.n) {
        return 0;
    }
    m->count[0] += cost;
    return 1;
}

static apr_uint64_t estimate(const model_t *m, const ag_window_t *w, apr_time_t now)
{
    apr_time_t end = ag_period_end(&w->rate.period, now);
    int adjacent = ag_period_end(&w->rate.period, m->start[1]) == m->start[0];
    apr_time_t into = now - m->start[0] > 0 ? now - m->start[0] : 1; /* what came a window ago has gone */
    wide_t weighted = (wide_t)(adjacent ? m->count[1] : 0) * (wide_t)(end - m->start[0] - into);
    wide_t length = (wide_t)(end - m->start[0]);

    return (apr_uint64_t)(weighted / length) + m->count[0];
}

static int sliding_model(model_t *m, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    roll_model(m, w, now);
    if (estimate(m, w, now) + cost > w->rate.n) {
        return 0;
    }
    m->count[0] += cost;
    assert_true(estimate(m, w, now) <= w->rate.n);
    return 1;
}

/* A bucket as one thinks of it: tokens drip in, a request takes some out. */
static int bucket_model(model_t *m, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    wide_t one = (wide_t)w->rate.period.seconds * (wide_t)SECOND;
    wide_t most = (w->burst ? w->burst : w->rate.n) * one;

    m->level = m->at ? m->level + (wide_t)(now - m->at) * w->rate.n : most;
    m->level = m->level < most ? m->level : most;
    m->at = now;
    if (m->level < cost * one) {
        return 0;
    }
    m->level -= cost * one;
    return 1;
}

/* Remembers everything. */
static int log_model(model_t *m, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    apr_uint64_t within = 0;
    int i;

    for (i = m->logged; i-- > 0 && m->log[i] > now - w->rate.period.seconds * SECOND;) {
        within++;
    }
    if (within + cost > w->rate.n) {
        return 0;
    }
    while (cost--) {
        m->log[m->logged++] = now;
    }
    return 1;
}

typedef int (*model_fn)(model_t *m, const ag_window_t *w, apr_time_t now, apr_uint64_t cost);

/* Arrivals around the rate: bursts, steady traffic, and pauses of up to three periods. */
static apr_time_t next_arrival(const ag_window_t *w)
{
    apr_time_t period = w->rate.period.seconds * SECOND;

    switch (dice(100 + 5 * w->rate.n)) {
    case 0:
        return (apr_time_t)dice((apr_uint64_t)(3 * period));
    case 1:
        return period;
    default:
        return dice(3) ? (apr_time_t)dice((apr_uint64_t)(period / (apr_time_t)w->rate.n)) : 0;
    }
}

static void compare(const ag_window_t *w, model_fn model, int arrivals)
{
    apr_uint64_t size = w->burst ? w->burst : w->rate.n;
    ag_counter_t counter = {0, 0, 0};
    int i, passed = 0, refused = 0;
    apr_time_t now = START;
    model_t m = {{0, 0}, {0, 0}, NULL, 0, 0, 0};

    m.log = calloc((size_t)arrivals * 4, sizeof *m.log);

    for (i = 0; i < arrivals; i++) {
        apr_uint64_t cost = dice(8) ? 1 : 1 + dice(size < 4 ? size : 4);
        ag_counter_t before = counter;
        ag_quota_t quota;
        int allowed = w->algo->step(&counter, w, now, cost, &quota);

        assert_int_equal(allowed, model(&m, w, now, cost));
        if (allowed) {
            check_pass(&counter, w, now, cost, &quota);
            passed++;
        }
        else {
            check_refusal(&before, &counter, w, now, cost, &quota);
            refused++;
        }
        now += next_arrival(w);
    }
    free(m.log);
    assert_true(passed > arrivals / 100);
    assert_true(refused > arrivals / 100);
}

static void compare_all(const ag_algo_t *algo, model_fn model)
{
    size_t i;

    for (i = 0; i < N_RATES; i++) {
        ag_window_t w = window_of(i, algo);

        if (algo != &ag_algo_bucket) {
            w.burst = 0;
        }
        compare(&w, model, ARRIVALS / (int)N_RATES);
    }
}

static void test_fixed_equals_its_reference(void **state)
{
    (void)state;
    compare_all(&ag_algo_fixed, fixed_model);
}

static void test_sliding_equals_its_reference(void **state)
{
    (void)state;
    compare_all(&ag_algo_sliding, sliding_model);
}

/* 1 to 3 in a second, a minute, a week, a month. */
static ag_window_t few(apr_uint64_t n, int i)
{
    static const ag_period_t periods[] = {{1, AG_PERIOD_PLAIN}, {60, AG_PERIOD_PLAIN},
                                          {604800, AG_PERIOD_WEEK}, {31 * 86400, AG_PERIOD_MONTH}};
    ag_window_t w = {{n, periods[i]}, 0, &ag_algo_log, {1, 2}, {.name = "test"}};

    return w;
}

static void test_log_equals_its_reference(void **state)
{
    apr_uint64_t n;
    int i;

    (void)state;
    for (n = 1; n <= 3; n++) {
        for (i = 0; i < 4; i++) {
            ag_window_t w = few(n, i);

            compare(&w, log_model, ARRIVALS / 12);
        }
    }
}

static void test_bucket_equals_its_reference(void **state)
{
    (void)state;
    compare_all(&ag_algo_bucket, bucket_model);
}

/* ---- all algorithms -------------------------------------------------------------------------- */

static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket,
                                         &ag_algo_log};

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
                assert_true((now < high && !w.algo->drains)
                            || passes(counter, &w, now + quota.retry * SECOND, 1));
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
        cmocka_unit_test(test_fixed_equals_its_reference),
        cmocka_unit_test(test_sliding_equals_its_reference),
        cmocka_unit_test(test_log_equals_its_reference),
        cmocka_unit_test(test_bucket_equals_its_reference),
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
