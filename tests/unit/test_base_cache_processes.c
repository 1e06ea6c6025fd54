/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_cache_processes: one cache, several processes: readers take no lock, and writers are killed.
 */
#include "cache_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- processes ------------------------------------------------------------------------------- */

#define IDS 16

static ag_cache_t *make_shared(apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(8, RECORD);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ag_cache_t *cache;

    assert_true(memory != MAP_FAILED);
    assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 1, p), APR_SUCCESS);
    return cache;
}

/* A record of `n` bytes c, whose id says c: one that is torn or under another's id shows. */
static void write_for_ever(ag_cache_t *cache, unsigned seed)
{
    char record[RECORD];

    for (;; seed = seed * 1103515245 + 12345) {
        int c = (int)(seed >> 16) % IDS;

        memset(record, 'a' + c, sizeof record);
        ag_cache_put(cache, id_of(5, (apr_uint64_t)c), record, 1 + (seed >> 20) % RECORD, (apr_time_t)(seed >> 8));
        if (c == 3) {
            ag_cache_drop(cache, id_of(5, (seed >> 12) % IDS));
        }
    }
}

static int read_whole(ag_cache_t *cache)
{
    char record[RECORD];
    apr_time_t stored;
    int c, i, found = 0;

    for (c = 0; c < IDS; c++) {
        apr_size_t n = ag_cache_get(cache, id_of(5, (apr_uint64_t)c), record, &stored);

        assert_in_range(n, 0, RECORD);
        for (i = 0; i < (int)n; i++) {
            assert_int_equal(record[i], 'a' + c);
        }
        found += n > 0;
    }
    return found;
}

/* Readers take no lock; what they get is whole all the same. */
static void test_read_while_written(void **state)
{
    ag_cache_t *cache = make_shared(*state);
    int i, found = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        write_for_ever(cache, 7919);
    }
    alarm(60);
    for (i = 0; i < 100000 || found < 100000; i++) { /* the writer may begin late */
        found += read_whole(cache);
    }
    alarm(0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A record that is put in anew is there all the time. */
static void test_nothing_is_missed_while_written(void **state)
{
    ag_cache_t *cache = make_shared(*state);
    int i, missed = 0;
    pid_t pid;

    put(cache, id_of(1, 1), "first", 1);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            put(cache, id_of(1, 1), "again and again", 2);
        }
    }
    for (i = 0; i < 2000000; i++) {
        missed += !get(cache, id_of(1, 1));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(missed, 0);
}

/* Two hundred children are killed wherever they happen to be. */
static void test_killed_writers(void **state)
{
    ag_cache_t *cache = make_shared(*state);
    int i, found = 0;

    for (i = 0; i < 200; i++) {
        const struct timespec while_it_writes = {0, 1000000 + i % 10 * 100000};
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write_for_ever(cache, (unsigned)i * 7919);
        }
        nanosleep(&while_it_writes, NULL);
        alarm(10);
        read_whole(cache);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        found += read_whole(cache);
        alarm(0);
    }
    assert_true(found > 0);
    assert_true(put(cache, id_of(1, 1), "still works", 1));
    assert_string_equal(get(cache, id_of(1, 1)), "still works");
}

/* Where a write ends half-way is not left to chance: one page in the middle of the record may not
 * be written, so the kernel ends the writer there. */
static void test_killed_in_the_middle(void **state)
{
    apr_size_t page = (apr_size_t)sysconf(_SC_PAGESIZE);
    apr_size_t record = 4 * page, size = ag_cache_bytes(8, record);
    char *big = apr_palloc(*state, record), *copy = apr_palloc(*state, record);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ag_cache_t *cache;
    apr_time_t stored;
    pid_t pid;
    int status;

    assert_true(memory != MAP_FAILED);
    assert_int_equal(ag_cache_attach(&cache, memory, size, record, 1, *state), APR_SUCCESS);
    memset(big, 'a', record);
    assert_true(ag_cache_put(cache, id_of(1, 1), big, record, 1));
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGSEGV, SIG_DFL);
        memset(big, 'b', record);
        mprotect(memory + 2 * page, page, PROT_READ);
        ag_cache_put(cache, id_of(1, 1), big, record, 2);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    alarm(10);
    assert_int_equal(ag_cache_get(cache, id_of(1, 1), copy, &stored), 0);
    assert_true(ag_cache_put(cache, id_of(1, 1), big, record, 3));
    assert_int_equal(ag_cache_get(cache, id_of(1, 1), copy, &stored), record);
    assert_memory_equal(copy, big, record);
    alarm(0);
    munmap(memory, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read_while_written),
        TEST(test_nothing_is_missed_while_written),
        TEST(test_killed_writers),
        TEST(test_killed_in_the_middle),
    };

    return cmocka_run_group_tests_name("base cache, processes", tests, NULL, NULL);
}
