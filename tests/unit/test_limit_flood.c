/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_flood: a table that somebody fills with addresses of his networks, or with names he makes
 * up. Clients that were identified, IPv4 addresses and other networks are counted as if nothing had
 * happened; who is counted with others, is never let in more often than alone.
 */
#include "flood_fixture.h"

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
    assert_true(fill.used < fill.slots * 6 / 10 && ag_counted(AG_COUNT_LIMIT_NETWORKS) > 1000);
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
    assert_int_equal(ag_counted(AG_COUNT_LIMIT_OVERFLOWS), 0);
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
    assert_true(ag_counted(AG_COUNT_LIMIT_OVERFLOWS) > 1000);
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
    assert_true(ag_counted(AG_COUNT_LIMIT_OVERFLOWS) > 1000);
    for (i = 0; i < 500; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "user:jwt:x:u%u", i));

        assert_true(exact(store, &w, &s));
    }
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
        cmocka_unit_test(test_a_flood_of_addresses),        cmocka_unit_test(test_a_reset_reaches_shared_counters),
        cmocka_unit_test(test_a_flood_takes_no_kept_lease),
    };

    return cmocka_run_group_tests(tests, limit_start, limit_stop);
}
