/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo_fixture: what the tests of the algorithms share: rates, dice, and windows without a store.
 */
#ifndef AG_ALGO_FIXTURE_H
#define AG_ALGO_FIXTURE_H

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
#define SECOND   APR_INT64_C(1000000)
#define START    (APR_INT64_C(1767225600) * SECOND) /* 2026-01-01, a Thursday */
#define DAY      (86400 * SECOND)

static apr_uint64_t seed = 88172645463325252u;

/* xorshift64: the same arrivals on every run. */
static inline apr_uint64_t dice(apr_uint64_t sides)
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
    {100, 60, AG_PERIOD_PLAIN, 0},   {7, 1, AG_PERIOD_PLAIN, 0},           {1, 60, AG_PERIOD_PLAIN, 0},
    {3, 10, AG_PERIOD_PLAIN, 5},     {1000, 7, AG_PERIOD_PLAIN, 20},       {20, 604800, AG_PERIOD_WEEK, 0},
    {50, 86400, AG_PERIOD_PLAIN, 3}, {30, 31 * 86400, AG_PERIOD_MONTH, 0},
};

static inline ag_window_t window_of(size_t i, const ag_algo_t *algo)
{
    ag_window_t w = {{rates[i].n, {rates[i].seconds, rates[i].kind}}, rates[i].burst, algo, {1, 2}, {.name = "test"}};
    return w;
}

static inline int passes(ag_counter_t counter, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    ag_quota_t quota;

    return w->algo->step(&counter, w, now, cost, &quota);
}

/* Of a sliding window nobody is told to wait longer than the window, which for what costs more than one
 * may not be enough. */
static inline int is_cut(const ag_window_t *w, apr_uint64_t cost, apr_uint32_t wait)
{
    return w->algo == &ag_algo_sliding && cost > 1 && wait == w->rate.period.seconds;
}

/* A bucket may hold more than a period's. */
static inline apr_uint32_t longest(const ag_window_t *w)
{
    return (w->algo->drains ? 2 : 1) * w->rate.period.seconds;
}

/* After exactly `retry` seconds it passes, a second earlier it would not have. */
static inline void check_refusal(const ag_counter_t *before, const ag_counter_t *after, const ag_window_t *w,
                                 apr_time_t now, apr_uint64_t cost, const ag_quota_t *quota)
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

#endif
