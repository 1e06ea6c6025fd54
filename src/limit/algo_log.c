/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algo_log: a sliding window of up to three requests, counted by the times of the last three. It is
 * exact: no window of that length, wherever it begins, holds more than N. Of a month, 31 days count.
 *
 * a, b and c are the times of what was charged last, latest first, 0 for none; what costs two stands
 * there twice. A clock that went backwards, or is behind another node's, stands still at the latest of
 * them. A fourth time is never needed: what still counts is at most N.
 */
#include "algo.h"

/* Until when a request of that time counts. */
static apr_time_t gone_at(apr_uint64_t time, const ag_window_t *window)
{
    return ag_time_of(time) + ag_length_of(window);
}

static unsigned counts(apr_uint64_t time, const ag_window_t *window, apr_time_t now)
{
    return time && gone_at(time, window) > now;
}

/* The time of the latest for 0, of the one before for 1, of the last that is known for 2. */
static apr_uint64_t nth(const ag_counter_t *counter, apr_uint64_t n)
{
    return n == 0 ? counter->a : n == 1 ? counter->b : counter->c;
}

static void add(ag_counter_t *counter, apr_uint64_t time)
{
    *counter = (ag_counter_t){time, counter->a, counter->b};
}

/* Takes out the earliest of those that were charged then or later. The one that was charged then may
 * stand there with a later time (of a clock that stood still); so what stays counts as long, or longer. */
static void take_out(ag_counter_t *counter, apr_uint64_t then)
{
    apr_uint64_t a = counter->a, b = counter->b, c = counter->c;

    if (c >= then) {
        counter->c = 0;
    }
    else if (b >= then) {
        *counter = (ag_counter_t){a, c, 0};
    }
    else if (a >= then) {
        *counter = (ag_counter_t){b, c, 0};
    }
}

/* How long until no more than `room` of those that count does. (Times out of order, which only
 * somebody else can have written, say nothing.) */
static apr_time_t wait_for(const ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t room)
{
    apr_time_t wait = gone_at(nth(counter, room), window) - now;

    return wait > 0 ? ag_wait_in(window, wait) : 1;
}

static int step_log(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                    ag_quota_t *quota)
{
    apr_uint64_t n = window->rate.n, used, i, at;

    if (n == 0 || cost > n) {
        return ag_quota_never(quota, window);
    }
    used = counts(counter->a, window, now) + counts(counter->b, window, now) + counts(counter->c, window, now);
    if (cost && used > n - cost) {
        return ag_quota_refuse(quota, wait_for(counter, window, now, n - cost));
    }
    at = (apr_uint64_t)now > counter->a ? (apr_uint64_t)now : counter->a;
    for (i = 0; i < cost; i++) {
        add(counter, at);
    }
    used += cost;
    if (used >= n) {
        return ag_quota_pass(quota, window, 0, wait_for(counter, window, now, n - (cost ? cost : 1)));
    }
    return ag_quota_pass(quota, window, n - used,
                         used ? wait_for(counter, window, now, used - 1) : ag_length_of(window));
}

/* What has gone is not there any more, and another one's must not be taken for it. */
static void refund_log(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                       apr_time_t then)
{
    apr_uint64_t i;

    if (then == AG_JUST_NOW) {
        then = ag_time_of(counter->a);
    }
    for (i = 0; then > now - ag_length_of(window) && i < cost && i < AG_ALGO_FEW; i++) {
        take_out(counter, (apr_uint64_t)then);
    }
}

static apr_time_t idle_log(const ag_counter_t *counter, const ag_window_t *window)
{
    return counter->a ? gone_at(counter->a, window) : 0;
}

/* What is charged now and spent later would count for too short: nothing is. */
static apr_time_t spend_by_log(const ag_counter_t *counter, const ag_window_t *window)
{
    (void)counter;
    (void)window;
    return 0;
}

static apr_uint64_t good_log(const ag_window_t *window, apr_uint64_t tokens, apr_time_t until, apr_time_t now)
{
    (void)window;
    (void)tokens;
    (void)until;
    (void)now;
    return 0;
}

/* The latest of both; a time that both know is one request, as often as either has it. */
static void restore_log(ag_counter_t *counter, const ag_counter_t *seen, const ag_window_t *window)
{
    ag_counter_t both = {0, 0, 0};
    apr_uint64_t *word[AG_ALGO_FEW] = {&both.a, &both.b, &both.c};
    int i, ours = 0, theirs = 0;

    (void)window;
    for (i = 0; i < AG_ALGO_FEW; i++) {
        apr_uint64_t own = nth(counter, (apr_uint64_t)ours);
        apr_uint64_t other = nth(seen, (apr_uint64_t)theirs);

        *word[i] = own > other ? own : other;
        ours += own >= other;
        theirs += other >= own;
    }
    *counter = both;
}

static apr_time_t span_log(const ag_window_t *window)
{
    (void)window;
    return 0;
}

/* A node's j-th counts as long as so many of all do that its part of what is left is so much less. */
static void share_log(ag_counter_t *counter, const ag_window_t *window, apr_uint64_t nodes)
{
    apr_uint64_t n = window->rate.n, part = n / nodes, j;
    ag_counter_t own = {0, 0, 0};

    for (j = 1; j <= part; j++) {
        add(&own, nth(counter, n - (part - j + 1) * nodes));
    }
    *counter = own;
}

const ag_algo_t ag_algo_log = {
    .name = "log",
    .step = step_log,
    .refund = refund_log,
    .idle_at = idle_log,
    .spend_by = spend_by_log,
    .good = good_log,
    .restore = restore_log,
    .span = span_log,
    .share = share_log,
};
