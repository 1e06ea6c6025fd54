/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer that a text is written to: full, numbers, strings of structured fields.
 */
#include "unit.h"

#include <inttypes.h>

#include "../../src/base/text.h"

static void test_buffer(void **state)
{
    char memory[9];
    ag_buf_t b;

    (void)state;
    memset(memory, 'x', sizeof memory);
    ag_buf_init(&b, memory, 8);
    assert_string_equal(memory, "");
    ag_buf_str(&b, "abc");
    ag_buf_uint(&b, 42);
    ag_buf_mem(&b, "defg", 2);
    assert_false(b.full);
    assert_string_equal(b.start, "abc42de");
    ag_buf_mem(&b, "", 0);
    assert_false(b.full);
    ag_buf_mem(&b, "h", 1);
    assert_true(b.full);
    assert_string_equal(b.start, "abc42de");
    assert_int_equal(memory[8], 'x');
}

/* Too much is dropped whole, and nothing that comes later slips in behind the gap. */
static void test_buffer_full(void **state)
{
    char memory[8];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_str(&b, "abcd");
    ag_buf_str(&b, "efgh");
    assert_true(b.full);
    assert_string_equal(b.start, "abcd");
    ag_buf_str(&b, "e");
    assert_string_equal(b.start, "abcd");
    ag_buf_init(&b, memory, 1);
    ag_buf_str(&b, "a");
    assert_true(b.full);
    assert_string_equal(b.start, "");
}

static void test_buffer_number(void **state)
{
    char memory[64];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_uint(&b, 0);
    ag_buf_str(&b, " ");
    ag_buf_uint(&b, 10);
    ag_buf_str(&b, " ");
    ag_buf_uint(&b, APR_UINT64_MAX);
    assert_string_equal(b.start, "0 10 18446744073709551615");
}

/* Around every power of ten, as the C library writes them. */
static void test_buffer_numbers(void **state)
{
    apr_uint64_t power, n;
    char memory[32], wanted[32];
    ag_buf_t b;

    (void)state;
    for (power = 1; power <= APR_UINT64_MAX / 10; power *= 10) {
        for (n = power > 120 ? power - 120 : 0; n < power + 120; n++) {
            ag_buf_init(&b, memory, sizeof memory);
            ag_buf_uint(&b, n);
            snprintf(wanted, sizeof wanted, "%" PRIu64, n);
            assert_string_equal(b.start, wanted);
        }
    }
}

static void test_buffer_sf_string(void **state)
{
    char memory[32];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_sf_string(&b, "");
    ag_buf_sf_string(&b, "a \"b\" \\");
    assert_string_equal(b.start, "\"\"\"a \\\"b\\\" \\\\\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_buffer),         TEST(test_buffer_full),      TEST(test_buffer_number),
        TEST(test_buffer_numbers), TEST(test_buffer_sf_string),
    };

    return cmocka_run_group_tests_name("base text, regex, log", tests, NULL, NULL);
}
