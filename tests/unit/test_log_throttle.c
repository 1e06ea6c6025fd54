/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_throttle: a line a second for whoever is hit again and again, and none that is not counted.
 */
#include "unit.h"

#include <pthread.h>

#include "../../src/watch/log_throttle.h"

#define SECOND  APR_USEC_PER_SEC
#define THREADS 4
#define HITS    50000

static void test_once_a_second(void **state)
{
    static ag_log_throttle_t throttle;
    apr_uint32_t more = 7;
    int i;

    (void)state;
    assert_int_equal(ag_log_throttle_tell(&throttle, 5, NOW, &more), 1);
    assert_int_equal(more, 0);
    for (i = 1; i < 1000; i++) {
        assert_int_equal(ag_log_throttle_tell(&throttle, 5, NOW + i * 1000, &more), 0);
    }
    assert_int_equal(ag_log_throttle_tell(&throttle, 5, NOW + SECOND, &more), 1);
    assert_int_equal(more, 999);
    assert_int_equal(ag_log_throttle_tell(&throttle, 5, NOW + 9 * SECOND, &more), 1);
    assert_int_equal(more, 0);
}

/* Whose word is another's is told of whatever happens to that. */
static void test_each_by_himself(void **state)
{
    static ag_log_throttle_t throttle;
    apr_uint32_t more;
    int i, told = 0;

    (void)state;
    for (i = 0; i < 100; i++) {
        told += ag_log_throttle_tell(&throttle, (apr_uint64_t)i << 32 | 77, NOW, &more);
        assert_int_equal(more, 0);
    }
    assert_in_range(told, 85, 100); /* 100 of 1,024 words: a few meet */
    assert_int_equal(ag_log_throttle_tell(&throttle, 77, NOW, &more), 0);
}

/* A flood from everywhere writes 1,024 lines a second at most, and all of it is counted. */
static void test_bounded(void **state)
{
    static ag_log_throttle_t throttle;
    apr_uint32_t more;
    apr_uint64_t i, told = 0, counted = 0;

    (void)state;
    for (i = 0; i < 100000; i++) {
        told += (apr_uint64_t)ag_log_throttle_tell(&throttle, i * APR_UINT64_C(0x2545F4914F6CDD1D), NOW, &more);
    }
    assert_int_equal(told, AG_REPEATS);
    for (i = 0; i < 100000; i++) {
        if (ag_log_throttle_tell(&throttle, i * APR_UINT64_C(0x2545F4914F6CDD1D), NOW + SECOND, &more)) {
            counted += more + 1;
        }
    }
    assert_int_equal(counted, 100000);
}

/* A request that began before the last line is no second line; a clock set back is. */
static void test_clocks(void **state)
{
    static ag_log_throttle_t throttle;
    apr_uint32_t more;

    (void)state;
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW, &more), 1);
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW - 1, &more), 0);
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW - 30 * SECOND, &more), 0);
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW, &more), 0);
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW - 3600 * SECOND, &more), 1);
    assert_int_equal(more, 3);
    assert_int_equal(ag_log_throttle_tell(&throttle, 1, NOW - 3600 * SECOND, &more), 0);
}

static ag_log_throttle_t shared;

static void *hit(void *total)
{
    apr_uint32_t more;
    int i;

    for (i = 0; i < HITS; i++) {
        if (ag_log_throttle_tell(&shared, 9, NOW + i / 100 * SECOND, &more)) {
            __atomic_add_fetch((apr_uint64_t *)total, more + 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    apr_uint64_t total = 0;
    apr_uint32_t more;
    int i;

    (void)state;
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hit, &total), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(ag_log_throttle_tell(&shared, 9, NOW + HITS * SECOND, &more), 1);
    assert_int_equal(total + more, THREADS * HITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_once_a_second), TEST(test_each_by_himself), TEST(test_bounded),
                                       TEST(test_clocks), TEST(test_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
