/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_absurd: counters that nobody of ours wrote, and counters of a whole fleet of which one node
 * takes its part.
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

/* ---- what somebody else wrote ---------------------------------------------------------------- */

static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket, &ag_algo_log};

static int passes(ag_counter_t counter, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    ag_quota_t quota;

    return w->algo->step(&counter, w, now, cost, &quota);
}

/* So many as it counts. */
static apr_uint64_t many(const ag_algo_t *algo, apr_uint64_t n)
{
    return algo == &ag_algo_log ? AG_ALGO_FEW : n;
}

static const apr_uint64_t absurd[] = {
    0,
    1,
    3,
    UINT64_MAX,
    UINT64_MAX - 1,
    (apr_uint64_t)INT64_MAX,
    (apr_uint64_t)INT64_MAX + 1,
    (apr_uint64_t)1 << 62,
    (apr_uint64_t)START,
    (apr_uint64_t)(START + 3 * SECOND),
    AG_RATE_MAX,
};

#define N_ABSURD (sizeof absurd / sizeof *absurd)

static const ag_rate_t rates[] = {
    {1, {1, AG_PERIOD_PLAIN}},
    {100, {60, AG_PERIOD_PLAIN}},
    {20, {604800, AG_PERIOD_WEEK}},
    {30, {31 * 86400, AG_PERIOD_MONTH}},
    {AG_RATE_MAX, {366 * 86400, AG_PERIOD_PLAIN}},
};

#define N_RATES (sizeof rates / sizeof *rates)

static void use(const ag_algo_t *algo, const ag_window_t *w, ag_counter_t counter)
{
    ag_counter_t other = {counter.b, counter.a, counter.c}, was = counter;
    apr_time_t now = START + 5 * SECOND, until = algo->spend_by(&counter, w);
    ag_quota_t quota;

    if (!algo->step(&counter, w, now, 1, &quota)) {
        assert_in_range(quota.retry, 1, UINT32_MAX);
        assert_true(algo->drains || quota.retry <= w->rate.period.seconds);
        assert_memory_equal(&counter, &was, algo->drains ? sizeof counter : 0);
    }
    assert_true(quota.remaining <= w->rate.n);
    assert_true(algo->idle_at(&counter, w) >= 0);
    assert_true(algo->good(w, 5, until, now) <= 5);
    algo->refund(&counter, w, now, 1, now);
    algo->refund(&counter, w, now, 1, AG_JUST_NOW);
    algo->restore(&counter, &other, w);
    algo->share(&counter, w, 4);
    algo->step(&counter, w, now, 0, &quota);
}

/* Whatever stands in a counter: nothing overflows (under UBSan that would end the test), nobody waits
 * for less than a second, and what counts more than the limit admits nobody. */
static void test_absurd_counters(void **state)
{
    size_t r, a, i, j, k;

    (void)state;
    for (a = 0; a < 4; a++) {
        for (r = 0; r < N_RATES; r++) {
            ag_window_t w = {rates[r], 0, algos[a], {1, 2}, {.name = "test"}};

            w.rate.n = algos[a] == &ag_algo_log ? 1 + r % 3 : w.rate.n;
            for (i = 0; i < N_ABSURD * N_ABSURD * N_ABSURD; i++) {
                j = i / N_ABSURD;
                k = j / N_ABSURD;
                use(algos[a], &w, (ag_counter_t){absurd[i % N_ABSURD], absurd[j % N_ABSURD], absurd[k]});
            }
        }
    }
}

static void test_too_much_admits_nobody(void **state)
{
    static const apr_uint64_t far[] = {UINT64_MAX, (apr_uint64_t)INT64_MAX + 1, (apr_uint64_t)1 << 62};
    size_t a, i, j;

    (void)state;
    for (a = 0; a < 4; a++) {
        ag_window_t w = plain(many(algos[a], 10), 60, algos[a]);

        for (i = 0; i < 3; i++) {
            ag_counter_t all = {far[i], far[i], far[i]};

            assert_false(passes(all, &w, START, 1));
            all.a = (apr_uint64_t)START;
            for (j = 0; j < 3; j++) { /* 2^64 - 1 and a little is not a little */
                all.b = far[j];
                assert_false(passes(all, &w, START + 1, 1) && algos[a] != &ag_algo_log && !algos[a]->drains);
            }
        }
    }
}

/* ---- one node's part ------------------------------------------------------------------------- */

/* What nodes that saw the same counter may admit each for itself is in all no more than was left. */
static void test_parts_of_what_is_left(void **state)
{
    apr_uint64_t nodes, used, n;
    size_t a;

    (void)state;
    for (a = 0; a < 4; a++) {
        for (nodes = 2; nodes < 9; nodes++) {
            n = many(algos[a], 150);
            for (used = 0; used <= n; used++) {
                ag_window_t whole = plain(n, 60, algos[a]), part = plain(n / nodes, 60, algos[a]);
                ag_counter_t counter = {0, 0, 0};
                ag_quota_t quota = {0, 0, 0};

                whole.algo->step(&counter, &whole, START, used, &quota);
                whole.algo->share(&counter, &whole, nodes);
                part.algo->step(&counter, &part, START + 1, 0, &quota);
                assert_true(nodes * quota.remaining <= n - used);
                assert_true(part.algo->drains || quota.remaining == (n - used) / nodes);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absurd_counters),
        cmocka_unit_test(test_too_much_admits_nobody),
        cmocka_unit_test(test_parts_of_what_is_left),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
