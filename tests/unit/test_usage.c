/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_usage: what is counted is what the writer gets, once: from one process and many, over
 * midnight, in a full table, with a writer that fails, and with one that is killed.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts_fixture.h"
#include "../../src/watch/usage.h"

#define STORE    APR_UINT64_C(0xFEEDBEEF00C0FFEE)
#define MAX_ROWS 4096
#define DAY      APR_INT64_C(86400)

static ag_usage_row_t rows[MAX_ROWS];

static ag_usage_t *make(apr_size_t slots, apr_pool_t *p)
{
    apr_size_t size = ag_usage_bytes(slots);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ag_usage_t *usage;

    assert_true(memory != MAP_FAILED);
    assert_int_equal(ag_usage_attach(&usage, memory, size, 1, p), APR_SUCCESS);
    counts_fresh();
    return usage;
}

static apr_size_t used(ag_usage_t *usage)
{
    apr_size_t slots, n;

    ag_usage_fill(usage, &slots, &n);
    return n;
}

/* One round of a writer that succeeds or not: how many rows. */
static int turn(ag_usage_t *usage, apr_time_t now, int good)
{
    int n;

    assert_true(ag_usage_begin(usage, now));
    n = ag_usage_rows(rows, MAX_ROWS, usage, STORE);
    if (good) {
        ag_usage_written(usage, rows, n);
    }
    ag_usage_end(usage);
    return n;
}

static void test_counts(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    int i;

    for (i = 0; i < 5; i++) {
        ag_usage_count(usage, STORE, 7, NOW, i < 2);
    }
    ag_usage_count(usage, STORE, 3, NOW, 1);
    assert_int_equal(turn(usage, NOW + apr_time_from_sec(1), 1), 2);
    assert_int_equal(rows[0].key, 3);
    assert_int_equal(rows[0].requests, 1);
    assert_int_equal(rows[0].denied, 1);
    assert_int_equal(rows[1].key, 7);
    assert_int_equal(rows[1].requests, 5);
    assert_int_equal(rows[1].denied, 2);
    assert_int_equal(rows[1].day, apr_time_sec(NOW) / DAY * DAY);
    assert_int_equal(rows[1].last_used, apr_time_sec(NOW) + 1);
    assert_int_equal(turn(usage, NOW, 1), 0);
    assert_int_equal(used(usage), 0);
    assert_int_equal(ag_counted(AG_COUNT_USAGE_LOST), 0);
}

static void test_a_key_without_a_number_is_not_counted(void **state)
{
    ag_usage_t *usage = make(1000, *state);

    ag_usage_count(usage, STORE, 0, NOW, 0);
    assert_int_equal(turn(usage, NOW, 1), 0);
    assert_int_equal(used(usage), 0);
}

static void test_a_store_s_keys_are_its_own(void **state)
{
    ag_usage_t *usage = make(1000, *state);

    ag_usage_count(usage, STORE, 7, NOW, 0);
    ag_usage_count(usage, STORE + 1, 7, NOW, 0);
    ag_usage_count(usage, STORE + 1, 7, NOW, 0);
    assert_int_equal(turn(usage, NOW, 1), 1);
    assert_int_equal(rows[0].requests, 1);
    assert_int_equal(used(usage), 1);
}

static void test_midnight(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    apr_time_t midnight = apr_time_from_sec((apr_time_sec(NOW) / DAY + 1) * DAY);

    ag_usage_count(usage, STORE, 7, midnight - 1, 0);
    ag_usage_count(usage, STORE, 7, midnight, 0);
    assert_int_equal(turn(usage, midnight + 5, 1), 2);
    assert_int_equal(rows[0].day + DAY, rows[1].day);
    assert_int_equal(rows[1].day, apr_time_sec(midnight));
    assert_int_equal(rows[0].last_used, apr_time_sec(midnight) - 1);
    assert_int_equal(rows[1].last_used, apr_time_sec(midnight));
}

static void test_what_was_not_written_waits(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    int i;

    for (i = 0; i < 3; i++) {
        ag_usage_count(usage, STORE, 7, NOW, 1);
        assert_int_equal(turn(usage, NOW, 0), 1);
    }
    assert_int_equal(rows[0].requests, 3);
    assert_int_equal(turn(usage, NOW, 1), 1);
    assert_int_equal(rows[0].requests, 3);
    assert_int_equal(rows[0].denied, 3);
    assert_int_equal(turn(usage, NOW, 1), 0);
}

/* What comes between reading and clearing is not cleared. */
static void test_a_request_while_it_is_written(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    int n;

    ag_usage_count(usage, STORE, 7, NOW, 0);
    assert_true(ag_usage_begin(usage, NOW));
    n = ag_usage_rows(rows, MAX_ROWS, usage, STORE);
    ag_usage_count(usage, STORE, 7, NOW, 1);
    ag_usage_written(usage, rows, n);
    ag_usage_end(usage);
    assert_int_equal(turn(usage, NOW, 1), 1);
    assert_int_equal(rows[0].requests, 1);
    assert_int_equal(rows[0].denied, 1);
}

static void test_batches(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    int key, n, all = 0;

    for (key = 1; key <= 100; key++) {
        ag_usage_count(usage, STORE, (apr_uint64_t)key, NOW, 0);
    }
    assert_true(ag_usage_begin(usage, NOW));
    while ((n = ag_usage_rows(rows, 30, usage, STORE)) > 0) {
        assert_true(n <= 30);
        assert_true(n == 1 || rows[0].key < rows[n - 1].key);
        ag_usage_written(usage, rows, n);
        all += n;
    }
    ag_usage_end(usage);
    assert_int_equal(all, 100);
}

/* Nothing is lost before two fifths are taken, and in the end nearly all are. */
static void test_a_full_table(void **state)
{
    const apr_size_t slots = 2000;
    ag_usage_t *usage = make(slots, *state);
    apr_uint64_t key, sum = 0;
    int i, n;

    for (key = 1; key <= slots * 2 / 5; key++) {
        ag_usage_count(usage, STORE, key * 7919, NOW, 0);
    }
    assert_int_equal(ag_counted(AG_COUNT_USAGE_LOST), 0);
    for (; key <= 2 * slots; key++) {
        ag_usage_count(usage, STORE, key * 7919, NOW, 0);
    }
    n = turn(usage, NOW, 1);
    for (i = 0; i < n; i++) {
        sum += rows[i].requests;
    }
    assert_true(n > (int)(slots * 9 / 10));
    assert_int_equal(sum + ag_counted(AG_COUNT_USAGE_LOST), 2 * slots);
    ag_usage_count(usage, STORE, 1, NOW, 0);
    assert_int_equal(turn(usage, NOW, 1), 1);
}

static void test_a_count_does_not_run_over(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    const apr_uint64_t many = (APR_UINT64_C(1) << 24) + 5;
    apr_uint64_t i, sum = 0;
    int k, n;

    for (i = 0; i < many; i++) {
        ag_usage_count(usage, STORE, 7, NOW, 1);
    }
    n = turn(usage, NOW, 1);
    for (k = 0; k < n; k++) {
        assert_int_equal(rows[k].requests, rows[k].denied);
        sum += rows[k].requests;
    }
    assert_int_equal(sum, many);
}

static void test_one_writer_at_a_time(void **state)
{
    ag_usage_t *usage = make(1000, *state);
    int status;
    pid_t pid;

    assert_true(ag_usage_begin(usage, NOW));
    pid = fork();
    if (pid == 0) {
        _exit(ag_usage_begin(usage, NOW));
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    ag_usage_end(usage);
    pid = fork();
    if (pid == 0) {
        ag_usage_begin(usage, NOW);
        _exit(0); /* without ending it: killed, say */
    }
    waitpid(pid, &status, 0);
    assert_true(ag_usage_begin(usage, NOW));
    ag_usage_end(usage);
}

#define CHILDREN 4
#define EACH     200000
#define KEYS     50

/* Four processes count while this one writes all the time: nothing more and nothing less. */
static void test_many_processes(void **state)
{
    ag_usage_t *usage = make(64, *state);
    apr_uint64_t requests = 0, denied = 0;
    pid_t pids[CHILDREN];
    int i, k, alive = CHILDREN;

    for (i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        for (k = 0; pids[i] == 0 && k < EACH; k++) {
            ag_usage_count(usage, STORE, 1 + (apr_uint64_t)(k + i) % KEYS, NOW, k % 2);
        }
        if (pids[i] == 0) {
            _exit(0);
        }
    }
    while (alive >= 0) {
        int n = turn(usage, NOW, 1);

        for (k = 0; k < n; k++) {
            assert_in_range(rows[k].key, 1, KEYS);
            requests += rows[k].requests;
            denied += rows[k].denied;
        }
        alive -= alive == 0 || waitpid(-1, NULL, WNOHANG) > 0;
    }
    requests += ag_counted(AG_COUNT_USAGE_LOST);
    assert_int_equal(requests, CHILDREN * EACH);
    assert_true(denied <= CHILDREN * EACH / 2);
}

static void test_another_generation_goes_on(void **state)
{
    apr_size_t size = ag_usage_bytes(100);
    void *memory = apr_pcalloc(*state, size + 64);
    ag_usage_t *usage, *next;

    assert_int_equal(ag_usage_attach(&usage, memory, size, 1, *state), APR_SUCCESS);
    ag_usage_count(usage, STORE, 7, NOW, 0);
    assert_int_equal(ag_usage_attach(&next, memory, size, 0, *state), APR_SUCCESS);
    ag_usage_count(usage, STORE, 7, NOW, 0);
    assert_int_equal(turn(next, NOW, 1), 1);
    assert_int_equal(rows[0].requests, 2);
    assert_int_equal(ag_usage_attach(&next, memory, size + 1000, 0, *state), APR_EINVAL);
    assert_int_equal(ag_usage_attach(&next, memory, 100, 1, *state), APR_EINVAL);
}

static void test_what_nobody_writes_ends_after_a_week(void **state)
{
    ag_usage_t *usage = make(100, *state);
    apr_time_t later = NOW + apr_time_from_sec(7 * DAY + 10);

    ag_usage_count(usage, STORE + 1, 7, NOW, 0);
    turn(usage, NOW, 1);
    ag_usage_expire(usage, later - apr_time_from_sec(20));
    assert_int_equal(used(usage), 1);
    ag_usage_expire(usage, later);
    assert_int_equal(used(usage), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts),
        TEST(test_a_key_without_a_number_is_not_counted),
        TEST(test_a_store_s_keys_are_its_own),
        TEST(test_midnight),
        TEST(test_what_was_not_written_waits),
        TEST(test_a_request_while_it_is_written),
        TEST(test_batches),
        TEST(test_a_full_table),
        TEST(test_a_count_does_not_run_over),
        TEST(test_one_writer_at_a_time),
        TEST(test_many_processes),
        TEST(test_another_generation_goes_on),
        TEST(test_what_nobody_writes_ends_after_a_week),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
