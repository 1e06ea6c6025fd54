/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo: what the algorithms share. Products of a count (below 2^41) and a time (microseconds, below
 * 2^51) need 128 bits; everything here is exact, and rounding goes against the client: remaining
 * down, waiting up. Only what fades of a window that is over is rounded down (algo_sliding.c).
 *
 * A counter may come from memcached, where anybody may have written anything: words are taken as
 * they are, and what is beyond all measure counts as very much, or as very late.
 */
#ifndef AG_LIMIT_ALGO_H
#define AG_LIMIT_ALGO_H

#include "../base/speed.h"
#include "limit.h"

__extension__ typedef unsigned __int128 ag_wide_t;

#define AG_LATEST ((apr_time_t)1 << 62) /* later than any time; a few windows more still fit */

/* A counter's word as a time. */
static inline apr_time_t ag_time_of(apr_uint64_t word)
{
    return word < (apr_uint64_t)AG_LATEST ? (apr_time_t)word : AG_LATEST;
}

/* A sum of counts; what does not fit is as much as there can be. */
static inline apr_uint64_t ag_sum(apr_uint64_t a, apr_uint64_t b)
{
    apr_uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? APR_UINT64_MAX : sum;
}

/* The end of the n-th window from the one that begins at `start`. Only months differ in length. */
static AG_RARE apr_time_t ag_months_end(const ag_window_t *window, apr_time_t start, int n)
{
    while (n--) {
        start = ag_period_end(&window->rate.period, start);
    }
    return start;
}

static inline apr_time_t ag_windows_end(const ag_window_t *window, apr_time_t start, int n)
{
    return window->rate.period.kind == AG_PERIOD_MONTH
               ? ag_months_end(window, start, n)
               : start + n * apr_time_from_sec((apr_time_t)window->rate.period.seconds);
}

static inline apr_time_t ag_window_end(const ag_window_t *window, apr_time_t start)
{
    return ag_windows_end(window, start, 1);
}

/* A span of time in whole seconds, rounded up. */
static inline apr_uint32_t ag_seconds_up(apr_time_t span)
{
    apr_time_t seconds = (span + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC;

    return seconds > (apr_time_t)APR_UINT32_MAX ? APR_UINT32_MAX : (apr_uint32_t)seconds;
}

static inline apr_uint32_t ag_seconds_of(const ag_window_t *window, apr_time_t span)
{
    apr_uint32_t seconds = ag_seconds_up(span);

    return seconds < window->rate.period.seconds ? seconds : window->rate.period.seconds;
}

/* A window's length as it is told; of a month 31 days. */
static inline apr_time_t ag_length_of(const ag_window_t *window)
{
    return apr_time_from_sec((apr_time_t)window->rate.period.seconds);
}

/* No wait is longer than the window. It could only be where a clock is behind the one that counted, or
 * where requests cost more than one; who waited in vain is then told again. */
static inline apr_time_t ag_wait_in(const ag_window_t *window, apr_time_t wait)
{
    apr_time_t length = ag_length_of(window);

    return wait < length ? wait : length;
}

/* Allowed: `span` is the time to the window's end, or to the next request when nothing is left. */
static inline int ag_quota_pass(ag_quota_t *quota, const ag_window_t *window, apr_uint64_t remaining, apr_time_t span)
{
    quota->remaining = remaining;
    quota->reset = remaining ? ag_seconds_of(window, span) : ag_seconds_up(span);
    quota->retry = 0;
    return 1;
}

/* Refused until `wait` has passed. */
static inline int ag_quota_refuse(ag_quota_t *quota, apr_time_t wait)
{
    apr_uint32_t retry = ag_seconds_up(wait);

    quota->remaining = 0;
    quota->reset = quota->retry = retry ? retry : 1;
    return 0;
}

/* Refused for ever: more was asked than the window ever holds. The period is the least misleading
 * answer that the fields can give. */
static inline int ag_quota_never(ag_quota_t *quota, const ag_window_t *window)
{
    quota->remaining = 0;
    quota->retry = quota->reset = window->rate.period.seconds;
    return 0;
}

/* What one of `nodes` begins with that counts for itself: so that its part of what is left is left to it. */
static inline apr_uint64_t ag_share_of(const ag_window_t *window, apr_uint64_t used, apr_uint64_t nodes)
{
    apr_uint64_t n = window->rate.n;

    return n / nodes - (used < n ? n - used : 0) / nodes;
}

/* Leases of the algorithms that count in windows: what was charged in one may be spent in it. */
static inline apr_uint64_t ag_good_in_window(const ag_window_t *window, apr_uint64_t tokens, apr_time_t until,
                                             apr_time_t now)
{
    (void)window;
    return now < until ? tokens : 0;
}

#endif
