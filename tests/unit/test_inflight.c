/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inflight: requests in flight, counted by many processes; some are killed at any moment. Never more
 * than N are let in, and what the dead held comes back.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/base/process.h"
#include "../../src/limit/inflight.h"

#define SIZE   (1 << 18)
#define SECOND APR_USEC_PER_SEC

static const ag_id_t id = {11, 22}, other = {33, 44};

static void *share(void)
{
    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

#define FEW (SIZE / 16) /* places for 128 processes: each that comes looks at all of them */

static ag_inflight_t *attach_size(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_inflight_t *inflight;

    assert_int_equal(ag_inflight_attach(&inflight, memory, size, fresh, p), APR_SUCCESS);
    assert_true(ag_inflight_join(inflight));
    return inflight;
}

static ag_inflight_t *attach(void *memory, int fresh, apr_pool_t *p)
{
    return attach_size(memory, SIZE, fresh, p);
}

static void test_no_more_than_n(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    apr_uint32_t a = ag_inflight_take(t, id, 2, NOW), b = ag_inflight_take(t, id, 2, NOW);

    assert_true(a && b && a != b);
    assert_int_equal(ag_inflight_take(t, id, 2, NOW), 0);
    assert_true(ag_inflight_take(t, id, 3, NOW));
    assert_true(ag_inflight_take(t, other, 1, NOW)); /* another count */
    assert_int_equal(ag_inflight_out(t, id), 3);
    ag_inflight_give(t, a);
    assert_int_equal(ag_inflight_take(t, id, 2, NOW), 0);
    ag_inflight_give(t, b);
    assert_true(ag_inflight_take(t, id, 2, NOW));
    assert_int_equal(ag_inflight_take(t, other, 0, NOW), 0);
    assert_int_equal(ag_inflight_all(t), 3);
}

static void test_kept_by_the_next_generation(void **state)
{
    void *memory = share();
    ag_inflight_t *t = attach(memory, 1, *state);
    apr_uint32_t one = ag_inflight_take(t, id, 1, NOW);

    t = attach(memory, 0, *state);
    assert_int_equal(ag_inflight_take(t, id, 1, NOW), 0); /* the old process lives: it is this one */
    ag_inflight_give(t, one);
    assert_true(ag_inflight_take(t, id, 1, NOW));
    assert_int_equal(ag_inflight_attach(&t, memory, SIZE / 2, 0, *state), APR_EINVAL);
    assert_int_equal(ag_inflight_attach(&t, memory, 64, 1, *state), APR_EINVAL);
}

/* Or a busy process would take back what the others hold, and let more in. */
static void test_without_a_file_descriptor_nobody_is_dead(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    struct rlimit usual, none;

    assert_true(ag_inflight_take(t, id, 1, NOW));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(ag_inflight_take(t, id, 1, NOW), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(ag_inflight_out(t, id), 1);
}

/* A full set, or no slot left: nobody more, whoever it is. */
static void test_full(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    apr_uint32_t n = 0;
    ag_id_t ids[2000];
    int i, in = 0;

    while (ag_inflight_take(t, id, 1000000, NOW)) {
        n++;
    }
    assert_true(n > 1000);
    assert_int_equal(ag_inflight_take(t, other, 1, NOW), 0);
    t = attach(share(), 1, *state);
    for (i = 0; i < N_OF(ids); i++) {
        ids[i].hi = (apr_uint64_t)i;
        ids[i].lo = 7; /* all in one set */
        in += ag_inflight_take(t, ids[i], 1, NOW) != 0;
    }
    assert_int_equal(in, 8);
    assert_true(ag_inflight_take(t, other, 1, NOW));
}

/* Whoever can be somebody new each time fills three quarters; then an identified client still gets in. */
static void test_a_part_is_kept_for_known_clients(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    unsigned open = 0xffu & ~AG_ROOM_KEPT;
    ag_id_t one = {1, 7};
    int i, in = 0, known = 0;
    apr_uint32_t n = 0, last;

    for (i = 0; i < 100; i++) {
        one.hi = (apr_uint64_t)i; /* all in one set */
        in += ag_inflight_take_of(t, one, open, 1, NOW) != 0;
    }
    for (i = 100; i < 200; i++) {
        one.hi = (apr_uint64_t)i;
        known += ag_inflight_take(t, one, 1, NOW) != 0;
    }
    assert_true(in == 6 && known == 2);
    t = attach(share(), 1, *state);
    while ((last = ag_inflight_take_of(t, id, open, 1000000, NOW)) != 0) {
        n++;
    }
    assert_true(n > 750);
    for (i = 0; i < 200; i++) {
        assert_int_not_equal(ag_inflight_take(t, other, 1000000, NOW), 0);
    }
    assert_int_equal(ag_inflight_take_of(t, id, open, 1000000, NOW), 0);
}

/* More processes than places: who finds none gets no slot until one has died, and then gets one. */
static void test_no_place_among_the_living(void **state)
{
    void *memory = share();
    ag_inflight_t *t = attach_size(memory, FEW, 1, *state);
    int places = 2, up[2]; /* ours and the child's */
    pid_t pid;
    char yes;

    assert_int_equal(pipe(up), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        attach_size(memory, FEW, 0, *state);
        yes = write(up[1], "x", 1) == 1;
        pause();
        _exit(yes);
    }
    assert_int_equal(read(up[0], &yes, 1), 1);
    do {
        assert_in_range(++places, 3, 129);
        assert_int_equal(ag_inflight_attach(&t, memory, FEW, 0, *state), APR_SUCCESS);
    } while (ag_inflight_join(t));
    assert_int_equal(places, 129);
    assert_int_equal(ag_inflight_take(t, id, 1, NOW), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(ag_inflight_take(t, id, 1, NOW + SECOND - 1), 0); /* it looked a moment ago */
    assert_int_not_equal(ag_inflight_take(t, id, 1, NOW + SECOND), 0);
    assert_int_equal(ag_inflight_take(t, id, 1, NOW + SECOND), 0);
    close(up[0]);
    close(up[1]);
}

/* ---- many processes -------------------------------------------------------------------------- */

#define CHILDREN 8
#define ROUNDS   20000
#define N        5

typedef struct {
    int in, most, passed;
} seen_t;

static void come_and_go(ag_inflight_t *t, seen_t *seen)
{
    int i;

    ag_inflight_join(t);
    for (i = 0; i < ROUNDS; i++) {
        apr_uint32_t slot = ag_inflight_take(t, id, N, NOW);
        int in, most = __atomic_load_n(&seen->most, __ATOMIC_SEQ_CST);

        if (!slot) {
            continue;
        }
        in = __atomic_add_fetch(&seen->in, 1, __ATOMIC_SEQ_CST);
        while (in > most
               && !__atomic_compare_exchange_n(&seen->most, &most, in, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        }
        __atomic_add_fetch(&seen->passed, 1, __ATOMIC_SEQ_CST);
        if (i % 16 == 0) {
            usleep(1);
        }
        __atomic_sub_fetch(&seen->in, 1, __ATOMIC_SEQ_CST);
        ag_inflight_give(t, slot);
    }
    _exit(0);
}

static void test_processes(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    seen_t *seen = share();
    int i, status;

    for (i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            come_and_go(t, seen);
        }
    }
    for (i = 0; i < CHILDREN; i++) {
        wait(&status);
        assert_int_equal(status, 0);
    }
    assert_int_equal(seen->most, N);
    assert_true(seen->passed > CHILDREN);
    assert_int_equal(ag_inflight_out(t, id), 0);
    assert_int_equal(ag_inflight_all(t), 0);
}

/* ---- the dead -------------------------------------------------------------------------------- */

static pid_t take_and_wait(ag_inflight_t *t, int n)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        ag_inflight_join(t);
        while (n--) {
            ag_inflight_take(t, id, 100, NOW);
        }
        if (write(ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void test_a_killed_process_gives_back(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    pid_t pid = take_and_wait(t, 3);

    assert_int_equal(ag_inflight_take(t, id, 3, NOW), 0); /* it lives */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(ag_inflight_take(t, id, 3, NOW + SECOND / 2), 0); /* not looked for yet */
    assert_true(ag_inflight_take(t, id, 3, NOW + SECOND));
    assert_int_equal(ag_inflight_out(t, id), 1);
    assert_int_equal(ag_inflight_all(t), 1);
}

static void test_the_living_keep_theirs(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    pid_t dead = take_and_wait(t, 2), alive = take_and_wait(t, 2);

    kill(dead, SIGKILL);
    waitpid(dead, NULL, 0);
    assert_true(ag_inflight_take(t, id, 4, NOW));
    assert_int_equal(ag_inflight_out(t, id), 3);
    kill(alive, SIGKILL);
    waitpid(alive, NULL, 0);
}

/* A process that ended and has not been waited for runs no more. */
static void test_a_zombie_is_dead(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    pid_t pid = take_and_wait(t, 1);

    siginfo_t info;

    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); /* it has ended */
    assert_true(ag_inflight_take(t, id, 1, NOW));
    waitpid(pid, NULL, 0);
}

/* Killed some hundred times somewhere between taking and giving: in the end all are free again. */
static void test_killed_anywhere(void **state)
{
    ag_inflight_t *t = attach(share(), 1, *state);
    seen_t *seen = share();
    apr_uint32_t one;
    int i;

    for (i = 0; i < 300; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            come_and_go(t, seen);
        }
        usleep((useconds_t)(i % 60) * 10);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        one = ag_inflight_take(t, id, 1, NOW + (i + 1) * SECOND); /* nobody else is alive */
        assert_true(one);
        ag_inflight_give(t, one);
    }
    assert_int_equal(ag_inflight_out(t, id), 0);
}

static void test_processes_are_told_apart(void **state)
{
    apr_uint32_t pid;
    apr_uint64_t start;

    (void)state;
    ag_process_self(&pid, &start);
    assert_true(ag_process_runs(pid, start));
    assert_false(ag_process_runs(pid, start + 1)); /* the one that had this id before */
    assert_false(ag_process_runs(0x7FFFFFF0, start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_more_than_n),
        TEST(test_kept_by_the_next_generation),
        TEST(test_full),
        TEST(test_a_part_is_kept_for_known_clients),
        TEST(test_no_place_among_the_living),
        TEST(test_processes),
        TEST(test_without_a_file_descriptor_nobody_is_dead),
        TEST(test_a_killed_process_gives_back),
        TEST(test_the_living_keep_theirs),
        TEST(test_a_zombie_is_dead),
        TEST(test_killed_anywhere),
        TEST(test_processes_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
