/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_cache: what is put into the cache and found there, what goes when it is full, and what another
 * generation takes.
 */
#include "cache_fixture.h"

#include "../../src/keys/keys.h"

static ag_cache_t *make(apr_size_t slots, apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(slots, RECORD);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, apr_palloc(p, size), size, RECORD, 1, p), APR_SUCCESS);
    return cache;
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
    };

    return cmocka_run_group_tests_name("base cache", tests, NULL, NULL);
}
