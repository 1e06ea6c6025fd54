/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_key_format: keys as they are made, told apart, shown and hashed. The fixed key's checksum
 * was computed by zlib.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/keys/key_format.h"

#define RANDOM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
#define GOOD   "agk_" RANDOM "3a2L9p"

static apr_pool_t *pool;

static void test_shape(void **state)
{
    static const struct {
        const char *key;
        ag_key_shape_e shape;
    } cases[] = {
        {GOOD, AG_KEY_OURS},
        {"agk_" RANDOM "0C4Z1a", AG_KEY_TYPO},
        {"agj_" RANDOM "3a2L9p", AG_KEY_TYPO}, /* the checksum covers the prefix */
        {"agk_" RANDOM "000000", AG_KEY_TYPO},
        {"agk_" RANDOM "zzzzzz", AG_KEY_TYPO},                  /* more than 32 bits */
        {"sk_live_" RANDOM "000000", AG_KEY_TYPO},              /* the last underscore ends the prefix */
        {"a_" RANDOM "000000", AG_KEY_FOREIGN},                 /* one letter is no prefix */
        {"abcdefghijklmnopq_" RANDOM "000000", AG_KEY_FOREIGN}, /* nor are 17 */
        {"abcdefghijklmnop_" RANDOM "000000", AG_KEY_TYPO},
        {"9gk_" RANDOM "000000", AG_KEY_FOREIGN},
        {"agk-" RANDOM "000000", AG_KEY_FOREIGN},
        {"agk_" RANDOM "00000-", AG_KEY_FOREIGN},
        {"agk_" RANDOM "00000", AG_KEY_FOREIGN},
        {"agk_" RANDOM "0000000", AG_KEY_FOREIGN},
        {RANDOM "000000", AG_KEY_FOREIGN},
        {"_" RANDOM "000000", AG_KEY_FOREIGN},
        {"hello", AG_KEY_FOREIGN},
        {"", AG_KEY_FOREIGN},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (ag_key_shape(cases[i].key, strlen(cases[i].key)) != cases[i].shape) {
            fail_msg("%s", cases[i].key);
        }
    }
}

/* A single wrong, swapped or missing character of a made key never passes. */
static void test_typing_errors(void **state)
{
    char key[AG_KEY_MAX + 1];
    size_t n, i;

    (void)state;
    assert_int_equal(ag_key_make(key, "agk"), APR_SUCCESS);
    n = strlen(key);
    assert_int_equal(ag_key_shape(key, n), AG_KEY_OURS);
    for (i = 0; i < n; i++) {
        char was = key[i];

        key[i] = was == 'x' ? 'y' : 'x';
        assert_int_not_equal(ag_key_shape(key, n), AG_KEY_OURS);
        key[i] = was;
    }
    for (i = 0; i + 1 < n; i++) {
        char *copy = apr_pstrdup(pool, key);

        copy[i] = key[i + 1];
        copy[i + 1] = key[i];
        assert_true(copy[i] == key[i] || ag_key_shape(copy, n) != AG_KEY_OURS);
    }
    assert_int_not_equal(ag_key_shape(key, n - 1), AG_KEY_OURS);
    assert_int_not_equal(ag_key_shape(key + 1, n - 1), AG_KEY_OURS);
}

static void test_make(void **state)
{
    char key[AG_KEY_MAX + 1], other[AG_KEY_MAX + 1];
    size_t seen[128] = {0};
    const char *at;
    int i;

    (void)state;
    assert_int_equal(ag_key_make(key, "sk_live"), APR_SUCCESS);
    assert_int_equal(strlen(key), 7 + 1 + 43 + 6);
    assert_memory_equal(key, "sk_live_", 8);
    assert_int_equal(ag_key_make(other, "sk_live"), APR_SUCCESS);
    assert_string_not_equal(key, other);
    assert_int_equal(ag_key_make(key, "a"), APR_EINVAL);
    assert_int_equal(ag_key_make(key, "abcdefghijklmnop"), APR_SUCCESS);
    assert_int_equal(strlen(key), AG_KEY_MAX);
    /* Every character but the first stands for about 5.95 random bits: all come equally often. */
    for (i = 0; i < 3000; i++) {
        assert_int_equal(ag_key_make(key, "agk"), APR_SUCCESS);
        for (at = key + 5; at < key + 4 + AG_KEY_RANDOM_CHARS; at++) {
            seen[(unsigned char)*at]++;
        }
    }
    for (at = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; *at; at++) {
        assert_in_range(seen[(unsigned char)*at], 3000 * 42 / 62 * 8 / 10, 3000 * 42 / 62 * 12 / 10);
    }
}

static void test_prefix(void **state)
{
    (void)state;
    assert_true(ag_key_prefix_valid("agk"));
    assert_true(ag_key_prefix_valid("sk_live"));
    assert_true(ag_key_prefix_valid("A1"));
    assert_true(ag_key_prefix_valid("abcdefghijklmnop"));
    assert_false(ag_key_prefix_valid("abcdefghijklmnopq"));
    assert_false(ag_key_prefix_valid("a"));
    assert_false(ag_key_prefix_valid(""));
    assert_false(ag_key_prefix_valid("1ab"));
    assert_false(ag_key_prefix_valid("_ab"));
    assert_false(ag_key_prefix_valid("a-b"));
    assert_false(ag_key_prefix_valid("a\xc3\xa4"));
}

static void test_public(void **state)
{
    static const struct {
        const char *key, *shown;
    } cases[] = {
        {GOOD, "agk_01234567"},
        {"sk_live_" RANDOM "000000", "sk_live_01234567"},
        {"an-imported-key-of-another-shape", "an-i..."},
        {"12345678", "12..."}, /* never more than a quarter */
        {"abc", "..."},
        {"", "..."},
        {"a\nb\x1b then some more of it", "a?b?..."},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(ag_key_public(cases[i].key, strlen(cases[i].key), pool), cases[i].shown);
    }
}

/* SHA-256 of "abc" is FIPS 180-2's; HMAC is RFC 4231's second case. */
static void test_hash(void **state)
{
    char hex[2 * AG_SHA256_SIZE + 1];

    (void)state;
    ag_key_hash(hex, "abc", 3, NULL, 0);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ag_key_hash(hex, "what do ya want for nothing?", 28, (const unsigned char *)"Jefe", 4);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),  cmocka_unit_test(test_typing_errors), cmocka_unit_test(test_make),
        cmocka_unit_test(test_prefix), cmocka_unit_test(test_public),        cmocka_unit_test(test_hash),
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
