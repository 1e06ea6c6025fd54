/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_callers: what is counted is what the writer gets, once: while it writes, over midnight, in a full table, from
 * many processes, with a writer that fails; texts that are too long.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts_fixture.h"
#include "../../src/watch/callers.h"

#define STORE APR_UINT64_C(0xFEEDBEEF00C0FFEE)
#define SIZE  (64 * 1024)
#define DAY   APR_INT64_C(86400)

static const ag_sip_key_t sip = {7, 8};

static ag_callers_t *make(apr_size_t size, apr_pool_t *p)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ag_callers_t *callers;

    assert_true(memory != MAP_FAILED);
    assert_int_equal(ag_callers_attach(&callers, memory, size, 1, p), APR_SUCCESS);
    counts_fresh();
    return callers;
}

static void call(ag_callers_t *callers, const char *section, const char *client, apr_time_t now, int refused)
{
    ag_caller_t name;

    ag_caller_name(&name, STORE, section, "key", client, now);
    ag_callers_count(callers, &name, now, refused, &sip);
}

/* All that waits, as "SECTION KIND:CLIENT REQUESTS/REFUSED@LAST" lines; `good`: it is written. */
static const char *turn(ag_callers_t *callers, apr_time_t now, int good, apr_pool_t *p)
{
    const apr_array_header_t *rows = ag_callers_rows(callers, 1000, now, p);
    const char *text = "";
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const ag_callers_row_t *row = &APR_ARRAY_IDX(rows, i, ag_callers_row_t);

        assert_true(row->name.store == STORE);
        text = apr_psprintf(p, "%s%s %s:%s %d/%d@%d\n", text, row->name.section, row->name.kind, row->name.client,
                            (int)row->requests, (int)row->refused, (int)(row->last_used - apr_time_sec(NOW)));
    }
    if (good) {
        ag_callers_written(callers, (const ag_callers_row_t *)rows->elts, rows->nelts);
    }
    return text;
}

static void test_counts(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);

    call(callers, "/v1", "zeta", NOW, 0);
    call(callers, "/v1", "acme", NOW, 0);
    call(callers, "/v0", "acme", NOW, 1);
    call(callers, "/v1", "acme", NOW + apr_time_from_sec(5), 1);
    assert_string_equal(turn(callers, NOW, 0, *state),
                        "/v0 key:acme 1/1@0\n/v1 key:acme 2/1@5\n/v1 key:zeta 1/0@0\n");
    assert_string_equal(turn(callers, NOW, 1, *state),
                        "/v0 key:acme 1/1@0\n/v1 key:acme 2/1@5\n/v1 key:zeta 1/0@0\n");
    assert_string_equal(turn(callers, NOW, 1, *state), "");
    call(callers, "/v1", "acme", NOW + apr_time_from_sec(6), 0);
    assert_string_equal(turn(callers, NOW, 1, *state), "/v1 key:acme 1/0@6\n");
}

/* While the database is asked, requests go on. */
static void test_counted_while_it_is_written(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);
    const apr_array_header_t *rows;

    call(callers, "/v1", "acme", NOW, 1);
    rows = ag_callers_rows(callers, 10, NOW, *state);
    call(callers, "/v1", "acme", NOW, 0);
    ag_callers_written(callers, (const ag_callers_row_t *)rows->elts, rows->nelts);
    assert_string_equal(turn(callers, NOW, 1, *state), "/v1 key:acme 1/0@0\n");
}

static void test_names(void **state)
{
    static const struct {
        apr_uint64_t store;
        const char *section, *kind, *client;
        apr_int64_t day;
    } names[] = {{1, "a", "b", "c", 0},  {2, "a", "b", "c", 0}, {1, "ab", "b", "c", 0},
                 {1, "a", "bc", "c", 0}, {1, "a", "b", "d", 0}, {1, "a", "b", "c", 86400}};
    ag_callers_t *callers = make(SIZE, *state);
    int i;

    for (i = 0; i < N_OF(names); i++) {
        ag_caller_t name;

        ag_caller_name(&name, names[i].store, names[i].section, names[i].kind, names[i].client,
                       NOW + apr_time_from_sec(names[i].day));
        ag_callers_count(callers, &name, NOW, 0, &sip);
        ag_callers_count(callers, &name, NOW, 0, &sip);
    }
    assert_int_equal(ag_callers_rows(callers, 100, NOW, *state)->nelts, N_OF(names));
    assert_int_equal(ag_callers_rows(callers, 4, NOW, *state)->nelts, 4);
}

/* Cut, and still ended by a NUL. */
static void test_long_texts(void **state)
{
    char text[4096];
    ag_caller_t name;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    ag_caller_name(&name, STORE, text, text, text, NOW);
    assert_int_equal(strlen(name.section), sizeof name.section - 1);
    assert_int_equal(strlen(name.kind), sizeof name.kind - 1);
    assert_int_equal(strlen(name.client), sizeof name.client - 1);
}

/* What finds no room is counted as lost; what was written makes room again. */
static void test_a_full_table(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);
    int round, i, lost = 0;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 1000; i++) {
            call(callers, "/v1", apr_psprintf(*state, "client%d", i), NOW, 0);
        }
        i = ag_callers_rows(callers, 2000, NOW, *state)->nelts;
        lost += 1000 - i;
        assert_true(i > 80 && i < 1000);
        assert_int_equal(ag_counted(AG_COUNT_CALLERS_LOST), lost);
        turn(callers, NOW, 1, *state);
    }
}

static void test_what_nobody_writes(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);

    call(callers, "/v1", "acme", NOW, 0);
    assert_string_equal(turn(callers, NOW + apr_time_from_sec(7 * DAY), 0, *state), "/v1 key:acme 1/0@0\n");
    assert_string_equal(turn(callers, NOW + apr_time_from_sec(7 * DAY + 1), 0, *state), "");
}

/* A few rows at a time, of clients that go on calling: none waits for ever. */
static void test_turns(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);
    int seen[50] = {0}, i, round, left = 50;

    for (round = 0; left && round < 200; round++) {
        const apr_array_header_t *rows;

        for (i = 0; i < 50; i++) {
            call(callers, "/v1", apr_psprintf(*state, "%d", i), NOW, 0);
        }
        rows = ag_callers_rows(callers, 20, NOW, *state);
        assert_true(rows->nelts <= 20);
        for (i = 0; i < rows->nelts; i++) {
            left -= !seen[atol(APR_ARRAY_IDX(rows, i, ag_callers_row_t).name.client)]++;
        }
        ag_callers_written(callers, (const ag_callers_row_t *)rows->elts, rows->nelts);
    }
    assert_int_equal(left, 0);
}

/* A child that was taken over leaves a text without an end. */
static void test_a_text_without_an_end(void **state)
{
    char *memory = apr_pcalloc(*state, SIZE);
    ag_callers_t *callers;
    const ag_callers_row_t *row;
    ag_caller_t *name;

    counts_fresh();
    assert_int_equal(ag_callers_attach(&callers, memory, SIZE, 1, *state), APR_SUCCESS);
    call(callers, "/v1", "acme", NOW, 0);
    name = (ag_caller_t *)((char *)memmem(memory, SIZE, "/v1", 4) - offsetof(ag_caller_t, section));
    memset(name->section, 'x', sizeof name->section);
    memset(name->kind, 'x', sizeof name->kind);
    memset(name->client, 'x', sizeof name->client);
    row = (const ag_callers_row_t *)ag_callers_rows(callers, 1, NOW, *state)->elts;
    assert_int_equal(strlen(row->name.section), sizeof name->section - 1);
    assert_int_equal(strlen(row->name.kind), sizeof name->kind - 1);
    assert_int_equal(strlen(row->name.client), sizeof name->client - 1);
}

#define CHILDREN 4
#define EACH     40000

static void test_processes(void **state)
{
    ag_callers_t *callers = make(SIZE, *state);
    int i, j;

    for (i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            for (j = 0; j < EACH; j++) {
                call(callers, "/v1", j % 2 ? "odd" : "even", NOW, j % 4 == 0);
            }
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    assert_string_equal(turn(callers, NOW, 1, *state), "/v1 key:even 80000/40000@0\n/v1 key:odd 80000/0@0\n");
}

static void test_the_next_generation(void **state)
{
    char *memory = apr_pcalloc(*state, SIZE);
    ag_callers_t *callers;

    counts_fresh();
    assert_int_equal(ag_callers_attach(&callers, memory, 100, 1, *state), APR_EINVAL);
    assert_int_equal(ag_callers_attach(&callers, memory, SIZE, 1, *state), APR_SUCCESS);
    call(callers, "/v1", "acme", NOW, 0);
    assert_int_equal(ag_callers_attach(&callers, memory, SIZE / 2, 0, *state), APR_EINVAL);
    assert_int_equal(ag_callers_attach(&callers, memory, SIZE, 0, *state), APR_SUCCESS);
    assert_string_equal(turn(callers, NOW, 1, *state), "/v1 key:acme 1/0@0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts),
        TEST(test_counted_while_it_is_written),
        TEST(test_names),
        TEST(test_long_texts),
        TEST(test_a_full_table),
        TEST(test_what_nobody_writes),
        TEST(test_turns),
        TEST(test_processes),
        TEST(test_the_next_generation),
        TEST(test_a_text_without_an_end),
    };

    return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
