/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_shm: the table of counters: what another generation finds there, and what happens when it is full.
 */
#include "shm_fixture.h"
#include "counts_fixture.h"

#define MEDIUM_SIZE 100000

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
    ag_store_t *store = attach(share(MEDIUM_SIZE), MEDIUM_SIZE, 1);
    ag_window_t w = make_window(1, 3600, &ag_algo_fixed);
    apr_uint64_t slots, i, passed = 0;
    ag_shm_fill_t fill;

    (void)state;
    counts_fresh();
    ag_store_shm_fill(&fill, store, 1);
    slots = fill.slots;
    for (i = 0; ag_counted(AG_COUNT_LIMIT_OVERFLOWS) < 3; i++) {
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
    counts_fresh();
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
    assert_int_equal(ag_counted(AG_COUNT_LIMIT_OVERFLOWS), 0);
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
    };

    return cmocka_run_group_tests(tests, limit_start, limit_stop);
}
