/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_reference: each algorithm does what a plain model of it does, over many random arrivals.
 */
#include "algo_fixture.h"

__extension__ typedef unsigned __int128 wide_t;

#define N_RATES (sizeof rates / sizeof *rates)

static void check_pass(const ag_counter_t *after, const ag_window_t *w, apr_time_t now, apr_uint64_t cost,
                       const ag_quota_t *quota)
{
    apr_time_t idle = w->algo->idle_at(after, w);

    assert_true(quota->reset <= (quota->remaining ? w->rate.period.seconds : longest(w)));
    assert_int_equal(quota->retry, 0);
    if (quota->remaining) {
        assert_true(passes(*after, w, now, quota->remaining));
    }
    assert_false(passes(*after, w, now, quota->remaining + 1));
    if (!quota->remaining) {
        assert_true(is_cut(w, cost, quota->reset) || passes(*after, w, now + quota->reset * SECOND, cost));
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
    static const ag_period_t periods[] = {
        {1, AG_PERIOD_PLAIN}, {60, AG_PERIOD_PLAIN}, {604800, AG_PERIOD_WEEK}, {31 * 86400, AG_PERIOD_MONTH}};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_equals_its_reference),
        cmocka_unit_test(test_sliding_equals_its_reference),
        cmocka_unit_test(test_log_equals_its_reference),
        cmocka_unit_test(test_bucket_equals_its_reference),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
