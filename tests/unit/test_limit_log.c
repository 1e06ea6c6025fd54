/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_log: the algorithms against a log of every admission, a million random arrivals each. The
 * log knows no counters: for each arrival the definition is applied to what was admitted, one by one.
 *
 *     fixed    the costs admitted in the window of now, and this one, are at most N
 *     sliding  those, and the part of the previous window's that lies within a period, rounded down
 *     log      those of the last period, and this one
 *     bucket   in every stretch of time that ends now: at most the burst and what dripped in meanwhile
 */
#include "unit.h"

#include "../../src/limit/limit.h"

#define SECOND   APR_USEC_PER_SEC
#define START    (APR_INT64_C(1767225600) * SECOND) /* 2026-01-01 */
#define ARRIVALS 1000000

__extension__ typedef unsigned __int128 wide_t;

typedef struct {
    apr_time_t at;
    apr_uint64_t cost;
} entry_t;

typedef struct {
    entry_t *v;
    int n;
    int old; /* what stands before it lies too far back to count */
} log_t;

static apr_uint64_t seed;

static apr_uint64_t dice(apr_uint64_t sides)
{
    seed = seed * APR_UINT64_C(6364136223846793005) + APR_UINT64_C(1442695040888963407);
    return (seed >> 33) % sides;
}

static apr_uint64_t sum(const log_t *log, apr_time_t from, apr_time_t to)
{
    apr_uint64_t cost = 0;
    int i;

    for (i = log->n; i > log->old && log->v[i - 1].at >= from; i--) {
        cost += log->v[i - 1].at < to ? log->v[i - 1].cost : 0;
    }
    return cost;
}

static int fixed(const log_t *log, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    apr_time_t length = w->rate.period.seconds * SECOND, start = now - now % length;

    return sum(log, start, start + length) + cost <= w->rate.n;
}

static int sliding(const log_t *log, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    apr_time_t length = w->rate.period.seconds * SECOND, start = now - now % length;
    apr_time_t within = now == start ? length - 1 : start + length - now;
    wide_t before = (wide_t)sum(log, start - length, start) * (wide_t)within;

    return (apr_uint64_t)(before / (wide_t)length) + sum(log, start, start + length) + cost <= w->rate.n;
}

static int last_period(const log_t *log, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    return sum(log, now - w->rate.period.seconds * SECOND + 1, now + 1) + cost <= w->rate.n;
}

/* The bucket is full when no stretch that ends now has taken more than dripped in. */
static int bucket(const log_t *log, const ag_window_t *w, apr_time_t now, apr_uint64_t cost)
{
    wide_t period = (wide_t)w->rate.period.seconds * SECOND;
    wide_t burst = (wide_t)(w->burst ? w->burst : w->rate.n) * period;
    apr_uint64_t taken = 0;
    int i;

    for (i = log->n; i > log->old; i--) {
        taken += log->v[i - 1].cost;
        if ((taken + cost) * period > burst + (wide_t)(now - log->v[i - 1].at) * w->rate.n) {
            return 0;
        }
    }
    return cost * period <= burst;
}

static int is_full(const log_t *log, const ag_window_t *w, apr_time_t now)
{
    wide_t period = (wide_t)w->rate.period.seconds * SECOND;
    apr_uint64_t taken = 0;
    int i;

    for (i = log->n; i > log->old; i--) {
        taken += log->v[i - 1].cost;
        if (taken * period > (wide_t)(now - log->v[i - 1].at) * w->rate.n) {
            return 0;
        }
    }
    return 1;
}

typedef int (*rule_fn)(const log_t *log, const ag_window_t *w, apr_time_t now, apr_uint64_t cost);

/* Nothing from before two periods, or before the bucket was full, decides any more. */
static void forget(log_t *log, const ag_window_t *w, apr_time_t now)
{
    apr_time_t length = w->rate.period.seconds * SECOND;

    if (w->algo == &ag_algo_bucket) {
        log->old = is_full(log, w, now) ? log->n : log->old;
        return;
    }
    while (log->old < log->n && log->v[log->old].at < now - 2 * length) {
        log->old++;
    }
}

static void compare(const ag_algo_t *algo, rule_fn rule, apr_pool_t *p)
{
    static const struct {
        apr_uint64_t n, burst;
        apr_uint32_t seconds;
    } rates[] = {{20, 0, 60}, {5, 0, 1}, {7, 30, 10}, {50, 10, 3600}};
    int k, i;

    for (k = 0; k < N_OF(rates); k++) {
        apr_uint64_t n = algo == &ag_algo_log ? (apr_uint64_t)k % 3 + 1 : rates[k].n;
        ag_window_t w = {{n, {rates[k].seconds, AG_PERIOD_PLAIN}},
                         algo == &ag_algo_bucket ? rates[k].burst : 0,
                         algo,
                         {1, 2},
                         {.name = "test"}};
        log_t log = {apr_palloc(p, ARRIVALS / N_OF(rates) * sizeof(entry_t)), 0, 0};
        apr_uint64_t mean = w.rate.period.seconds * (apr_uint64_t)SECOND / w.rate.n;
        ag_counter_t counter = {0, 0, 0};
        apr_time_t now = START;

        seed = (apr_uint64_t)k;
        for (i = 0; i < ARRIVALS / N_OF(rates); i++) {
            apr_uint64_t cost = dice(10) ? 1 : dice(4); /* 0 too */
            ag_quota_t quota;
            int allowed;

            forget(&log, &w, now);
            allowed = rule(&log, &w, now, cost);
            assert_int_equal(w.algo->step(&counter, &w, now, cost, &quota), allowed || !cost);
            if (allowed && cost) {
                entry_t entry = {now, cost};

                log.v[log.n++] = entry;
            }
            now += (apr_time_t)(dice(500) ? dice(dice(4) ? mean : 4 * mean) : dice(99) * mean);
        }
        assert_in_range(log.n, ARRIVALS / N_OF(rates) / 20, ARRIVALS / N_OF(rates) * 19 / 20);
    }
}

static void test_fixed(void **state)
{
    compare(&ag_algo_fixed, fixed, *state);
}

static void test_sliding(void **state)
{
    compare(&ag_algo_sliding, sliding, *state);
}

static void test_few(void **state)
{
    compare(&ag_algo_log, last_period, *state);
}

static void test_bucket(void **state)
{
    compare(&ag_algo_bucket, bucket, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_fixed), TEST(test_sliding), TEST(test_few), TEST(test_bucket)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
