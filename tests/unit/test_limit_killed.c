/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_killed: the table of counters after processes were killed in the middle of whatever they did, and
 * with many of them at once.
 */
#include "shm_fixture.h"

#include <sys/ptrace.h>

#define KILLS    300
#define CHILDREN 8
#define HITS     50000

/* ---- killed ---------------------------------------------------------------------------------- */

/* Charges both windows as fast as it can, and takes back one in four. */
static void hammer(void *memory, const ag_window_t *windows, ag_subject_t *s)
{
    ag_store_t *store = attach(memory, TABLE_SIZE, 0);
    int i;

    for (i = 0;; i++) {
        ag_charge_t c[2] = {make_charge(&windows[0], s), make_charge(&windows[1], s)};

        store->charge(store, c, 2, now, pool);
        if (i % 4 == 0) {
            store->refund(store, c, 2, now, now, pool);
        }
    }
}

/* Children are killed in the middle of whatever they do. Locks are given back, and each window
 * holds as many as the other, but for one request per kill. */
static void test_killed_children_leave_the_table_whole(void **state)
{
    void *memory = share(TABLE_SIZE);
    ag_store_t *store = attach(memory, TABLE_SIZE, 1);
    ag_window_t windows[2] = {make_window(AG_RATE_MAX, 3600, &ag_algo_fixed),
                              make_window(AG_RATE_MAX, 3600, &ag_algo_sliding)};
    ag_subject_t s = numbered(1);
    apr_uint64_t one = AG_RATE_MAX, other;
    int i;

    (void)state;
    alarm(60); /* a lock that is lost ends the test */
    for (i = 0; i < KILLS; i++) {
        pid_t pids[2];
        int k;

        for (k = 0; k < 2; k++) {
            pids[k] = fork_child();
            if (pids[k] == 0) {
                hammer(memory, windows, &s);
            }
        }
        usleep((useconds_t)(500 + i * 37 % 1500));
        kill_child(pids[0]);
        kill_child(pids[1]);
        other = left(store, &windows[1], &s);
        assert_true(left(store, &windows[0], &s) <= one);
        one = left(store, &windows[0], &s);
        assert_true(one <= other + 2u * (unsigned)(i + 1) && other <= one + 2u * (unsigned)(i + 1));
    }
    assert_true(one < AG_RATE_MAX - KILLS); /* they did work */
    assert_true(hit(store, &windows[0], &s));
    assert_int_equal(left(store, &windows[0], &s), one - 1);
    alarm(0);
}

/* ---- one instruction after the other --------------------------------------------------------- */

/* What another process would find if the one that wrote `memory` were killed now: the kernel gives
 * its locks back. */
static apr_uint64_t left_after_kill(const void *memory, void *copy, const ag_window_t *w, ag_subject_t *s)
{
    ag_counters_t table;

    memcpy(copy, memory, SMALL_SIZE);
    assert_int_equal(ag_counters_attach(&table, copy, SMALL_SIZE, 0), APR_SUCCESS);
    assert_int_equal(table.mask, 0);
    assert_int_equal(ag_lock_init(&table.stripes[0].lock), APR_SUCCESS);
    return left(attach(copy, SMALL_SIZE, 0), w, s);
}

/* Lets a child charge once, at `at`, and looks at the table after each of its instructions:
 * there is the old state, then the new one, and nothing else ever. */
static void step_through(void *memory, const ag_window_t *w, ag_subject_t *s, apr_time_t at, apr_uint64_t before)
{
    void *copy = share(SMALL_SIZE);
    apr_uint64_t seen = before, found;
    int status, steps;
    pid_t pid = fork_child();

    if (pid == 0) {
        ag_store_t *store = attach(memory, SMALL_SIZE, 0);
        ag_charge_t c = make_charge(w, s);

        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(1);
        }
        raise(SIGSTOP);
        store->charge(store, &c, 1, at, pool);
        _exit(0);
    }
    now = at;
    waitpid(pid, &status, 0);
    for (steps = 0; WIFSTOPPED(status); steps++) {
        found = left_after_kill(memory, copy, w, s);
        assert_true(found == seen || found + 1 == seen);
        assert_true(found + 1 >= before);
        seen = found;
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        waitpid(pid, &status, 0);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(steps > 100);
    assert_int_equal(seen, before - 1);
    munmap(copy, SMALL_SIZE);
}

static void test_killed_at_any_instruction(void **state)
{
    static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket, &ag_algo_log};
    apr_time_t real = now, start = now - now % apr_time_from_sec(3600) + apr_time_from_sec(60);
    size_t a;

    (void)state;
    for (a = 0; a < 4; a++) {
        void *memory = share(SMALL_SIZE);
        ag_store_t *store = attach(memory, SMALL_SIZE, 1);
        apr_uint64_t n = algos[a] == &ag_algo_log ? 3 : 10;
        ag_window_t w = make_window(n, 3600, algos[a]);
        ag_window_t other = make_window(1, 60, algos[(a + 1) % 4]);
        ag_subject_t s = numbered(1), newcomer = numbered(5000), late = numbered(5001);

        now = start;
        hit(store, &w, &s);
        step_through(memory, &w, &s, start, n - 1); /* in its slot */
        now += apr_time_from_sec(3600);
        /* A window on; of sliding 59 sixtieths of 2 count. */
        step_through(memory, &w, &s, now, w.algo == &ag_algo_sliding ? n - 1 : n);
        now += apr_time_from_sec(14400);
        step_through(memory, &w, &s, now, n); /* long after */
        fill(store, &other, 0, 2000);
        step_through(memory, &w, &newcomer, now, n); /* in the overflow */
        now += apr_time_from_sec(7200);
        step_through(memory, &w, &late, now, n); /* in a slot another algorithm used */
        munmap(memory, SMALL_SIZE);
    }
    now = real;
}

/* ---- many at once ---------------------------------------------------------------------------- */

static void charge_often(void *memory, const ag_window_t *w, ag_subject_t *s, int *passed)
{
    ag_store_t *store = attach(memory, TABLE_SIZE, 0);
    int i;

    for (i = 0; i < HITS; i++) {
        ag_charge_t c = make_charge(w, s);

        store->charge(store, &c, 1, now, pool);
        *passed += c.allowed;
    }
    _exit(0);
}

/* Long enough for the children to run at the same time, and to interrupt each other. */
static void test_many_hits_at_once(void **state)
{
    void *memory = share(TABLE_SIZE);
    ag_window_t w = make_window(CHILDREN * HITS - 1000, 3600, &ag_algo_sliding);
    int *passed = share(CHILDREN * sizeof *passed);
    ag_subject_t s = numbered(1);
    pid_t pids[CHILDREN];
    int i, sum = 0;

    (void)state;
    attach(memory, TABLE_SIZE, 1);
    for (i = 0; i < CHILDREN; i++) {
        pids[i] = fork_child();
        if (pids[i] == 0) {
            charge_often(memory, &w, &s, &passed[i]);
        }
    }
    for (i = 0; i < CHILDREN; i++) {
        waitpid(pids[i], NULL, 0);
        sum += passed[i];
    }
    assert_int_equal(sum, CHILDREN * HITS - 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_children_leave_the_table_whole),
        cmocka_unit_test(test_killed_at_any_instruction),
        cmocka_unit_test(test_many_hits_at_once),
    };

    return cmocka_run_group_tests(tests, limit_start, limit_stop);
}
