/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_counters: the operator's counters: the table is one that Prometheus reads, no count gets lost between
 * threads and processes, and whatever a child writes there is a number and no more.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts_fixture.h"

#define CHILDREN 20 /* more than there are stripes */
#define THREADS  4
#define HITS     50000

/* ---- the table ------------------------------------------------------------------------------- */

static int is_metric(const char *name)
{
    apr_size_t n = strlen(name);

    return strncmp(name, "apiguard_", 9) == 0 && n > 15 && strcmp(name + n - 6, "_total") == 0
           && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == n && !strstr(name, "__");
}

static void test_rows(void **state)
{
    int i, j;

    (void)state;
    for (i = 0; i < AG_COUNT_N; i++) {
        const ag_counter_row_t *row = &ag_counter_rows[i];

        assert_true(is_metric(row->metric));
        assert_true(strlen(row->help) > 10 && row->help[strlen(row->help) - 1] != '.');
        assert_null(strpbrk(row->help, "\\\n"));
        for (j = 0; j < i; j++) {
            assert_string_not_equal(row->metric, ag_counter_rows[j].metric);
        }
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

static void test_each_alone(void **state)
{
    int i, j;

    (void)state;
    counts_fresh();
    for (i = 0; i < AG_COUNT_N; i++) {
        ag_count((ag_count_e)i);
        ag_count_more((ag_count_e)i, (apr_uint64_t)i);
        for (j = 0; j < AG_COUNT_N; j++) {
            assert_int_equal(ag_counted((ag_count_e)j), j <= i ? 1 + j : 0);
        }
    }
}

/* Without a block a process counts for itself. */
static void test_by_itself(void **state)
{
    apr_uint64_t before = ag_counted(AG_COUNT_BANS);

    (void)state;
    ag_count(AG_COUNT_BANS);
    assert_int_equal(ag_counted(AG_COUNT_BANS), before + 1);
}

static void test_a_stripe_of_its_own(void **state)
{
    ag_counts_t *counts = counts_fresh();
    int i;

    (void)state;
    ag_counts_join(4711);
    ag_count(AG_COUNT_BANS);
    for (i = 0; i < AG_COUNT_STRIPES; i++) {
        assert_int_equal(counts->stripes[i][AG_COUNT_BANS], i == 4711 % AG_COUNT_STRIPES);
        assert_int_equal((uintptr_t)counts->stripes[i] % 64, 0);
    }
}

static void *hit(void *nothing)
{
    int i;

    for (i = 0; i < HITS; i++) {
        ag_count(AG_COUNT_LOG_REPEATS);
        __asm__ volatile("" ::: "memory"); /* each for itself, whatever the compiler would make of the loop */
    }
    return nothing;
}

static void hit_by_threads(void)
{
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, hit, NULL)) {
            _exit(1);
        }
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void test_nothing_gets_lost(void **state)
{
    int i, status, good = 0;

    (void)state;
    counts_fresh();
    for (i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            ag_counts_join((int)getpid());
            hit_by_threads();
            _exit(0);
        }
    }
    while (wait(&status) > 0) {
        good += status == 0;
    }
    assert_int_equal(good, CHILDREN);
    assert_int_equal(ag_counted(AG_COUNT_LOG_REPEATS), CHILDREN * THREADS * HITS);
}

/* ---- a generation later ---------------------------------------------------------------------- */

static void test_it_goes_on(void **state)
{
    ag_counts_t *counts = counts_fresh();

    (void)state;
    ag_count(AG_COUNT_BANS);
    assert_int_equal(ag_counts_attach(counts, 0), APR_SUCCESS);
    assert_int_equal(ag_counted(AG_COUNT_BANS), 1);
    counts->names++; /* of a version with other rows */
    assert_int_equal(ag_counts_attach(counts, 0), APR_SUCCESS);
    assert_int_equal(ag_counted(AG_COUNT_BANS), 0);
}

static void test_news_once(void **state)
{
    ag_counts_t *counts = counts_fresh();
    apr_uint64_t n;

    (void)state;
    assert_false(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    ag_count(AG_COUNT_BANS);
    assert_false(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    ag_count_more(AG_COUNT_USAGE_LOST, 5);
    assert_true(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    assert_int_equal(n, 5);
    assert_false(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    ag_counts_attach(counts, 0); /* nor by the next generation */
    assert_false(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    ag_count(AG_COUNT_USAGE_LOST);
    assert_true(ag_counts_news(&n, AG_COUNT_USAGE_LOST));
    assert_int_equal(n, 6);
}

/* A child that was taken over fills all of it: numbers are wrong, and news are told as before. */
static void test_written_over(void **state)
{
    static const unsigned char with[] = {0xFF, 0x7F, 0x80, 0x01};
    apr_uint64_t n;
    int i;

    (void)state;
    for (i = 0; i < N_OF(with); i++) {
        ag_counts_t *counts = counts_fresh();

        memset(counts, with[i], sizeof *counts);
        ag_counted(AG_COUNT_BANS);
        ag_counts_news(&n, AG_COUNT_BANS);
        ag_count(AG_COUNT_BANS);
        assert_true(ag_counts_news(&n, AG_COUNT_BANS));
        assert_false(ag_counts_news(&n, AG_COUNT_BANS));
        assert_int_equal(ag_counts_attach(counts, 0), APR_SUCCESS);
        assert_int_equal(ag_counted(AG_COUNT_BANS), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows),
        TEST(test_by_itself),
        TEST(test_each_alone),
        TEST(test_a_stripe_of_its_own),
        TEST(test_nothing_gets_lost),
        TEST(test_it_goes_on),
        TEST(test_news_once),
        TEST(test_written_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
