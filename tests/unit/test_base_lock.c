/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock between processes: it excludes, it waits, and the kernel gives it back when its owner is
 * killed.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/base/lock.h"

typedef struct {
    ag_lock_t lock;
    volatile int stage;
    volatile long a, b;
} shared_t;

static shared_t *share(void)
{
    shared_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(shared != MAP_FAILED);
    assert_int_equal(ag_lock_init(&shared->lock), APR_SUCCESS);
    return shared;
}

static void nap(void)
{
    static const struct timespec millisecond = {0, 1000000};

    nanosleep(&millisecond, NULL);
}

static void await_stage(shared_t *shared, int stage)
{
    int i;

    for (i = 0; i < 10000 && shared->stage != stage; i++) {
        nap();
    }
    assert_int_equal(shared->stage, stage);
}

/* A child that takes the lock, says so and does no more. */
static pid_t fork_holder(shared_t *shared)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(30);
        ag_lock_take(&shared->lock);
        shared->stage = 1;
        for (;;) {
            pause();
        }
    }
    return pid;
}

static int ended(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void test_killed_owner(void **state)
{
    shared_t *shared = share();
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        pid_t pid;

        shared->stage = 0;
        pid = fork_holder(shared);
        await_stage(shared, 1);
        kill(pid, SIGKILL);
        assert_true(WIFSIGNALED(ended(pid)));
        alarm(10); /* a lock that nobody gives back ends the test, not the day */
        ag_lock_take(&shared->lock);
        ag_lock_give(&shared->lock);
        ag_lock_take(&shared->lock); /* not only once */
        ag_lock_give(&shared->lock);
        alarm(0);
    }
    munmap(shared, sizeof *shared);
}

/* One that waits while the owner is killed gets the lock then, not before. */
static void test_waiter_of_killed_owner(void **state)
{
    shared_t *shared = share();
    pid_t owner = fork_holder(shared), waiter;
    int i;

    (void)state;
    await_stage(shared, 1);
    waiter = fork();
    if (waiter == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(20);
        ag_lock_take(&shared->lock);
        shared->stage = 2;
        ag_lock_give(&shared->lock);
        _exit(0);
    }
    for (i = 0; i < 50; i++) {
        nap();
    }
    assert_int_equal(shared->stage, 1);
    kill(owner, SIGKILL);
    ended(owner);
    assert_int_equal(ended(waiter), 0);
    assert_int_equal(shared->stage, 2);
    munmap(shared, sizeof *shared);
}

#define ROUNDS 100000

/* Two numbers that only agree where nobody else is between their changes. */
static void count(shared_t *shared)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        ag_lock_take(&shared->lock);
        shared->a++;
        shared->b++;
        if (shared->a != shared->b) {
            _exit(1);
        }
        ag_lock_give(&shared->lock);
    }
}

static void test_processes(void **state)
{
    shared_t *shared = share();
    pid_t pids[3];
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            count(shared);
            _exit(0);
        }
    }
    for (i = 0; i < 3; i++) {
        assert_int_equal(ended(pids[i]), 0);
    }
    assert_int_equal(shared->a, 3 * ROUNDS);
    munmap(shared, sizeof *shared);
}

static void *count_in_thread(void *shared)
{
    count(shared);
    return NULL;
}

static void test_threads(void **state)
{
    shared_t *shared = share();
    pthread_t threads[3];
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_in_thread, shared), 0);
    }
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(shared->a, 3 * ROUNDS);
    munmap(shared, sizeof *shared);
}

/* A thread that ends with the lock in its hands is a dead owner too. */
static void *end_holding(void *lock)
{
    ag_lock_take(lock);
    return NULL;
}

static void test_dead_thread(void **state)
{
    shared_t *shared = share();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, end_holding, &shared->lock), 0);
    pthread_join(thread, NULL);
    alarm(10);
    ag_lock_take(&shared->lock);
    ag_lock_give(&shared->lock);
    alarm(0);
    munmap(shared, sizeof *shared);
}

/* What can only be a broken program ends the process: a lock that is not ours to give, and one that
 * was taken over and can never be made right again. */
static void test_broken_program(void **state)
{
    shared_t *shared = share();
    pid_t owner = fork_holder(shared), child;
    int i;

    (void)state;
    await_stage(shared, 1);
    for (i = 0; i < 2; i++) {
        child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            if (i == 0) {
                ag_lock_give(&shared->lock);
            }
            else {
                pthread_mutex_lock(&shared->lock.mutex); /* takes over, mends nothing */
                pthread_mutex_unlock(&shared->lock.mutex);
                ag_lock_take(&shared->lock);
            }
            _exit(0);
        }
        assert_int_equal(WTERMSIG(ended(child)), SIGABRT);
        if (i == 0) {
            kill(owner, SIGKILL);
            ended(owner);
        }
    }
    munmap(shared, sizeof *shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_killed_owner), TEST(test_waiter_of_killed_owner), TEST(test_processes), TEST(test_threads),
        TEST(test_dead_thread),  TEST(test_broken_program),
    };

    return cmocka_run_group_tests_name("base lock", tests, NULL, NULL);
}
