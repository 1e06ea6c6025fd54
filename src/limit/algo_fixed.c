/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo_fixed: windows that begin at fixed times (UTC), each with a count of its own. The cheapest
 * and the easiest to explain; up to 2 N may pass around the moment one window gives way to the
 * next.
 *
 * counter.a is the window's start, counter.b what was charged in it. A clock that went backwards
 * goes on counting in the later window, so no window ever admits more than N.
 */
#include "algo.h"

/* Brings the counter to the window that holds `now`; that window's end. */
static apr_time_t roll(ag_counter_t *counter, const ag_window_t *window, apr_time_t now)
{
    apr_time_t end = ag_window_end(window, ag_time_of(counter->a));

    if (now >= end) {
        apr_time_t start = ag_period_start(&window->rate.period, now);

        counter->a = (apr_uint64_t)start;
        counter->b = 0;
        end = ag_window_end(window, start);
    }
    return end;
}

static int step_fixed(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                      ag_quota_t *quota)
{
    apr_uint64_t n = window->rate.n;
    apr_time_t span;

    if (n == 0 || cost > n) {
        return ag_quota_never(quota, window);
    }
    span = roll(counter, window, now) - now;
    if (counter->b > n - cost) {
        return ag_quota_refuse(quota, ag_wait_in(window, span));
    }
    counter->b += cost;
    return ag_quota_pass(quota, window, n - counter->b, ag_wait_in(window, span));
}

static void refund_fixed(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                         apr_time_t then)
{
    (void)window;
    (void)now; /* an old window's count is forgotten by the next step anyway */
    if (then >= ag_time_of(counter->a)) {
        counter->b -= cost < counter->b ? cost : counter->b;
    }
}

static apr_time_t idle_fixed(const ag_counter_t *counter, const ag_window_t *window)
{
    return counter->b ? ag_window_end(window, ag_time_of(counter->a)) : 0;
}

static apr_time_t spend_by_fixed(const ag_counter_t *counter, const ag_window_t *window)
{
    return ag_window_end(window, ag_time_of(counter->a));
}

static void restore_fixed(ag_counter_t *counter, const ag_counter_t *seen, const ag_window_t *window)
{
    (void)window;
    if (seen->a > counter->a || (seen->a == counter->a && seen->b > counter->b)) {
        *counter = *seen;
    }
}

static apr_time_t span_fixed(const ag_window_t *window)
{
    (void)window;
    return 0;
}

static void share_fixed(ag_counter_t *counter, const ag_window_t *window, apr_uint64_t nodes)
{
    counter->b = ag_share_of(window, counter->b, nodes);
}

const ag_algo_t ag_algo_fixed = {
    .name = "fixed",
    .step = step_fixed,
    .refund = refund_fixed,
    .idle_at = idle_fixed,
    .spend_by = spend_by_fixed,
    .good = ag_good_in_window,
    .restore = restore_fixed,
    .span = span_fixed,
    .share = share_fixed,
};
