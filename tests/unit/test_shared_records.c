/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shared_records: whatever a child that was taken over writes into a cache or its records, or where single
 * flights meet, nobody is led out of their memory.
 */
#include "bite_fixture.h"

#include "../../src/base/cache.h"
#include "../../src/keys/keys_record.h"
#include "../../src/keys/single_flight.h"

/* ---- cache ----------------------------------------------------------------------------------- */

static void *attach_cache(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_cache_t *cache;

    return ag_cache_attach(&cache, memory, size, 64, fresh, p) ? NULL : cache;
}

static int no_longer_than_a_record(void *ctx, const void *record, apr_size_t n)
{
    (void)ctx;
    (void)record;
    assert_true(n <= 64);
    return 0;
}

static void use_cache(void *part, apr_pool_t *p)
{
    char *out = island(64, 1);
    apr_time_t stored;
    apr_size_t slots, used;

    (void)p;
    ag_cache_put(part, id, "record", 6, NOW);
    assert_true(ag_cache_get(part, id, out, &stored) <= 64);
    ag_cache_sweep(part, no_longer_than_a_record, NULL);
    ag_cache_fill(part, &slots, &used);
    munmap(out + 64 - sysconf(_SC_PAGESIZE), (size_t)sysconf(_SC_PAGESIZE));
}

/* A record is replaced before it is read, so its length is bitten once more. */
static void test_a_record_longer_than_any(void **state)
{
    char *memory = island(2000, 1), *out = island(64, 1);
    ag_cache_t *cache = attach_cache(memory, 2000, 1, *state);
    apr_time_t stored;
    apr_size_t at;

    ag_cache_put(cache, id, "record", 6, NOW);
    for (at = 0; at + 8 <= 2000; at += 4) {
        apr_uint32_t was, size = 100000;

        memcpy(&was, memory + at, sizeof was);
        memcpy(memory + at, &size, sizeof size);
        assert_true(ag_cache_get(cache, id, out, &stored) <= 64);
        ag_cache_sweep(cache, no_longer_than_a_record, NULL);
        memcpy(memory + at, &was, sizeof was);
    }
}

static void test_cache(void **state)
{
    part_t part = {"cache", 2000, attach_cache, use_cache};

    bite_both(&part, *state);
}

/* ---- flights, leases -------------------------------------------------------------------------- */

static void *attach_flights(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    (void)size;
    (void)p;
    return fresh && ag_single_flights_init(memory) ? NULL : memory;
}

static void use_flights(void *part, apr_pool_t *p)
{
    ag_single_flight_t flight = {.flights = part, .store = id, .what = id, .places = 2, .late = APR_USEC_PER_SEC};

    (void)p;
    if (ag_single_flight_try(&flight)) {
        ag_single_flight_end(&flight);
    }
}

static void test_flights(void **state)
{
    part_t part = {"flights", AG_SINGLE_FLIGHT_BYTES, attach_flights, use_flights};

    bite_both(&part, *state);
}

/* ---- records --------------------------------------------------------------------------------- */

static apr_size_t length(const ag_words_t *words)
{
    apr_size_t n = 0;
    int i;

    for (i = 0; i < words->n; i++) {
        n += strlen(words->v[i]);
    }
    return n;
}

static void use_key(const ag_key_t *k)
{
    ag_ip_t four, six;
    int i;

    assert_true(ag_ip_parse(&four, "192.0.2.1") && ag_ip_parse(&six, "2001:db8::1"));
    assert_true(strlen(k->id) + strlen(k->key_id) + strlen(k->client) + length(&k->scopes) + length(&k->roles)
                    + length(&k->endpoints)
                < 10000);
    ag_ipset_has(k->networks, &four);
    ag_ipset_has(k->networks, &six);
    for (i = 0; i < k->n_rates; i++) {
        assert_true(k->rates[i].period.seconds);
    }
}

static void test_records(void **state)
{
    static const char *words[] = {"read", "write"};
    static const char *const nets_text[] = {"192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"};
    ag_rate_t rate = {5, {60, AG_PERIOD_PLAIN}};
    ag_net_t nets[3];
    ag_key_t made = {
        .id = "1",
        .hash = apr_pstrcat(*state, "00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff", NULL),
        .key_id = "ag_1",
        .client = "acme",
        .scopes = {2, words},
        .roles = {1, words},
        .endpoints = {1, words},
        .rates = &rate,
        .n_rates = 1,
        .active = 1};
    const void *record;
    apr_size_t size, at;
    char *copy;
    int i;

    for (i = 0; i < 3; i++) {
        assert_null(ag_net_parse(&nets[i], nets_text[i], NULL, *state));
    }
    made.networks = ag_ipset_make(nets, 3, *state);
    record = ag_keys_record_make(&size, &made, *state);
    assert_non_null(record);
    copy = island((size + 7) & ~(apr_size_t)7, 1);
    memcpy(copy, record, size);
    assert_non_null(ag_keys_record_open(copy, size, *state));
    use_key(ag_keys_record_open(copy, size, *state));
    for (at = 0; at + 2 <= size; at += 2) {
        for (i = 0; i < BITES; i++) {
            const ag_key_t *opened;

            memcpy(copy + at, &bites[i], at + 4 <= size ? 4 : 2);
            opened = ag_keys_record_open(copy, size, *state);
            if (opened) {
                use_key(opened);
            }
            memcpy(copy, record, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cache),
        TEST(test_a_record_longer_than_any),
        TEST(test_flights),
        TEST(test_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
