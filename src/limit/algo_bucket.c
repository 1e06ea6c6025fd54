/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo_bucket: a bucket of `burst` tokens that refills evenly, N per period, as the generic cell
 * rate algorithm (GCRA, ITU-T I.371). Its memory is one moment, the theoretical arrival time: when
 * the bucket is full again. Each request moves it on by cost * period / N; one that would move it
 * more than burst * period / N ahead of the clock is refused.
 *
 * Period / N is seldom whole microseconds, so times are counted in ticks of 1/N microsecond. Then
 * one request is exactly `period` ticks and one microsecond exactly N: no rounding, no drift. A
 * tick count needs about 92 bits; counter.a is its high, counter.b its low half. Of a month, 31
 * days count.
 */
#include "algo.h"

/* More ticks than anybody counts; with those of a full bucket they still fit. */
#define MOST_TICKS ((ag_wide_t)1 << 110)

/* Another N (a limit that is divided among nodes for a while) counts in other ticks. */
static ag_wide_t ticks_get(const ag_counter_t *counter, apr_uint64_t n)
{
    ag_wide_t ticks = (ag_wide_t)counter->a << 64 | counter->b;

    ticks = ticks < MOST_TICKS ? ticks : MOST_TICKS;
    if (counter->c != n && counter->c && counter->c <= AG_RATE_MAX) {
        ticks = (ticks + counter->c - 1) / counter->c;
        ticks = (ticks < AG_LATEST ? ticks : AG_LATEST) * n;
    }
    return ticks;
}

static void ticks_set(ag_counter_t *counter, ag_wide_t ticks, apr_uint64_t n)
{
    counter->a = (apr_uint64_t)(ticks >> 64);
    counter->b = (apr_uint64_t)ticks;
    counter->c = n;
}

/* Ticks as microseconds, rounded up. Longer than anybody waits is 2^62. */
static apr_time_t ticks_span(ag_wide_t ticks, apr_uint64_t n)
{
    ag_wide_t span = (ticks + n - 1) / n;

    return span < AG_LATEST ? (apr_time_t)span : AG_LATEST;
}

static apr_uint64_t size_of(const ag_window_t *window)
{
    return window->burst ? window->burst : window->rate.n;
}

static ag_wide_t ticks_per_request(const ag_window_t *window)
{
    return (ag_wide_t)apr_time_from_sec((apr_time_t)window->rate.period.seconds);
}

static int step_bucket(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                       ag_quota_t *quota)
{
    apr_uint64_t n = window->rate.n, size = size_of(window), left;
    ag_wide_t clock = (ag_wide_t)now * n, one = ticks_per_request(window);
    ag_wide_t limit = clock + size * one, full = ticks_get(counter, n);

    if (n == 0 || cost > size) {
        return ag_quota_never(quota, window);
    }
    full = (full > clock ? full : clock) + cost * one;
    if (cost && full > limit) {
        return ag_quota_refuse(quota, ticks_span(full - limit, n));
    }
    if (cost) {
        ticks_set(counter, full, n);
    }
    left = full < limit ? (apr_uint64_t)((limit - full) / one) : 0;
    if (left) {
        return ag_quota_pass(quota, window, left, ticks_span(full - clock, n));
    }
    full += (cost ? cost : 1) * one;
    return ag_quota_pass(quota, window, 0, ticks_span(full - limit, n));
}

/* What has drained since `then` may have been this request's tokens and is not given back: so a
 * refund never leaves more than if the request had never come. */
static void refund_bucket(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                          apr_time_t then)
{
    apr_uint64_t n = window->rate.n;
    ag_wide_t full = ticks_get(counter, n), back = cost * ticks_per_request(window);
    ag_wide_t drained = now > then ? (ag_wide_t)(now - then) * n : 0;

    if (back > drained) {
        back -= drained;
        ticks_set(counter, back < full ? full - back : 0, n);
    }
}

static apr_time_t idle_bucket(const ag_counter_t *counter, const ag_window_t *window)
{
    apr_uint64_t n = window->rate.n;

    return n ? ticks_span(ticks_get(counter, n), n) : 0;
}

/* Tokens that were charged lie in the bucket one upon the other, and the last one is the last to
 * drain. So long as nobody spends a token that has drained, all tokens that may still be spent are
 * in the bucket, and what passes in any time is what the bucket alone would have let pass. */
static apr_time_t spend_by_bucket(const ag_counter_t *counter, const ag_window_t *window)
{
    apr_uint64_t n = window->rate.n;
    ag_wide_t full = n ? ticks_get(counter, n) / n : 0;

    return full < AG_LATEST ? (apr_time_t)full : AG_LATEST;
}

static apr_uint64_t good_bucket(const ag_window_t *window, apr_uint64_t tokens, apr_time_t until, apr_time_t now)
{
    ag_wide_t there = now < until ? (ag_wide_t)(until - now) * window->rate.n : 0;

    there /= ticks_per_request(window);
    return there < tokens ? (apr_uint64_t)there : tokens;
}

static void restore_bucket(ag_counter_t *counter, const ag_counter_t *seen, const ag_window_t *window)
{
    apr_uint64_t n = window->rate.n;

    if (n && ticks_get(seen, n) > ticks_get(counter, n)) {
        *counter = *seen;
    }
}

static apr_time_t span_bucket(const ag_window_t *window)
{
    apr_uint64_t n = window->rate.n;

    return n ? ticks_span(size_of(window) * ticks_per_request(window), n) : 0;
}

/* A bucket that takes as long to be full again has its part in it. */
static void share_bucket(ag_counter_t *counter, const ag_window_t *window, apr_uint64_t nodes)
{
    (void)counter;
    (void)window;
    (void)nodes;
}

const ag_algo_t ag_algo_bucket = {
    .name = "bucket",
    .step = step_bucket,
    .refund = refund_bucket,
    .idle_at = idle_bucket,
    .spend_by = spend_by_bucket,
    .good = good_bucket,
    .restore = restore_bucket,
    .span = span_bucket,
    .share = share_bucket,
    .drains = 1,
};
