/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared cache where records come in two sizes: how many of each it holds, how one makes room for the
 * other, and what is kept when there are more records in use than places.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../../src/base/cache.h"

#define LARGE 1088
#define SMALL (LARGE / 4)
#define WAYS  16

static ag_cache_t *make(apr_size_t records, apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(records, LARGE);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ag_cache_t *cache;

    assert_true(memory != MAP_FAILED);
    assert_int_equal(ag_cache_attach(&cache, memory, size, LARGE, 1, p), APR_SUCCESS);
    return cache;
}

static ag_id_t id_of(unsigned number)
{
    return ag_id_of(&number, sizeof number);
}

static apr_time_t now = NOW;

/* A record of n bytes that says whose it is. */
static void put(ag_cache_t *cache, unsigned number, apr_size_t n)
{
    char record[LARGE];

    memset(record, (int)(number % 251) + 1, sizeof record);
    assert_true(ag_cache_put(cache, id_of(number), record, n, now));
}

/* Its length, and every byte of it looked at. */
static apr_size_t get(ag_cache_t *cache, unsigned number)
{
    char record[LARGE];
    apr_time_t stored;
    apr_size_t n = ag_cache_get(cache, id_of(number), record, &stored), i;

    for (i = 0; i < n; i++) {
        assert_int_equal((unsigned char)record[i], number % 251 + 1);
    }
    return n;
}

static int present(ag_cache_t *cache, unsigned from, unsigned to)
{
    int n = 0;

    for (; from < to; from++) {
        n += get(cache, from) > 0;
    }
    return n;
}

/* Asks for it, and puts it in where it is not, as whoever verifies it does. */
static int use(ag_cache_t *cache, unsigned number, apr_size_t n)
{
    if (get(cache, number)) {
        return 1;
    }
    put(cache, number, n);
    return 0;
}

/* What the page of ApiGuardSharedMemory says of the usual 32 MB, of which 30 % are keys and 13 % tokens. */
static void test_three_times_as_many(void **state)
{
    const apr_size_t all = (apr_size_t)32 << 20, million = 1000000;
    apr_size_t each = ag_cache_bytes(million, LARGE) / million;

    (void)state;
    assert_in_range(each, 300, 307);
    assert_true(all / 100 * 30 / each > 3 * (all / 100 * 30 / 1037));
    assert_true(all / 100 * 13 / each > 3 * (all / 100 * 13 / 1037));
    assert_true(all / 100 * 30 / each > 32000);
    assert_true(all / 100 * 13 / each > 14000);
}

static void test_both_sizes(void **state)
{
    ag_cache_t *cache = make(WAYS, *state);
    unsigned i;

    for (i = 0; i < WAYS; i++) {
        put(cache, i, SMALL);
    }
    assert_int_equal(present(cache, 0, WAYS), WAYS);
    cache = make(WAYS, *state);
    for (i = 0; i < WAYS / 4; i++) {
        put(cache, i, i ? LARGE : SMALL + 1);
    }
    assert_int_equal(present(cache, 0, WAYS / 4), WAYS / 4);
    assert_int_equal(get(cache, 0), SMALL + 1);
    cache = make(WAYS, *state);
    put(cache, 0, SMALL);
    put(cache, 1, LARGE);
    put(cache, 2, LARGE);
    put(cache, 3, LARGE);
    put(cache, 4, SMALL);
    put(cache, 5, SMALL);
    put(cache, 6, SMALL);
    assert_int_equal(present(cache, 0, 7), 7);
    cache = make(WAYS, *state);
    put(cache, 0, LARGE);
    for (i = 1; i < 13; i++) {
        put(cache, i, SMALL); /* none of them inside of it */
    }
    assert_int_equal(present(cache, 0, 13), 13);
}

/* A key whose row gets longer or shorter stays one record, and is never found as it was. */
static void test_a_record_changes_its_size(void **state)
{
    ag_cache_t *cache = make(WAYS, *state);
    apr_size_t places, used;
    unsigned i;

    for (i = 0; i < WAYS; i++) {
        put(cache, i, SMALL);
    }
    put(cache, 5, LARGE);
    assert_int_equal(get(cache, 5), LARGE);
    assert_int_equal(present(cache, 0, WAYS), WAYS - 3);
    put(cache, 5, SMALL - 1);
    assert_int_equal(get(cache, 5), SMALL - 1);
    assert_int_equal(present(cache, 0, WAYS), WAYS - 3);
    put(cache, 100, SMALL);
    put(cache, 101, SMALL);
    put(cache, 102, SMALL); /* the room that it left */
    assert_int_equal(present(cache, 100, 103), 3);
    ag_cache_fill(cache, &places, &used);
    assert_int_equal(places, WAYS);
    assert_int_equal(used, WAYS);
    ag_cache_drop(cache, id_of(5));
    assert_int_equal(get(cache, 5), 0);
    put(cache, 103, SMALL);
    assert_int_equal(get(cache, 103), SMALL);
}

/* Whatever comes, of any length: what is found is whole and its own, and what was dropped is away. */
static void test_anything_goes(void **state)
{
    ag_cache_t *cache = make(4 * WAYS, *state);
    apr_size_t length[200] = {0}, n;
    unsigned seed = 1, i, number;

    for (i = 0; i < 200000; i++) {
        seed = seed * 1103515245 + 12345;
        number = (seed >> 16) % 200;
        n = (seed >> 8) % 3 ? 1 + (seed >> 10) % SMALL : 1 + (seed >> 10) % LARGE;
        if ((seed >> 24) % 5 == 0) {
            ag_cache_drop(cache, id_of(number));
            assert_int_equal(get(cache, number), 0);
            length[number] = 0;
        }
        else if (get(cache, number) == 0 || (seed >> 24) % 5 == 1) {
            put(cache, number, n);
            length[number] = n;
        }
        n = get(cache, number);
        assert_true(n == 0 || n == length[number]);
    }
}

/* ---- who gives way --------------------------------------------------------------------------- */

/* How many of a hundred are found when `records` are used in turn over the cache's places. */
static unsigned hits_in_turn(ag_cache_t *cache, unsigned records, apr_size_t n)
{
    unsigned turn, i, hits = 0;

    for (turn = 0; turn < 20; turn++) {
        for (i = 0; i < records; i++) {
            hits += (unsigned)use(cache, i, n) && turn >= 10;
        }
    }
    return hits * 10 / records;
}

/* 6,000 tokens in turn over 4,000 places were all verified anew each time: each had been pushed out by
 * those that came after it. No rule finds more than two thirds of them. */
static void test_no_cliff(void **state)
{
    assert_in_range(hits_in_turn(make(4000, *state), 6000, SMALL), 58, 67);
    assert_in_range(hits_in_turn(make(4000, *state), 4400, SMALL), 83, 91);
    assert_in_range(hits_in_turn(make(4000, *state), 8000, SMALL), 40, 50);
    assert_in_range(hits_in_turn(make(4000, *state), 1500, LARGE), 55, 67);
}

/* Clients that are gone do not keep others out: after some rounds nearly all of those are found. */
static void others_take_over(unsigned rounds, apr_time_t later, ag_cache_t *cache)
{
    unsigned round, i, hits = 0;

    assert_true(hits_in_turn(cache, 3000, SMALL) > 95);
    now += later;
    for (round = 0; round < rounds; round++) {
        for (hits = 0, i = 10000; i < 13000; i++) {
            hits += (unsigned)use(cache, i, SMALL);
        }
    }
    assert_true(hits > 3000 * 90 / 100);
}

static void test_others_take_over(void **state)
{
    others_take_over(5, apr_time_from_sec(301), make(4000, *state));
    others_take_over(12, 0, make(4000, *state));
}

/* A hundred thousand that come once do not push out what is used all the time. */
static void test_a_scan(void **state)
{
    ag_cache_t *cache = make(4000, *state);
    unsigned i, hits = 0, asked = 0;

    assert_true(hits_in_turn(cache, 1000, SMALL) > 95);
    for (i = 0; i < 100000; i++) {
        use(cache, 1000 + i, SMALL);
        if (i % 4 == 0) {
            hits += (unsigned)use(cache, i / 4 % 1000, SMALL);
            asked++;
        }
    }
    assert_true(hits > asked * 85 / 100);
}

/* ---- processes ------------------------------------------------------------------------------- */

#define IDS 24

static void write_for_ever(ag_cache_t *cache, unsigned seed)
{
    for (;; seed = seed * 1103515245 + 12345) {
        unsigned number = (seed >> 16) % IDS;

        put(cache, number, seed >> 30 ? 1 + (seed >> 8) % SMALL : 1 + (seed >> 8) % LARGE);
        if (number == 3) {
            ag_cache_drop(cache, id_of((seed >> 12) % IDS));
        }
    }
}

static pid_t start_writer(ag_cache_t *cache, unsigned seed)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        write_for_ever(cache, seed);
    }
    return pid;
}

/* Readers take no lock: what they get is whole, whichever of the two sizes is written over it. */
static void test_read_while_written(void **state)
{
    ag_cache_t *cache = make(WAYS, *state);
    int i, found = 0;
    pid_t pid = start_writer(cache, 7919);

    alarm(60);
    for (i = 0; i < 50000 || found < 50000; i++) {
        found += present(cache, 0, IDS);
    }
    alarm(0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_killed_writers(void **state)
{
    ag_cache_t *cache = make(WAYS, *state);
    unsigned i;

    alarm(60);
    for (i = 0; i < 100; i++) {
        pid_t pid = start_writer(cache, i * 7919);

        usleep(500 + i * 20);
        present(cache, 0, IDS);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        present(cache, 0, IDS);
    }
    put(cache, 5, LARGE);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_three_times_as_many),
        TEST(test_both_sizes),
        TEST(test_a_record_changes_its_size),
        TEST(test_anything_goes),
        TEST(test_no_cliff),
        TEST(test_others_take_over),
        TEST(test_a_scan),
        TEST(test_read_while_written),
        TEST(test_killed_writers),
    };

    return cmocka_run_group_tests_name("base cache, two sizes", tests, NULL, NULL);
}
