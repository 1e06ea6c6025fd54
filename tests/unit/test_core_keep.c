/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_core_keep: a block of the process's is found again by its name, as it was left; another name, or another
 * size, is another block.
 */
#include "unit.h"

#include "../../src/core/keep.h"

typedef struct {
    const char *text;
    int n;
} block_t;

static void test_found_again(void **state)
{
    block_t *block = ag_keep("test:1", sizeof *block, *state);

    assert_null(block->text);
    assert_int_equal(block->n, 0);
    block->text = "kept";
    block->n = 7;
    assert_ptr_equal(ag_keep("test:1", sizeof *block, *state), block);
    assert_string_equal(block->text, "kept");
    assert_int_equal(block->n, 7);
}

static void test_another_name(void **state)
{
    int *one = ag_keep("test:1", sizeof *one, *state), *two;

    *one = 5;
    two = ag_keep("test:2", sizeof *two, *state);
    assert_int_equal(*two, 0);
    *two = 6;
    assert_int_equal(*one, 5);
}

/* Of a layout whose number was forgotten. What has the old block still has it. */
static void test_another_size(void **state)
{
    int *old = ag_keep("test:1", sizeof *old, *state);
    block_t *block;

    *old = 5;
    block = ag_keep("test:1", sizeof *block, *state);
    assert_null(block->text);
    assert_int_equal(block->n, 0);
    assert_int_equal(*old, 5);
    assert_ptr_equal(ag_keep("test:1", sizeof *block, *state), block);
}

/* The name need not outlive the call. */
static void test_a_name_of_the_moment(void **state)
{
    char name[] = "test:1";
    int *one = ag_keep(name, sizeof *one, *state);

    name[5] = '2';
    assert_ptr_not_equal(ag_keep("test:2", sizeof *one, *state), one);
    assert_ptr_equal(ag_keep("test:1", sizeof *one, *state), one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found_again),
        TEST(test_another_name),
        TEST(test_another_size),
        TEST(test_a_name_of_the_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
