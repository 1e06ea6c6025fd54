/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_newcomer: newcomers without a slot of their own are counted with ever wider networks; who is charged
 * there is forgotten nothing, and nobody ever gets more.
 */
#include "flood_fixture.h"

/* ---- who is ---------------------------------------------------------------------------------- */

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
    assert_true(ag_counted(AG_COUNT_LIMIT_NETWORKS) > 1000 && ag_counted(AG_COUNT_LIMIT_OVERFLOWS) > 100);
    now = start;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ever_wider_networks),
        cmocka_unit_test(test_networks_of_other_sizes),
        cmocka_unit_test(test_leaving_a_network_forgets_nothing),
        cmocka_unit_test(test_nobody_ever_gets_more),
    };

    return cmocka_run_group_tests(tests, limit_start, limit_stop);
}
