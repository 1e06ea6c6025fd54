/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_true: what a client is told holds. One that goes on while every window has something left
 * and else waits as long as it is told is never refused; what is told only falls within a window, and
 * no wait is longer than one.
 */
#include "limit_fixture.h"

#include <apr_time.h>

#define SIZE     (1 << 20)
#define SECOND   APR_USEC_PER_SEC
#define REQUESTS 30000

static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket};

static ag_store_t *make_store(void)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, share(SIZE), SIZE, 1, pool), APR_SUCCESS);
    return store;
}

/* 0 to n - 1; Vigna's splitmix64. */
static apr_uint64_t dice(apr_uint64_t n)
{
    static apr_uint64_t state = 1;
    apr_uint64_t z = state += APR_UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* How long the client waits: as long as the longest of those that are used up says. */
static apr_time_t told(const ag_charge_t *charges, int n)
{
    apr_uint32_t wait = 0;
    int i;

    for (i = 0; i < n; i++) {
        const ag_quota_t *quota = &charges[i].quota;

        assert_true(quota->reset > 0);
        assert_true(charges[i].window->algo->drains || quota->reset <= charges[i].window->rate.period.seconds);
        if (quota->remaining == 0 && quota->reset > wait) {
            wait = quota->reset;
        }
    }
    return (apr_time_t)wait * SECOND;
}

/* A hasty client (`gap` small) waits as told most of the time; a slow one hardly ever. */
static void obey(const ag_algo_t *algo, const apr_uint64_t *sizes, apr_uint64_t burst, apr_time_t gap)
{
    ag_store_t *store = make_store();
    ag_window_t w[3] = {make_window(sizes[0], 3, algo), make_window(sizes[1], 10, algo),
                        make_window(sizes[2], 60, algo)};
    ag_subject_t s = make_subject("client:key::obedient");
    apr_time_t at = now + (apr_time_t)dice(60 * SECOND);
    int i, k, waits = 0;

    w[0].burst = burst;
    for (i = 0; i < REQUESTS; i++) {
        ag_charge_t c[3] = {make_charge(&w[0], &s), make_charge(&w[1], &s), make_charge(&w[2], &s)};
        apr_time_t wait;

        assert_int_equal(store->charge(store, c, 3, at, pool), APR_SUCCESS);
        for (k = 0; k < 3; k++) {
            if (!c[k].allowed) {
                fail_msg("%s: request %d was refused by window %d", algo->name, i, k);
            }
        }
        wait = told(c, 3);
        waits += wait > 0;
        at += wait ? wait : (apr_time_t)dice((apr_uint64_t)gap);
    }
    assert_true(gap > 10 * SECOND || waits > REQUESTS / 100);
}

static void test_who_obeys_is_never_refused(void **state)
{
    static const apr_uint64_t usual[] = {7, 20, 100}, few[] = {1, 2, 3};
    static const apr_time_t gaps[] = {1000, SECOND / 10, SECOND, 20 * SECOND};
    size_t a, g;

    (void)state;
    for (a = 0; a < 3; a++) {
        for (g = 0; g < sizeof gaps / sizeof *gaps; g++) {
            obey(algos[a], usual, 0, gaps[g]);
        }
        obey(ag_algo_for(algos[a], 1), few, 0, 20 * SECOND);
    }
    obey(&ag_algo_bucket, usual, 3, SECOND);
}

/* Who was refused and waits as told is let in; Retry-After is `retry`. */
static void wait_as_told(apr_uint64_t n, const ag_algo_t *algo)
{
    ag_store_t *store = make_store();
    ag_window_t w = make_window(n, 10, algo);
    ag_subject_t s = make_subject("client:key::patient");
    apr_time_t at = now + (apr_time_t)dice(10 * SECOND);
    int i;

    for (i = 0; i < 2000; i++) {
        ag_quota_t quota;

        while (hit_at(store, &w, &s, at, &quota)) {
            at += (apr_time_t)dice(SECOND / 10);
        }
        assert_int_equal(quota.remaining, 0);
        assert_in_range(quota.retry, 1, 10);
        at += (apr_time_t)quota.retry * SECOND;
        assert_int_equal(hit_at(store, &w, &s, at, NULL), 1);
    }
}

static void test_who_waits_is_let_in(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        wait_as_told(5, algos[a]);
    }
    wait_as_told(1, &ag_algo_log);
    wait_as_told(3, &ag_algo_log);
}

/* From the first request to the window's end: one less with each, and an end that comes nearer. A
 * bucket has no window; there it is so as long as nothing has come back. */
static void test_what_is_told_only_falls(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *store = make_store();
        ag_window_t w = make_window(100, 3600, algos[a]);
        ag_subject_t s = make_subject("client:key::watcher");
        int drains = algos[a]->drains;
        apr_time_t at = drains ? now : ag_period_start(&w.rate.period, now) + 1;
        apr_time_t step = drains ? 0 : 35 * SECOND;
        apr_uint32_t reset = 3600;

        for (i = 0; i < 100; i++, at += step) {
            ag_quota_t quota;

            assert_int_equal(hit_at(store, &w, &s, at, &quota), 1);
            assert_int_equal(quota.remaining, 99 - i);
            assert_in_range(quota.reset, 1, 3600);
            if (!drains && quota.remaining) {
                assert_true(quota.reset <= reset);
                assert_int_equal(quota.reset, 3600 - 35 * i);
                reset = quota.reset;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_obeys_is_never_refused),
        cmocka_unit_test(test_who_waits_is_let_in),
        cmocka_unit_test(test_what_is_told_only_falls),
    };

    return cmocka_run_group_tests(tests, limit_start, limit_stop);
}
