/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_flood: a table that somebody fills with addresses of his networks, or with names he makes
 * up. Clients that were identified, IPv4 addresses and other networks are counted as if nothing had
 * happened; who is counted with others, is never let in more often than alone.
 */
#include "limit_fixture.h"

#include "../../src/limit/lease.h"
#include "../../src/limit/counters.h"

#define USUAL_SIZE ((32 << 20) / 100 * 40) /* of the default ApiGuardSharedMemory */
#define SMALL_SIZE 8192                    /* one stripe of ten sets */
#define FLOOD      227000

static const ag_sip_key_t key = {7, 9};
static const ag_expr_port_t no_expr;

static ag_store_t *attach(size_t size)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, share(size), size, 1, pool), APR_SUCCESS);
    return store;
}

/* By address as requests are; the limit counts IPv6 by so many bits. */
typedef struct {
    ag_limit_t limit;
    ag_request_t request;
    ag_subject_t subject;
} client_t;

static ag_subject_t *at_ip(client_t *client, int bits, const ag_ip_t *ip)
{
    memset(client, 0, sizeof *client);
    client->limit.by = AG_BY_IP;
    client->limit.prefix6 = bits;
    client->request.ip = *ip;
    client->request.pool = pool;
    ag_limit_subject(&client->subject, &client->limit, &client->request, NULL, &no_expr, &key);
    return &client->subject;
}

static ag_subject_t *at(client_t *client, const char *address)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    return at_ip(client, 64, &ip);
}

/* The n-th /64 of 2001:db8::/46, the /48s of which come in turns. */
static ag_subject_t *flooder(client_t *client, unsigned n)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, "2001:db8::1"));
    ip.byte[5] = n & 3;
    ip.byte[6] = (unsigned char)(n >> 10);
    ip.byte[7] = (unsigned char)(n >> 2);
    return at_ip(client, 64, &ip);
}

static ag_subject_t *ipv4(client_t *client, unsigned n)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, "198.51.0.0"));
    ip.byte[14] = (unsigned char)(n >> 8);
    ip.byte[15] = (unsigned char)n;
    return at_ip(client, 64, &ip);
}

static int with(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    ag_charge_t c = make_charge(w, s);

    return ag_store_shm_with(store, &c, now);
}

static int forget(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    ag_charge_t c = make_charge(w, s);

    return ag_store_shm_forget(store, &c, now);
}

/* ---- who is not of the flood ----------------------------------------------------------------- */

/* 1 when each of them passes N times and not once more. */
static int exact(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    apr_uint64_t i;

    for (i = 0; i < w->rate.n; i++) {
        if (!hit(store, w, s)) {
            return 0;
        }
    }
    return !hit(store, w, s);
}

/* 227,000 addresses of a /46 within a window of a day: whoever came new afterwards was refused until
 * the day was over. */
static void test_a_flood_of_one_network(void **state)
{
    ag_store_t *store = attach(USUAL_SIZE);
    ag_window_t w = make_window(2, 86400, &ag_algo_sliding);
    client_t client;
    ag_shm_fill_t fill;
    unsigned i;

    (void)state;
    assert_true(exact(store, &w, ipv4(&client, 60000)));
    for (i = 0; i < FLOOD; i++) {
        hit(store, &w, flooder(&client, i));
    }
    ag_store_shm_fill(&fill, store, now);
    assert_int_equal(fill.kept_used, 0);
    assert_true(fill.used < fill.slots * 6 / 10 && fill.networks > 1000);
    for (i = 0; i < 5000; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "client:key::c%u", i));

        assert_true(exact(store, &w, &s) && with(store, &w, &s) == AG_COUNTED_ALONE);
        assert_true(exact(store, &w, ipv4(&client, i)));
        assert_int_equal(with(store, &w, &client.subject), AG_COUNTED_ALONE);
    }
    for (i = 0; i < 100; i++) {
        assert_true(exact(store, &w, at(&client, apr_psprintf(pool, "2001:db9:%x::1", i))));
    }
    assert_true(exact(store, &w, at(&client, "2001:db8:4::1")));
    assert_false(hit(store, &w, ipv4(&client, 60000))); /* who had a slot, keeps it */
    assert_true(hit(store, &w, flooder(&client, 0)));   /* so too: its second one */
    assert_false(hit(store, &w, &client.subject));
    assert_int_equal(with(store, &w, flooder(&client, 0)), AG_COUNTED_ALONE);
    assert_false(hit(store, &w, flooder(&client, FLOOD - 1)));
    assert_in_range(with(store, &w, flooder(&client, FLOOD - 1)), 48, 56);
    assert_int_equal(ag_store_shm_overflows(store), 0);
}

/* A million values of a field: addresses and clients are counted as ever. */
static void test_a_flood_of_names(void **state)
{
    ag_store_t *store = attach(USUAL_SIZE / 8);
    ag_window_t w = make_window(2, 86400, &ag_algo_fixed);
    client_t client;
    unsigned i;

    (void)state;
    for (i = 0; i < 50000; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "header:x=%u", i));

        s.chosen = 1;
        hit(store, &w, &s);
    }
    assert_true(ag_store_shm_overflows(store) > 1000);
    for (i = 0; i < 500; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "client:key::c%u", i));

        assert_true(exact(store, &w, &s));
    }
    for (i = 0; i < 500; i++) {
        assert_true(exact(store, &w, ipv4(&client, i)));
    }
}

/* Too many IPv4 addresses, or all of IPv6: only who was identified has a place left. */
static void test_a_flood_of_addresses(void **state)
{
    ag_store_t *store = attach(USUAL_SIZE / 8);
    ag_window_t w = make_window(1, 3600, &ag_algo_bucket);
    client_t client;
    unsigned i;

    (void)state;
    for (i = 0; i < 60000; i++) {
        ag_ip_t ip;

        hit(store, &w, ipv4(&client, i));
        assert_true(ag_ip_parse(&ip, "2000::"));
        memcpy(ip.byte + 1, &i, sizeof i); /* each a /32 of its own */
        hit(store, &w, at_ip(&client, 64, &ip));
    }
    assert_true(ag_store_shm_overflows(store) > 1000);
    for (i = 0; i < 500; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "user:jwt:x:u%u", i));

        assert_true(exact(store, &w, &s));
    }
}

/* ---- who is ---------------------------------------------------------------------------------- */

/* Fills all that addresses and names may, with a window of a minute. */
static void fill(ag_store_t *store, unsigned count)
{
    ag_window_t minute = make_window(1, 60, &ag_algo_fixed);
    client_t client;
    unsigned i;

    for (i = 0; i < count; i++) {
        hit(store, &minute, ipv4(&client, i));
    }
}

static void test_ever_wider_networks(void **state)
{
    ag_store_t *store = attach(SMALL_SIZE);
    ag_window_t w = make_window(100, 86400, &ag_algo_fixed);
    int seen[3] = {0, 0, 0}, before = 0;
    client_t client;
    unsigned i;

    (void)state;
    for (i = 0; i < 2000; i++) { /* one in each /56, later in each /48 */
        int bits;
        ag_ip_t ip;

        assert_true(ag_ip_parse(&ip, "2001:db8::"));
        ip.byte[4] = (unsigned char)(i >> 8);
        ip.byte[5] = (unsigned char)i;
        ip.byte[6] = (unsigned char)(i * 7);
        hit(store, &w, at_ip(&client, 64, &ip));
        bits = with(store, &w, &client.subject);
        assert_true(bits == 0 || bits == 56 || bits == 48 || bits == 32);
        seen[0] += bits == 56;
        seen[1] += bits == 48;
        seen[2] += bits == 32;
        before = bits ? bits : before;
    }
    assert_true(seen[0] && seen[1] && seen[2] > 100);
    assert_int_equal(before, 32);
    assert_false(hit(store, &w, &client.subject)); /* the hundredth was long ago */
}

/* By=ip/48, by=ip/32 and by=ip/128 begin with the next wider network. */
static void test_networks_of_other_sizes(void **state)
{
    static const int sizes[][2] = {{128, 64}, {64, 56}, {60, 56}, {56, 48}, {48, 32}, {33, 32}, {32, 0}, {20, 0}};
    ag_room_t room;
    client_t client;
    ag_ip_t ip;
    size_t i;

    (void)state;
    assert_true(ag_ip_parse(&ip, "2001:db8:1:2:3::4"));
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        room = ag_room_of(at_ip(&client, sizes[i][0], &ip));
        assert_int_equal(ag_room_wider(&room, &client.subject), sizes[i][1] != 0);
        assert_int_equal(room.bits, sizes[i][1]);
        assert_int_equal(ag_id_equal(room.id, client.subject.id), sizes[i][1] == 0);
        while (ag_room_wider(&room, &client.subject)) {
            assert_int_equal(room.may & AG_ROOM_KEPT, 0);
        }
        assert_true(room.bits == 32 || (room.bits == 0 && sizes[i][0] <= 32));
    }
    room = ag_room_of(ipv4(&client, 1));
    assert_false(ag_room_wider(&room, &client.subject));
}

/* Two of its three in the network's counter; then there is room, and it is the third. */
static void test_leaving_a_network_forgets_nothing(void **state)
{
    static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket};
    apr_time_t start = now;
    size_t a;
    int i, shared = 0;

    (void)state;
    for (a = 0; a < 3; a++) {
        for (i = 0; i < 200; i++) {
            ag_store_t *store = attach(SMALL_SIZE);
            ag_window_t w = make_window(3, 7 * 86400, algos[a]);
            client_t client;

            now = start;
            fill(store, (unsigned)(30 + i / 4));
            at(&client, apr_psprintf(pool, "2001:db8:%x::1", i));
            assert_true(hit(store, &w, &client.subject) && hit(store, &w, &client.subject));
            shared += with(store, &w, &client.subject) > 0;
            now += apr_time_from_sec(120); /* the others' minute is over */
            assert_true(hit(store, &w, &client.subject));
            assert_false(hit(store, &w, &client.subject));
            assert_false(hit(store, &w, &client.subject));
        }
    }
    assert_true(shared > 50);
    now = start;
}

/* In one of three /48s. */
static const char *customer(char text[40], unsigned n)
{
    apr_snprintf(text, 40, "2001:db8:%x:%x::1", n % 3, n * 37 % 1024);
    return text;
}

/* Anything goes, for long: nobody passes more than N times in a window, whatever is full and whatever
 * becomes free, is given back or refused by another limit. */
static void test_nobody_ever_gets_more(void **state)
{
    enum { SUBJECTS = 400, N = 3, ROUNDS = 200000 };
    ag_store_t *store = attach(SMALL_SIZE);
    ag_window_t w = make_window(N, 600, &ag_algo_fixed), minute = make_window(2, 60, &ag_algo_fixed);
    static int passed[SUBJECTS];
    apr_time_t window = 0, start = now;
    apr_uint64_t dice = 88172645463325252u;
    int i;

    (void)state;
    for (i = 0; i < ROUNDS; i++) {
        char text[40];
        unsigned who;
        client_t client;
        ag_charge_t c[2];

        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        now += apr_time_from_msec(dice % 40);
        if (now / apr_time_from_sec(600) != window) {
            window = now / apr_time_from_sec(600);
            memset(passed, 0, sizeof passed);
        }
        who = (unsigned)(dice >> 20) % SUBJECTS;
        if (who % 4 == 0) {
            ipv4(&client, who);
        }
        else {
            at(&client, customer(text, who));
        }
        c[0] = make_charge(&w, &client.subject);
        c[1] = make_charge(&minute, &client.subject);
        assert_int_equal(store->charge(store, c, 2, now, pool), APR_SUCCESS);
        if (!ag_charges_allowed(c, 2)) {
            continue;
        }
        if (dice >> 32 & 1) {
            store->refund(store, c, 2, now, now, pool);
            continue;
        }
        assert_in_range(++passed[who], 1, N);
    }
    assert_true(ag_store_shm_networks(store) > 1000 && ag_store_shm_overflows(store) > 100);
    now = start;
}

/* ---- an administrator ------------------------------------------------------------------------ */

/* "limit reset" of who is counted with others did nothing: his own slot there was none. */
static void test_a_reset_reaches_shared_counters(void **state)
{
    ag_store_t *store = attach(SMALL_SIZE);
    ag_window_t w = make_window(2, 86400, &ag_algo_sliding);
    ag_subject_t name = make_subject("header:x=new"), other = make_subject("header:x=other");
    client_t client;
    int i;

    (void)state;
    name.chosen = other.chosen = 1;
    assert_false(forget(store, &w, &name));
    fill(store, 2000);
    for (i = 0; i < 3; i++) {
        assert_int_equal(hit(store, &w, &other), i < 2);
    }
    assert_false(hit(store, &w, &name));                 /* the other one's */
    assert_true(exact(store, &w, ipv4(&client, 65535))); /* is no name */
    assert_int_equal(with(store, &w, &client.subject), AG_COUNTED_WITH_ALL);
    assert_int_equal(with(store, &w, &name), AG_COUNTED_WITH_ALL);
    assert_int_equal(forget(store, &w, &name), 1);
    assert_true(hit(store, &w, &name));

    store = attach(SMALL_SIZE);
    for (i = 0; with(store, &w, at(&client, "2001:db8:1:2::1")) != 56; i++) {
        store = attach(SMALL_SIZE);
        w.id.hi += 0x123456789abcdef0u;
        fill(store, (unsigned)(30 + i % 40));
        hit(store, &w, at(&client, "2001:db8:1:2::1"));
        hit(store, &w, at(&client, "2001:db8:1:2::1"));
        assert_true(i < 1000);
    }
    assert_false(hit(store, &w, at(&client, "2001:db8:1:2::1")));
    assert_int_equal(forget(store, &w, at(&client, "2001:db8:1:2::1")), 1);
    assert_true(hit(store, &w, at(&client, "2001:db8:1:2::1")));
}

/* ---- leases of a fleet ----------------------------------------------------------------------- */

static ag_lease_t *claim(ag_leases_t *leases, const ag_subject_t *s)
{
    ag_lease_t *lease = ag_lease_claim(leases, ag_lease_stripe(s), s->id, ag_room_plain(s));

    lease->used = ++now;
    return lease;
}

/* There a newcomer takes the place of who was seen longest ago, but none that is kept. */
static void test_a_flood_takes_no_kept_lease(void **state)
{
    ag_leases_t *leases;
    int i, left_over = 0, names = 0;

    (void)state;
    assert_int_equal(ag_leases_attach(&leases, share(1 << 20), 1 << 20, 1, pool), APR_SUCCESS);
    for (i = 0; i < 20000; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "client:key::c%d", i));

        claim(leases, &s);
    }
    for (i = 0; i < 50000; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "header:x=%d", i));

        s.chosen = 1;
        claim(leases, &s);
    }
    for (i = 0; i < 20000; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "client:key::c%d", i));
        ag_subject_t name = make_subject(apr_psprintf(pool, "header:x=%d", 30000 + i));

        left_over += ag_lease_find(leases, ag_lease_stripe(&s), s.id) != NULL;
        names += ag_lease_find(leases, ag_lease_stripe(&name), name.id) != NULL;
    }
    assert_int_equal(left_over, leases->n / 4);
    assert_int_equal(names, leases->n / 4 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_of_one_network),      cmocka_unit_test(test_a_flood_of_names),
        cmocka_unit_test(test_a_flood_of_addresses),        cmocka_unit_test(test_ever_wider_networks),
        cmocka_unit_test(test_networks_of_other_sizes),     cmocka_unit_test(test_leaving_a_network_forgets_nothing),
        cmocka_unit_test(test_nobody_ever_gets_more),       cmocka_unit_test(test_a_reset_reaches_shared_counters),
        cmocka_unit_test(test_a_flood_takes_no_kept_lease),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_from_sec(APR_INT64_C(1767225600));
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
