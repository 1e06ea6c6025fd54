/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of tables in shared memory: how memory is divided, what the next generation takes, and which
 * slot gives way.
 */
#include "unit.h"

#include "../../src/base/table.h"

typedef struct {
    ag_table_head_t base;
    apr_uint64_t more;
} head_t;

typedef struct {
    ag_lock_t lock;
    apr_uint64_t beside;
} stripe_t;

typedef struct {
    ag_id_t tag;
    apr_time_t used;
} slot_t;

#define WAYS 4

static const ag_table_shape_t striped = {.magic = 7,
                                         .head = sizeof(head_t),
                                         .stripe = sizeof(stripe_t),
                                         .set = WAYS * sizeof(slot_t),
                                         .stripes = 8,
                                         .usual = 2};
static const ag_table_shape_t alone = {
    .magic = 8, .head = sizeof(head_t), .stripe = sizeof(stripe_t), .set = WAYS * sizeof(slot_t)};
static const ag_table_shape_t within = {
    .magic = 9, .head = sizeof(head_t), .stripe = sizeof(stripe_t) + WAYS * sizeof(slot_t)};

/* However much memory there is, all of the table lies in it, and not one set more would. */
static void test_it_fits(void **state)
{
    const ag_table_shape_t *shapes[] = {&striped, &alone, &within};
    apr_size_t size, i, least = sizeof(head_t) + sizeof(stripe_t) + WAYS * sizeof(slot_t);
    char *memory = apr_palloc(*state, 5001);
    ag_table_t table;

    for (i = 0; i < N_OF(shapes); i++) {
        for (size = 0; size < 5000; size++) {
            const char *end;
            apr_status_t rv;

            memory[size] = 'x';
            rv = ag_table_attach(&table, shapes[i], memory, size, 1);
            assert_int_equal(rv, size < least ? APR_EINVAL : APR_SUCCESS);
            if (rv == APR_SUCCESS) {
                end = ag_table_set(&table, table.n_sets);
                assert_true(end <= memory + size);
                assert_true((apr_size_t)(memory + size - end)
                            < table.n_stripes * (table.set_size + table.stripe_size));
                assert_int_equal(table.n_sets, table.n_stripes * table.each);
            }
            assert_int_equal(memory[size], 'x');
        }
    }
}

/* Rather fewer locks than sets for each. */
static void test_stripes(void **state)
{
    char *memory = apr_palloc(*state, 10000);
    apr_size_t two = 2 * sizeof(slot_t) * WAYS + sizeof(stripe_t);
    ag_table_t table;

    assert_int_equal(ag_table_attach(&table, &striped, memory, sizeof(head_t) + 8 * two, 1), 0);
    assert_int_equal(table.n_stripes, 8);
    assert_int_equal(table.each, 2);
    assert_int_equal(ag_table_attach(&table, &striped, memory, sizeof(head_t) + 8 * two - 8, 1), 0);
    assert_int_equal(table.n_stripes, 4);
    assert_int_equal(ag_table_attach(&table, &alone, memory, 10000, 1), 0);
    assert_int_equal(table.each, 1);
    assert_int_equal(table.n_stripes, table.n_sets);
}

static void test_generations(void **state)
{
    apr_uint64_t *memory = apr_pcalloc(*state, 5000);
    ag_table_shape_t other = striped;
    ag_table_t table, next;
    apr_size_t i;

    assert_int_equal(ag_table_attach(&table, &striped, memory, 5000, 0), APR_EINVAL);
    assert_int_equal(ag_table_attach(&table, &striped, memory, 5000, 1), APR_SUCCESS);
    ((slot_t *)ag_table_set(&table, 1))->used = 5;
    assert_int_equal(ag_table_attach(&next, &striped, memory, 5000, 0), APR_SUCCESS);
    assert_int_equal(((slot_t *)ag_table_set(&next, 1))->used, 5);
    assert_int_equal(ag_table_attach(&next, &striped, memory, 4992, 0), APR_EINVAL);
    other.magic++;
    assert_int_equal(ag_table_attach(&next, &other, memory, 5000, 0), APR_EINVAL);
    other = striped;
    other.layout++;
    assert_int_equal(ag_table_attach(&next, &other, memory, 5000, 0), APR_EINVAL);
    for (i = 0; i < sizeof(ag_table_head_t) / sizeof *memory; i++) {
        memory[i] ^= 1;
        assert_int_equal(ag_table_attach(&next, &striped, memory, 5000, 0), APR_EINVAL);
        memory[i] ^= 1;
    }
    memory[i] ^= 1; /* what is the table's own is not compared */
    assert_int_equal(ag_table_attach(&next, &striped, memory, 5000, 0), APR_SUCCESS);
    assert_int_equal(ag_table_attach(&next, &striped, memory, 5000, 1), APR_SUCCESS);
    assert_int_equal(((slot_t *)ag_table_set(&next, 1))->used, 0);
}

static void test_locks(void **state)
{
    char *memory = apr_palloc(*state, 5000);
    ag_table_t table;

    assert_int_equal(ag_table_attach(&table, &striped, memory, 5000, 1), APR_SUCCESS);
    ag_table_hold(&table, 0x81);
    assert_true(ag_lock_try(ag_table_lock(&table, 1)));
    assert_false(ag_lock_try(ag_table_lock(&table, 0)));
    assert_false(ag_lock_try(ag_table_lock(&table, 7)));
    ag_lock_give(ag_table_lock(&table, 1));
    ag_table_release(&table, 0x81);
    assert_true(ag_lock_try(ag_table_lock(&table, 7)));
    ag_lock_give(ag_table_lock(&table, 7));
}

static apr_time_t worth(const void *at, apr_time_t now)
{
    const slot_t *slot = at;

    return slot->used > now ? AG_TABLE_KEEP : slot->used;
}

static void test_slots(void **state)
{
    slot_t slots[WAYS] = {{{1, 1}, 30}, {{1, 2}, 10}, {{2, 1}, 20}, {{2, 2}, 10}};
    ag_id_t tag = {2, 1}, nobody = {3, 3};

    (void)state;
    assert_ptr_equal(ag_table_find(slots, WAYS, sizeof *slots, tag), &slots[2]);
    assert_null(ag_table_find(slots, 2, sizeof *slots, tag));
    assert_null(ag_table_find(slots, WAYS, sizeof *slots, nobody));
    assert_ptr_equal(ag_table_victim(slots, sizeof *slots, 0xf, worth, 100), &slots[1]);
    assert_ptr_equal(ag_table_victim(slots, sizeof *slots, 0x5, worth, 100), &slots[2]);
    assert_ptr_equal(ag_table_victim(slots, sizeof *slots, 0x1, worth, 30), &slots[0]);
    assert_null(ag_table_victim(slots, sizeof *slots, 0x1, worth, 29));
    assert_null(ag_table_victim(slots, sizeof *slots, 0, worth, 100));
    slots[2].used = slots[3].used = AG_TABLE_FREE;
    assert_ptr_equal(ag_table_victim(slots, sizeof *slots, 0xf, worth, 100), &slots[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_fits), TEST(test_stripes), TEST(test_generations), TEST(test_locks), TEST(test_slots),
    };

    return cmocka_run_group_tests_name("base table", tests, NULL, NULL);
}
