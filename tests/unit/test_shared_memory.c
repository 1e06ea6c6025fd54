/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shared_memory: whatever a child that was taken over writes into shared memory, nobody is led out of
 * it. Each word of each part is written over with values that lead far away, and what the part is for is
 * done. Around the memory lies none, so a step outside ends the test. Locks are not looked at here: they
 * are made of nothing.
 */
#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/cache.h"
#include "../../src/base/lock.h"
#include "../../src/ban/ban.h"
#include "../../src/control/control.h"
#include "../../src/ipset/ipshare.h"
#include "../../src/keys/single_flight.h"
#include "../../src/keys/keys_record.h"
#include "../../src/limit/lease.h"
#include "../../src/limit/limit.h"
#include "../../src/limit/inflight.h"
#include "../../src/watch/usage.h"

#define BITES 4

static const apr_uint64_t bites[BITES] = {~APR_UINT64_C(0), 0, APR_UINT64_C(0x0000400000004000),
                                          APR_UINT64_C(0x7fffffff7fffffff)};
static const ag_sip_key_t key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static const ag_id_t id = {11, 22};

apr_status_t ag_lock_init(ag_lock_t *lock)
{
    (void)lock;
    return APR_SUCCESS;
}

void ag_lock_take(ag_lock_t *lock)
{
    (void)lock;
}

void ag_lock_give(ag_lock_t *lock)
{
    (void)lock;
}

int ag_lock_try(ag_lock_t *lock)
{
    (void)lock;
    return 1;
}

/* Memory with nothing around it; it ends where the nothing begins, or begins where it ends. */
static char *island(apr_size_t size, int at_end)
{
    apr_size_t page = (apr_size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page * page;
    char *all = mmap(NULL, pages + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(all != MAP_FAILED);
    assert_int_equal(mprotect(all + page, pages, PROT_READ | PROT_WRITE), 0);
    return all + page + (at_end ? pages - size : 0);
}

/* A part of memory and what is done with it, once with it fresh and then as it was left. */
typedef struct {
    const char *name;
    apr_size_t size;
    void *(*attach)(void *memory, apr_size_t size, int fresh, apr_pool_t *p);
    void (*use)(void *part, apr_pool_t *p);
} part_t;

/* 1 when the next generation would take the memory as it is. */
static int is_taken(const part_t *part, char *memory, apr_pool_t *p)
{
    return part->attach(memory, part->size, 0, p) != NULL;
}

/* What the next generation takes, it uses. What it does not take, those before it use still. */
static void bite(const part_t *part, char *memory, void *attached, apr_size_t at, apr_uint64_t with)
{
    apr_uint64_t was;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    memcpy(&was, memory + at, sizeof was);
    memcpy(memory + at, &with, sizeof with);
    part->use(attached, p);
    if (is_taken(part, memory, p)) {
        part->use(part->attach(memory, part->size, 0, p), p);
    }
    memcpy(memory + at, &was, sizeof was);
    apr_pool_destroy(p);
}

static void bite_all(const part_t *part, int at_end, apr_pool_t *p)
{
    char *memory = island(part->size, at_end);
    void *attached = part->attach(memory, part->size, 1, p);
    apr_size_t at;
    int i;

    assert_non_null(attached);
    for (at = 0; at + sizeof *bites <= part->size; at += sizeof *bites) {
        part->use(attached, p); /* there is something to be written over */
        for (i = 0; i < BITES; i++) {
            bite(part, memory, attached, at, bites[i]);
        }
    }
}

static void bite_both(const part_t *part, apr_pool_t *p)
{
    bite_all(part, 0, p);
    bite_all(part, 1, p);
}

/* ---- counters -------------------------------------------------------------------------------- */

static void *attach_counters(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_store_t *store;

    return ag_store_shm_attach(&store, memory, size, fresh, p) ? NULL : store;
}

static void use_counters(void *part, apr_pool_t *p)
{
    ag_window_t window = {.rate = {5, {60, AG_PERIOD_PLAIN}}, .algo = &ag_algo_fixed, .id = {1, 2}};
    ag_subject_t subject = {.id = id};
    ag_charge_t charge = {.subject = &subject, .window = &window, .cost = 1};
    ag_store_t *store = part;

    store->charge(store, &charge, 1, NOW, p);
    store->refund(store, &charge, 1, NOW, NOW, p);
    store->charge(store, &charge, 1, NOW, p);
    ag_store_shm_forget(store, &charge, NOW);
}

static void test_counters(void **state)
{
    part_t part = {"counters", 5000, attach_counters, use_counters};

    bite_both(&part, *state);
}

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

/* ---- inflight, usage, bans --------------------------------------------------------------------- */

/* The next generation is not entered among the living: each look at them asks the system. */
static void *attach_inflight(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    static ag_inflight_t *first;
    ag_inflight_t *inflight;

    if (ag_inflight_attach(&inflight, memory, size, fresh, p)) {
        return NULL;
    }
    if (fresh) {
        ag_inflight_join(inflight);
        first = inflight;
    }
    return first;
}

static void use_inflight(void *part, apr_pool_t *p)
{
    static apr_time_t now = NOW;
    apr_uint32_t ticket = ag_inflight_take(part, id, 3, now), last = ticket;

    (void)p;
    ag_inflight_out(part, id);
    ag_inflight_all(part);
    now += 2 * APR_USEC_PER_SEC;
    ag_inflight_take(part, id, 1, now); /* refused: looks for the dead */
    if (last) {
        ag_inflight_give(part, last);
    }
}

static void test_inflight(void **state)
{
    part_t part = {"inflight", 4096, attach_inflight, use_inflight};

    bite_both(&part, *state);
}

/* What a slot names is written over while it is out. */
static void test_a_slot_of_no_count(void **state)
{
    char *memory = island(4096, 1);
    ag_inflight_t *inflight = attach_inflight(memory, 4096, 1, *state);
    apr_size_t at;

    for (at = 0; at + 4 <= 4096; at += 4) {
        apr_uint32_t ticket = ag_inflight_take(inflight, id, 100, NOW), was, far = 0x7fffffff;

        memcpy(&was, memory + at, sizeof was);
        memcpy(memory + at, &far, sizeof far);
        if (ticket) {
            ag_inflight_give(inflight, ticket);
        }
        memcpy(memory + at, &was, sizeof was);
    }
}

static void *attach_usage(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_usage_t *usage;

    return ag_usage_attach(&usage, memory, size, fresh, p) ? NULL : usage;
}

static void use_usage(void *part, apr_pool_t *p)
{
    ag_usage_row_t rows[8];
    apr_size_t slots, used;

    (void)p;
    ag_usage_count(part, 7, 1, NOW, 0);
    ag_usage_begin(part, NOW);
    ag_usage_written(part, rows, ag_usage_rows(rows, 8, part, 7));
    ag_usage_expire(part, NOW);
    ag_usage_end(part);
    ag_usage_fill(part, &slots, &used);
}

static void test_usage(void **state)
{
    part_t part = {"usage", 1500, attach_usage, use_usage};

    bite_both(&part, *state);
}

static void *attach_bans(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_bans_t *bans;

    return ag_bans_attach(&bans, memory, size, fresh, &key, p) ? NULL : bans;
}

static void use_bans(void *part, apr_pool_t *p)
{
    ag_ban_rule_t rule = {.window = {.rate = {2, {60, AG_PERIOD_PLAIN}}, .algo = &ag_algo_sliding},
                          .duration = apr_time_from_sec(60)};
    ag_banned_t who = {{{0}}, 7, "api.test"};
    apr_array_header_t *list;
    apr_time_t until;
    int i;

    assert_true(ag_ip_parse(&who.ip, "192.0.2.1"));
    ag_bans_count(&until, part, &rule, &who, NOW);
    ag_bans_count(&until, part, &rule, &who, NOW);
    ag_bans_maybe(part, &who.ip, NOW);
    ag_bans_until(part, &who, 0, NOW);
    ag_bans_may_verify(part, &who, NOW);
    for (i = 0; i < 40; i++) { /* a network, and a shared place */
        assert_true(ag_ip_parse(&who.ip, "2001:db8::"));
        who.ip.byte[7] = (unsigned char)(i / 2);
        ag_bans_count(&until, part, &rule, &who, NOW);
        ag_bans_until(part, &who, 0, NOW);
    }
    list = ag_bans_list(part, NOW, p);
    for (i = 0; i < list->nelts; i++) {
        assert_true(memchr(APR_ARRAY_IDX(list, i, ag_ban_slot_t).name, '\0', AG_BAN_NAME) != NULL);
    }
    ag_bans_clear(part, NULL, 0, NOW);
}

static void test_bans(void **state)
{
    part_t part = {"bans", sizeof(ag_ban_head_t) + 2 * sizeof(ag_ban_set_t), attach_bans, use_bans};

    bite_both(&part, *state);
}

/* ---- the control file -------------------------------------------------------------------------------- */

#define ROOM (sizeof(ag_ban_head_t) + 2 * sizeof(ag_ban_set_t))

static void *attach_control(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_bans_t *bans;

    (void)size;
    if (fresh && ag_control_format(memory, ROOM)) {
        return NULL;
    }
    return ag_control_bans(&bans, memory, ROOM, fresh, &key, p) ? NULL : memory;
}

static void answer(void *ctx, char *out, const char *question, apr_pool_t *p)
{
    (void)ctx;
    apr_cpystrn(out, apr_pstrcat(p, "to ", question, NULL), AG_CONTROL_ANSWER);
}

static void use_control(void *part, apr_pool_t *p)
{
    ag_control_t *control = part;
    ag_bans_t *bans;

    control->asked++;
    ag_control_serve(control, answer, NULL, p);
    if (!ag_control_bans(&bans, control, ROOM, 0, &key, p)) {
        use_bans(bans, p);
    }
}

/* A child's word for where the bans begin ended the parent at the next graceful restart. */
static void test_control(void **state)
{
    part_t part = {"control", ag_control_bytes(ROOM), attach_control, use_control};
    char *memory = island(part.size, 1);
    void *control = attach_control(memory, part.size, 1, *state);
    apr_size_t at, i;

    assert_non_null(control);
    for (at = 0; at < offsetof(ag_control_t, lock); at += 8) {
        for (i = 0; i < BITES; i++) {
            bite(&part, memory, control, at, bites[i]);
        }
    }
    ((ag_control_t *)control)->bans_at = 1 << 30;
    assert_false(is_taken(&part, memory, *state));
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
    ag_single_flight_t flight = {.flights = part, .store = id, .what = id, .places = 2};

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

static void *attach_leases(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_leases_t *leases;

    return ag_leases_attach(&leases, memory, size, fresh, p) ? NULL : leases;
}

static void use_leases(void *part, apr_pool_t *p)
{
    const ag_leases_t *leases = part;
    ag_lease_t *lease = ag_lease_find(leases, 3, id);
    ag_window_t window;

    (void)p;
    lease = lease ? lease : ag_lease_claim(leases, 3, id, ~0u);
    lease->generation = 1;
    if (ag_lease_window(&window, lease)) {
        assert_non_null(window.algo->name);
    }
}

static void test_leases(void **state)
{
    part_t part = {"leases",
                   sizeof(ag_leases_head_t)
                       + AG_LEASE_STRIPES * (sizeof(ag_lock_t) + AG_LEASE_SET * sizeof(ag_lease_t)),
                   attach_leases, use_leases};

    bite_all(&part, 1, *state);
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

/* ---- address lists --------------------------------------------------------------------------- */

static void publish(ag_ipshare_t *share, apr_pool_t *p)
{
    static const char *const texts[] = {"192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"};
    ag_iptable_maker_t *maker = ag_iptable_start(1, p);
    int i;

    for (i = 0; i < 3; i++) {
        ag_net_t net;

        assert_null(ag_net_parse(&net, texts[i], NULL, p));
        assert_true(ag_iptable_add(maker, &net, 0, texts[i]));
    }
    assert_int_equal(ag_ipshare_publish(share, ag_iptable_finish(maker, 1700000000)), APR_SUCCESS);
    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
}

static void use_list(ag_ipshare_t *share, apr_pool_t *p)
{
    apr_uint32_t number = 1;
    ag_ipmatch_t matches[8];
    ag_ip_t four, six;
    int i, n;

    assert_true(ag_ip_parse(&four, "192.0.2.1") && ag_ip_parse(&six, "2001:db8::1"));
    ag_ipshare_ask(share, &four, NOW);
    ag_ipshare_ask(share, &six, NOW);
    ag_ipshare_filled(share);
    n = ag_ipshare_matches(matches, 8, share, &number, 0, p);
    for (i = 0; i < n; i++) {
        assert_true(strlen(matches[i].text) < 1000);
    }
}

/* Where the table begins is found by its last text; its head stands before. */
static apr_uint32_t *table_of(ag_ipshare_t *share)
{
    apr_size_t page = 65536, at = page + 2 * AG_IPTABLE_MAX * sizeof(apr_uint32_t) + AG_IPSHARE_BYTES;

    return (apr_uint32_t *)((char *)share + at);
}

static void test_lists(void **state)
{
    ag_ip_t in;
    ag_ipshare_t *share;
    int i, word;

    assert_true(ag_ip_parse(&in, "192.0.2.1"));
    for (word = 0; word < 64; word++) {
        for (i = 0; i < BITES; i++) {
            assert_int_equal(ag_ipshare_make(&share, *state), APR_SUCCESS);
            publish(share, *state);
            assert_int_equal(table_of(share)[1], 3); /* entries: it is the table */
            assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_YES);
            memcpy(&table_of(share)[word], &bites[i], 4);
            use_list(share, *state);
            publish(share, *state);
            apr_pool_clear(*state);
        }
    }
}

/* It is not in force: whoever keeps it reads it again. */
static void test_a_list_whose_head_is_none_knows_nobody(void **state)
{
    ag_ipshare_t *share;
    ag_ip_t in;

    assert_true(ag_ip_parse(&in, "192.0.2.1"));
    assert_int_equal(ag_ipshare_make(&share, *state), APR_SUCCESS);
    publish(share, *state);
    table_of(share)[2] = APR_UINT32_MAX; /* n4 */
    assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_UNKNOWN);
    assert_false(ag_ipshare_filled(share));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counters),
        TEST(test_cache),
        TEST(test_a_record_longer_than_any),
        TEST(test_inflight),
        TEST(test_a_slot_of_no_count),
        TEST(test_usage),
        TEST(test_bans),
        TEST(test_control),
        TEST(test_flights),
        TEST(test_leases),
        TEST(test_records),
        TEST(test_lists),
        TEST(test_a_list_whose_head_is_none_knows_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
