/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_shm: the shared-memory table when things go badly: full, its users killed at any
 * moment, the server restarted. Whatever happens, nobody who is out of quota gets more of it.
 */
#include "limit_fixture.h"

#include <sys/ptrace.h>

#include "../../src/limit/counters.h"

#define TABLE_SIZE  (1 << 20)
#define SMALL_SIZE  8192 /* one stripe of ten sets: 80 slots */
#define MEDIUM_SIZE 100000
#define KILLS       300
#define CHILDREN    8
#define HITS        50000

static ag_store_t *attach(void *memory, size_t size, int fresh)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, memory, size, fresh, pool), APR_SUCCESS);
    return store;
}

static ag_subject_t numbered(int number)
{
    return make_subject(apr_psprintf(pool, "ip:198.51.100.%d", number));
}

/* ---- attaching ------------------------------------------------------------------------------- */

static void test_another_generation_finds_the_counts(void **state)
{
    void *memory = share(TABLE_SIZE);
    ag_store_t *store = attach(memory, TABLE_SIZE, 1);
    ag_window_t w = make_window(3, 3600, &ag_algo_sliding);
    ag_subject_t s = numbered(1);

    (void)state;
    assert_true(hit(store, &w, &s) && hit(store, &w, &s));
    store = attach(memory, TABLE_SIZE, 0);
    assert_int_equal(left(store, &w, &s), 1);
    store = attach(memory, TABLE_SIZE, 1);
    assert_int_equal(left(store, &w, &s), 3);
}

static void test_another_shape_is_refused(void **state)
{
    char *memory = share(TABLE_SIZE);
    ag_store_t *store;

    (void)state;
    assert_int_equal(ag_store_shm_attach(&store, memory, TABLE_SIZE, 0, pool), APR_EINVAL);
    attach(memory, TABLE_SIZE, 1);
    assert_int_equal(ag_store_shm_attach(&store, memory, TABLE_SIZE / 2, 0, pool), APR_EINVAL);
    memory[8]++; /* the version */
    assert_int_equal(ag_store_shm_attach(&store, memory, TABLE_SIZE, 0, pool), APR_EINVAL);
    assert_int_equal(ag_store_shm_attach(&store, memory, 1000, 1, pool), APR_EINVAL);
}

static void test_any_size_is_kept_within(void **state)
{
    ag_window_t w = make_window(1, 3600, &ag_algo_fixed);
    size_t size;
    int i;

    (void)state;
    for (size = 2048; size < 200000; size = size * 5 / 4 / 8 * 8) {
        char *memory = share(size + 64);
        ag_store_t *store = attach(memory, size, 1);

        memset(memory + size, 0x5a, 64);
        for (i = 0; i < 3000; i++) {
            ag_subject_t s = make_subject(apr_psprintf(pool, "%d", i));

            hit(store, &w, &s);
        }
        for (i = 0; i < 64; i++) {
            assert_int_equal(memory[size + (size_t)i], 0x5a);
        }
        munmap(memory, size + 64);
    }
}

/* ---- full ------------------------------------------------------------------------------------ */

/* A thousand newcomers for 80 slots: who has a slot keeps it, all others share one count. */
static void test_a_full_table_frees_nobody(void **state)
{
    ag_store_t *store = attach(share(SMALL_SIZE), SMALL_SIZE, 1);
    ag_window_t w = make_window(2, 3600, &ag_algo_sliding);
    int i, passed = 0, first = 0;

    (void)state;
    for (i = 0; i < 1000; i++) {
        ag_subject_t s = numbered(i);

        passed += hit(store, &w, &s);
    }
    assert_in_range(passed, 60, 82); /* 80 slots, and 2 in the overflow */
    for (i = 0; i < 1000; i++) {
        ag_subject_t s = numbered(i);

        first += hit(store, &w, &s);
    }
    assert_true(first <= passed); /* each slot's second one */
    for (i = 0; i < 1000; i++) {
        ag_subject_t s = numbered(i);

        assert_false(hit(store, &w, &s));
    }
}

/* The first newcomer without a slot comes late, and troubles nobody who still finds one. */
static void test_a_table_nearly_full(void **state)
{
    ag_counters_head_t *memory = share(MEDIUM_SIZE);
    ag_store_t *store = attach(memory, MEDIUM_SIZE, 1);
    ag_window_t w = make_window(1, 3600, &ag_algo_fixed);
    apr_uint64_t slots, i, passed = 0;
    ag_shm_fill_t fill;

    (void)state;
    ag_store_shm_fill(&fill, store, 1);
    slots = fill.slots;
    for (i = 0; memory->overflows < 3; i++) {
        ag_subject_t s = numbered((int)i);

        hit(store, &w, &s);
    }
    assert_in_range(i, slots * 7 / 10, slots);
    for (slots = i + 100; i < slots; i++) {
        ag_subject_t s = numbered((int)i);

        passed += (apr_uint64_t)hit(store, &w, &s);
    }
    assert_in_range(passed, 10, 100);
}

/* Slots become free again, one by one, only when they stopped counting. */
static void test_idle_slots_are_used_again(void **state)
{
    ag_store_t *store = attach(share(SMALL_SIZE), SMALL_SIZE, 1);
    ag_window_t w = make_window(1, 60, &ag_algo_fixed);
    int round, i;

    (void)state;
    for (round = 0; round < 20; round++) {
        apr_time_t at = now + round * apr_time_from_sec(60);

        for (i = 0; i < 10; i++) {
            ag_subject_t s = numbered(round * 10 + i);

            assert_int_equal(hit_at(store, &w, &s, at, NULL), 1);
            assert_int_equal(hit_at(store, &w, &s, at, NULL), 0);
        }
    }
}

static void fill(ag_store_t *store, const ag_window_t *w, int from, int count)
{
    int i;

    for (i = from; i < from + count; i++) {
        ag_subject_t s = numbered(i);

        hit(store, w, &s);
    }
}

/* Counted in the overflow and refused, then a slot of its own becomes free: still refused. */
/* Who is refused and calls himself another each time fills no table: neither when one of his limits
 * refuses, nor when what he took before is given back. */
static void test_refused_requests_keep_no_slots(void **state)
{
    ag_store_t *store = attach(share(SMALL_SIZE), SMALL_SIZE, 1);
    ag_window_t all = make_window(1, 3600, &ag_algo_sliding);
    ag_window_t each = make_window(5, 3600, &ag_algo_sliding);
    ag_subject_t global = make_subject("global");
    int i;

    (void)state;
    assert_true(hit(store, &all, &global));
    for (i = 0; i < 500; i++) {
        ag_subject_t name = numbered(i), other = numbered(1000 + i);
        ag_charge_t both[2] = {make_charge(&all, &global), make_charge(&each, &name)};
        ag_charge_t early = make_charge(&each, &other);

        assert_int_equal(store->charge(store, both, 2, now, pool), APR_SUCCESS);
        assert_false(ag_charges_allowed(both, 2));
        assert_int_equal(store->charge(store, &early, 1, now, pool), APR_SUCCESS);
        store->refund(store, &early, 1, now, now, pool);
    }
    assert_int_equal(ag_store_shm_overflows(store), 0);
    assert_false(hit(store, &all, &global));
}

static void test_leaving_the_overflow_forgets_nothing(void **state)
{
    ag_store_t *store = attach(share(SMALL_SIZE), SMALL_SIZE, 1);
    ag_window_t minute = make_window(1, 60, &ag_algo_fixed);
    ag_window_t week = make_window(3, 7 * 86400, &ag_algo_bucket);
    ag_subject_t s = numbered(100000);
    apr_time_t later = now + apr_time_from_sec(120);
    int i;

    (void)state;
    fill(store, &minute, 0, 2000);
    for (i = 0; i < 5; i++) {
        assert_int_equal(hit(store, &week, &s), i < 3);
    }
    assert_false(hit_at(store, &week, &s, later, NULL));
    assert_false(hit_at(store, &week, &s, later, NULL));
    assert_true(hit_at(store, &minute, &s, later, NULL)); /* there is room by now */
}

/* When even the overflow slots are taken, the answer is no for a second, dry runs apart. */
static void test_more_windows_than_overflow_slots(void **state)
{
    ag_store_t *store = attach(share(SMALL_SIZE), SMALL_SIZE, 1);
    ag_window_t w = make_window(1, 3600, &ag_algo_fixed);
    int i, passed = 0;

    (void)state;
    fill(store, &w, 0, 2000);
    for (i = 0; i < 40; i++) {
        ag_window_t mine = make_window(5, 3600, &ag_algo_sliding);
        ag_subject_t s = numbered(3000 + i);
        ag_charge_t c = make_charge(&mine, &s);

        assert_int_equal(store->charge(store, &c, 1, now, pool), APR_SUCCESS);
        passed += c.allowed;
        if (!c.allowed) {
            assert_int_equal(c.quota.retry, 1);
            assert_int_equal(c.quota.remaining, 0);
            c.dry_run = 1;
            assert_int_equal(store->charge(store, &c, 1, now, pool), APR_SUCCESS);
            assert_true(ag_charges_allowed(&c, 1));
        }
    }
    assert_int_equal(passed, 15); /* of 16 overflow slots one is the first window's */
}

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
        cmocka_unit_test(test_another_generation_finds_the_counts),
        cmocka_unit_test(test_another_shape_is_refused),
        cmocka_unit_test(test_any_size_is_kept_within),
        cmocka_unit_test(test_a_full_table_frees_nobody),
        cmocka_unit_test(test_a_table_nearly_full),
        cmocka_unit_test(test_idle_slots_are_used_again),
        cmocka_unit_test(test_refused_requests_keep_no_slots),
        cmocka_unit_test(test_leaving_the_overflow_forgets_nothing),
        cmocka_unit_test(test_more_windows_than_overflow_slots),
        cmocka_unit_test(test_killed_children_leave_the_table_whole),
        cmocka_unit_test(test_killed_at_any_instruction),
        cmocka_unit_test(test_many_hits_at_once),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_from_sec(APR_INT64_C(1767225600));
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
