/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo_sliding: a window that moves with the clock, estimated from two counts. What the last
 * N/period saw is taken as the current window's count plus the previous one's, weighted by how much
 * of it still lies inside:
 *
 *     100/min, 80 in the previous minute, 30 so far, 15 s gone:  80 * 45/60 + 30 = 90
 *
 * The weighted part is rounded down, as everybody does: so who used up a window is admitted one when
 * the next one begins, and waits no longer than a window. With few requests in a window that is a
 * rough guess; where N is at most three algo_log counts. A month fades over the month that follows,
 * whatever their lengths.
 *
 * counter.a is the current window's start, b its count, c the previous window's count. A clock that
 * went backwards stands still at the current window's start, where the weight is greatest.
 */
#include "algo.h"

/* Brings the counter to the window that holds `now`; that window's end. */
static apr_time_t roll(ag_counter_t *counter, const ag_window_t *window, apr_time_t now)
{
    apr_time_t end = ag_window_end(window, ag_time_of(counter->a));

    if (now >= end) {
        apr_time_t start = ag_period_start(&window->rate.period, now);

        counter->c = start == end ? counter->b : 0;
        counter->a = (apr_uint64_t)start;
        counter->b = 0;
        end = ag_window_end(window, start);
    }
    return end;
}

/* What still counts of `count`, when `left` of `length` microseconds are left. Where that is all of
 * them a request of exactly one window ago has just gone: a microsecond has faded, too. */
static apr_uint64_t fade(apr_uint64_t count, apr_time_t left, apr_time_t length)
{
    left -= left == length;
    return (apr_uint64_t)((ag_wide_t)count * (ag_wide_t)left / (ag_wide_t)length);
}

/* How much time may be left of `length` at most, so that no more than `room` of `count` counts. */
static apr_time_t time_left(apr_uint64_t count, apr_uint64_t room, apr_time_t length)
{
    ag_wide_t left = (((ag_wide_t)room + 1) * (ag_wide_t)length - 1) / count;

    return left < (ag_wide_t)(length - 1) ? (apr_time_t)left : length;
}

/* When at most `room` is in use, if nothing else comes: in this window while the previous one
 * fades, or in the next one, where this one does. Called when more than `room` is in use. */
static apr_time_t free_at(const ag_counter_t *counter, const ag_window_t *window, apr_uint64_t room)
{
    apr_time_t start = ag_time_of(counter->a);
    apr_time_t end = ag_window_end(window, start);
    apr_time_t next = ag_window_end(window, end);

    if (counter->b <= room) {
        return end - time_left(counter->c, room - counter->b, end - start);
    }
    return next - time_left(counter->b, room, next - end);
}

static int step_sliding(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                        ag_quota_t *quota)
{
    apr_uint64_t n = window->rate.n, used;
    apr_time_t start, end, at;

    if (n == 0 || cost > n) {
        return ag_quota_never(quota, window);
    }
    end = roll(counter, window, now);
    start = ag_time_of(counter->a);
    at = now > start ? now : start;
    used = ag_sum(counter->b, counter->c ? fade(counter->c, end - at, end - start) : 0);
    if (cost && used > n - cost) {
        return ag_quota_refuse(quota, ag_wait_in(window, free_at(counter, window, n - cost) - now));
    }
    counter->b += cost;
    used += cost;
    if (used < n) {
        return ag_quota_pass(quota, window, n - used, end - now);
    }
    at = free_at(counter, window, n - (cost ? cost : 1));
    return ag_quota_pass(quota, window, 0, ag_wait_in(window, at - now));
}

static void refund_sliding(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                           apr_time_t then)
{
    apr_uint64_t *count = NULL;

    (void)now;
    if (then >= ag_time_of(counter->a)) {
        count = &counter->b;
    }
    else if (ag_period_end(&window->rate.period, then) == ag_time_of(counter->a)) {
        count = &counter->c;
    }
    if (count) {
        *count -= cost < *count ? cost : *count;
    }
}

static apr_time_t idle_sliding(const ag_counter_t *counter, const ag_window_t *window)
{
    if (!counter->b && !counter->c) {
        return 0;
    }
    return ag_windows_end(window, ag_time_of(counter->a), counter->b ? 2 : 1);
}

static apr_time_t spend_by_sliding(const ag_counter_t *counter, const ag_window_t *window)
{
    return ag_window_end(window, ag_time_of(counter->a));
}

static apr_uint64_t higher(apr_uint64_t a, apr_uint64_t b)
{
    return a > b ? a : b;
}

/* Whichever of the two stands in the later window goes on; what the other counted in a window that
 * this one still remembers is in it at least. */
static void restore_sliding(ag_counter_t *counter, const ag_counter_t *seen, const ag_window_t *window)
{
    ag_counter_t late = seen->a > counter->a ? *seen : *counter;
    const ag_counter_t *early = seen->a > counter->a ? counter : seen;

    if (early->a == late.a) {
        late.b = higher(late.b, early->b);
        late.c = higher(late.c, early->c);
    }
    else if (ag_window_end(window, ag_time_of(early->a)) == ag_time_of(late.a)) {
        late.c = higher(late.c, early->b);
    }
    *counter = late;
}

static apr_time_t span_sliding(const ag_window_t *window)
{
    return apr_time_from_sec((apr_time_t)window->rate.period.seconds);
}

static void share_sliding(ag_counter_t *counter, const ag_window_t *window, apr_uint64_t nodes)
{
    counter->b = ag_share_of(window, counter->b, nodes);
    counter->c = counter->c / nodes + (counter->c % nodes != 0);
}

const ag_algo_t ag_algo_sliding = {
    .name = "sliding",
    .step = step_sliding,
    .refund = refund_sliding,
    .idle_at = idle_sliding,
    .spend_by = spend_by_sliding,
    .good = ag_good_in_window,
    .restore = restore_sliding,
    .span = span_sliding,
    .share = share_sliding,
    .few = &ag_algo_log,
};
