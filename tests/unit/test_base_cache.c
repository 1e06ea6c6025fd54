/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared cache: put, get, drop, sweep, eviction, a second generation of the server, and
 * processes that are killed while they write.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/base/cache.h"
#include "../../src/keys/keys.h"

#define RECORD 100

static ag_cache_t *make(apr_size_t slots, apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(slots, RECORD);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, apr_palloc(p, size), size, RECORD, 1, p), APR_SUCCESS);
    return cache;
}

static ag_id_t id_of(apr_uint64_t hi, apr_uint64_t lo)
{
    ag_id_t id = {hi, lo};

    return id;
}

static int put(ag_cache_t *cache, ag_id_t id, const char *text, apr_time_t now)
{
    return ag_cache_put(cache, id, text, strlen(text), now);
}

/* The record as a text, or NULL. */
static const char *get(ag_cache_t *cache, ag_id_t id)
{
    static char text[RECORD + 1];
    apr_time_t stored;
    apr_size_t n = ag_cache_get(cache, id, text, &stored);

    text[n] = '\0';
    return n ? text : NULL;
}

static apr_size_t used(ag_cache_t *cache)
{
    apr_size_t slots, n;

    ag_cache_fill(cache, &slots, &n);
    return n;
}

/* What docs/howto/scale.md says of the memory a key takes. */
static void test_the_memory_of_a_key(void **state)
{
    const apr_size_t million = 1000000;

    (void)state;
    assert_in_range(ag_cache_bytes(million, AG_KEY_RECORD_SIZE) / million, 300, 307);
    assert_in_range(ag_cache_bytes(million, AG_KEY_UNKNOWN_SIZE) / million, 60, 69);
}

static void test_put_get(void **state)
{
    ag_cache_t *cache = make(64, *state);
    char text[RECORD];
    apr_time_t stored = 0;

    assert_null(get(cache, id_of(1, 1)));
    assert_true(put(cache, id_of(1, 1), "one", 10));
    assert_true(put(cache, id_of(2, 1), "two", 20));
    assert_true(put(cache, id_of(1, 2), "three", 30));
    assert_string_equal(get(cache, id_of(1, 1)), "one");
    assert_string_equal(get(cache, id_of(2, 1)), "two");
    assert_string_equal(get(cache, id_of(1, 2)), "three");
    assert_null(get(cache, id_of(2, 2)));
    assert_int_equal(ag_cache_get(cache, id_of(2, 1), text, &stored), 3);
    assert_int_equal(stored, 20);
    assert_int_equal(used(cache), 3);
}

static void test_replace(void **state)
{
    ag_cache_t *cache = make(8, *state);
    char text[RECORD];
    apr_time_t stored = 0;

    assert_true(put(cache, id_of(1, 1), "a long record", 10));
    assert_true(put(cache, id_of(1, 1), "short", 5));
    assert_int_equal(ag_cache_get(cache, id_of(1, 1), text, &stored), 5);
    assert_memory_equal(text, "short", 5);
    assert_int_equal(stored, 5);
    assert_int_equal(used(cache), 1);
}

static void test_sizes(void **state)
{
    ag_cache_t *cache = make(8, *state);
    char big[RECORD + 1], text[RECORD + 1];
    apr_time_t stored;

    memset(big, 'b', sizeof big);
    memset(text, 'x', sizeof text);
    assert_false(ag_cache_put(cache, id_of(1, 1), big, RECORD + 1, 1));
    assert_null(get(cache, id_of(1, 1)));
    assert_false(ag_cache_put(cache, id_of(1, 1), big, 0, 1));
    assert_true(ag_cache_put(cache, id_of(1, 1), big, RECORD, 1));
    assert_int_equal(ag_cache_get(cache, id_of(1, 1), text, &stored), RECORD);
    assert_memory_equal(text, big, RECORD);
    assert_int_equal(text[RECORD], 'x');
    assert_false(ag_cache_put(cache, id_of(1, 1), big, RECORD + 1, 1)); /* the old one stays */
    assert_int_equal(ag_cache_get(cache, id_of(1, 1), text, &stored), RECORD);
}

static void test_drop(void **state)
{
    ag_cache_t *cache = make(8, *state);

    put(cache, id_of(1, 1), "one", 1);
    put(cache, id_of(2, 2), "two", 1);
    ag_cache_drop(cache, id_of(3, 3));
    ag_cache_drop(cache, id_of(1, 2));
    assert_int_equal(used(cache), 2);
    ag_cache_drop(cache, id_of(1, 1));
    assert_null(get(cache, id_of(1, 1)));
    assert_string_equal(get(cache, id_of(2, 2)), "two");
    assert_true(put(cache, id_of(1, 1), "again", 2));
    assert_string_equal(get(cache, id_of(1, 1)), "again");
}

/* A set of eight gives up its oldest, a slot that was dropped before that. */
static void test_eviction(void **state)
{
    ag_cache_t *cache = make(8, *state);
    int i;

    for (i = 0; i < 8; i++) {
        put(cache, id_of((apr_uint64_t)i + 1, 0), "r", 100 - i); /* the last is the oldest */
    }
    put(cache, id_of(1, 0), "r", 101);
    put(cache, id_of(9, 0), "new", 200);
    assert_null(get(cache, id_of(8, 0)));
    for (i = 0; i < 7; i++) {
        assert_non_null(get(cache, id_of((apr_uint64_t)i + 1, 0)));
    }
    ag_cache_drop(cache, id_of(3, 0));
    put(cache, id_of(10, 0), "new", 201);
    assert_non_null(get(cache, id_of(7, 0)));
    assert_non_null(get(cache, id_of(10, 0)));
    put(cache, id_of(11, 0), "new", 202);
    assert_null(get(cache, id_of(7, 0)));
    put(cache, id_of(6, 0), "newer", 203); /* replaced where it stands, nobody else goes */
    assert_int_equal(used(cache), 8);
    assert_non_null(get(cache, id_of(5, 0)));
}

/* Far more records than slots: never a wrong one, and all slots serve. */
static void test_many(void **state)
{
    ag_cache_t *cache = make(1000, *state);
    apr_size_t slots, n;
    int i, found = 0;

    ag_cache_fill(cache, &slots, &n);
    assert_int_equal(slots, 1000);
    assert_int_equal(n, 0);
    for (i = 0; i < 20000; i++) {
        put(cache, ag_id_of(&i, sizeof i), apr_psprintf(*state, "record %d", i), i);
    }
    for (i = 0; i < 20000; i++) {
        const char *text = get(cache, ag_id_of(&i, sizeof i));

        if (text) {
            assert_string_equal(text, apr_psprintf(*state, "record %d", i));
            found++;
        }
    }
    assert_int_equal(found, 1000);
    assert_int_equal(used(cache), 1000);
}

static int starts_with(void *ctx, const void *record, apr_size_t n)
{
    return n > 0 && *(const char *)record == *(const char *)ctx;
}

static void test_sweep(void **state)
{
    ag_cache_t *cache = make(400, *state);
    char a = 'a', c = 'c';
    int i;

    for (i = 0; i < 100; i++) {
        put(cache, id_of(7, (apr_uint64_t)i), i % 4 ? "b" : "a", i);
    }
    assert_int_equal(ag_cache_sweep(cache, starts_with, &c), 0);
    assert_int_equal(ag_cache_sweep(cache, starts_with, &a), 25);
    assert_int_equal(ag_cache_sweep(cache, starts_with, &a), 0);
    assert_int_equal(used(cache), 75);
    for (i = 0; i < 100; i++) {
        assert_int_equal(get(cache, id_of(7, (apr_uint64_t)i)) != NULL, i % 4 != 0);
    }
}

/* ---- shapes and generations ------------------------------------------------------------------ */

static void test_bytes(void **state)
{
    apr_size_t slots, n;
    ag_cache_t *cache;
    char *memory;
    int i;

    for (i = 1; i < 40; i++) {
        apr_size_t size = ag_cache_bytes((apr_size_t)i, RECORD);

        memory = apr_palloc(*state, size + 1);
        memory[size] = 'x';
        assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 1, *state), APR_SUCCESS);
        ag_cache_fill(cache, &slots, &n);
        assert_in_range(slots, i, i + 7);
        assert_int_equal(memory[size], 'x');
        if (i <= 8) { /* one byte less holds no set of eight */
            assert_int_equal(ag_cache_attach(&cache, memory, size - 1, RECORD, 1, *state), APR_EINVAL);
        }
    }
    assert_int_equal(ag_cache_attach(&cache, memory, 0, RECORD, 1, *state), APR_EINVAL);
    assert_int_equal(ag_cache_attach(&cache, memory, 8, RECORD, 1, *state), APR_EINVAL);
}

static void test_second_generation(void **state)
{
    apr_size_t size = ag_cache_bytes(64, RECORD);
    void *memory = apr_palloc(*state, size);
    ag_cache_t *first, *second;

    assert_int_equal(ag_cache_attach(&first, memory, size, RECORD, 1, *state), APR_SUCCESS);
    put(first, id_of(1, 1), "one", 1);
    assert_int_equal(ag_cache_attach(&second, memory, size, RECORD, 0, *state), APR_SUCCESS);
    assert_string_equal(get(second, id_of(1, 1)), "one");
    put(second, id_of(2, 2), "two", 1);
    assert_string_equal(get(first, id_of(2, 2)), "two"); /* both run for a while */
    assert_int_equal(ag_cache_attach(&second, memory, size, RECORD, 1, *state), APR_SUCCESS);
    assert_null(get(second, id_of(1, 1)));
    assert_int_equal(used(second), 0);
}

static void test_shape_mismatch(void **state)
{
    apr_size_t size = ag_cache_bytes(64, RECORD);
    char *memory = apr_pcalloc(*state, size);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 0, *state), APR_EINVAL);
    assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 1, *state), APR_SUCCESS);
    /* 97 and 100 bytes take the same room, and are not the same shape */
    assert_int_equal(ag_cache_attach(&cache, memory, size, 97, 0, *state), APR_EINVAL);
    assert_int_equal(ag_cache_attach(&cache, memory, size, 2 * RECORD, 0, *state), APR_EINVAL);
    assert_int_equal(ag_cache_attach(&cache, memory, ag_cache_bytes(56, RECORD), RECORD, 0, *state), APR_EINVAL);
    assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 0, *state), APR_SUCCESS);
    memory[0] ^= 1;
    assert_int_equal(ag_cache_attach(&cache, memory, size, RECORD, 0, *state), APR_EINVAL);
}

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
        TEST(test_the_memory_of_a_key),
        TEST(test_put_get),
        TEST(test_replace),
        TEST(test_sizes),
        TEST(test_drop),
        TEST(test_eviction),
        TEST(test_many),
        TEST(test_sweep),
        TEST(test_bytes),
        TEST(test_second_generation),
        TEST(test_shape_mismatch),
        TEST(test_read_while_written),
        TEST(test_nothing_is_missed_while_written),
        TEST(test_killed_writers),
        TEST(test_killed_in_the_middle),
    };

    return cmocka_run_group_tests_name("base cache", tests, NULL, NULL);
}
