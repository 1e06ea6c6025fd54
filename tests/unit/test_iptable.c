/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_iptable: tables of networks. A reference that looks at every network in turn knows nothing of cuts; it
 * must say the same of every address, before and after networks expire.
 */
#include "iptable_fixture.h"

typedef struct {
    ag_net_t net;
    apr_uint32_t expires;
    char text[64];
} entry_t;

static int bits_of(const ag_net_t *net)
{
    int i;

    for (i = 127; i >= 0 && ((net->first.byte[i / 8] ^ net->last.byte[i / 8]) >> (7 - i % 8) & 1);) {
        i--;
    }
    return i + 1;
}

static int holds(const ag_net_t *net, const ag_ip_t *ip)
{
    return ag_ip_is4(&net->first) == ag_ip_is4(ip) && memcmp(&net->first, ip, sizeof *ip) <= 0
           && memcmp(ip, &net->last, sizeof *ip) <= 0;
}

/* How many bits the narrowest living network around the address has, or -1. */
static int reference(const entry_t *entries, int n, const ag_ip_t *ip, apr_uint32_t now)
{
    int best = -1, i;

    for (i = 0; i < n; i++) {
        if (holds(&entries[i].net, ip) && (!entries[i].expires || now < entries[i].expires)
            && bits_of(&entries[i].net) > best) {
            best = bits_of(&entries[i].net);
        }
    }
    return best;
}

static const ag_iptable_t *table_of(const entry_t *entries, int n, int keep, apr_uint32_t now, apr_pool_t *p)
{
    ag_iptable_maker_t *maker = ag_iptable_start(keep, p);
    const ag_iptable_t *table;
    int i;

    for (i = 0; i < n; i++) {
        assert_true(ag_iptable_add(maker, &entries[i].net, entries[i].expires, entries[i].text));
    }
    table = ag_iptable_finish(maker, now);
    assert_non_null(table);
    return table;
}

static int found_bits(const ag_iptable_t *table, const ag_ip_t *ip, apr_uint32_t now, apr_pool_t *p)
{
    apr_uint32_t number = ag_iptable_find(table, table, ip, now);
    ag_net_t net;

    if (!number) {
        return -1;
    }
    net = net_of(ag_iptable_text(table, table, number, p), p);
    return bits_of(&net);
}

static void fill(entry_t *entries, int n, apr_uint32_t spread, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        int four = i & 1;
        int bits = four ? 96 + 10 + (int)any(23) : 34 + (int)any(95);

        entries[i].net = net_at(any_ip(four, spread), bits);
        entries[i].expires = any(3) ? NOW_S - 500 + any(1000) : 0;
        apr_snprintf(entries[i].text, sizeof entries[i].text, "%s/%d", ag_ip_text(&entries[i].net.first, p),
                     four ? bits - 96 : bits);
    }
}

static void test_random(void **state)
{
    static const int sizes[] = {0, 1, 2, 3, 10, 60, 400};
    entry_t entries[400];
    int round, i, s;

    for (round = 0; round < 20; round++) {
        for (s = 0; s < N_OF(sizes); s++) {
            int n = sizes[s];
            const ag_iptable_t *table, *plain;
            apr_pool_t *p;

            apr_pool_create(&p, *state);
            fill(entries, n, round % 2 ? 2 : 200, p);
            table = table_of(entries, n, 1, NOW_S - 400, p);
            for (i = 0; i < 200; i++) {
                ag_ip_t ip =
                    n && any(2) ? entries[any((apr_uint32_t)n)].net.last : any_ip(i & 1, round % 2 ? 2 : 200);
                apr_uint32_t now = NOW_S - 400 + any(900);

                if (found_bits(table, &ip, now, p) != reference(entries, n, &ip, now)) {
                    fail_msg("%s: %d, not %d", ag_ip_text(&ip, p), found_bits(table, &ip, now, p),
                             reference(entries, n, &ip, now));
                }
            }
            plain = table_of(entries, n, 0, NOW_S, p);
            for (i = 0; i < 200; i++) {
                ag_ip_t ip = any_ip(i & 1, round % 2 ? 2 : 200);

                assert_int_equal(ag_iptable_find(plain, plain, &ip, NOW_S) != 0,
                                 reference(entries, n, &ip, 0) >= 0); /* 0: all live */
            }
            apr_pool_destroy(p);
        }
    }
}

static void test_edges(void **state)
{
    static const char *const nets[] = {"0.0.0.0/0",
                                       "255.255.255.255",
                                       "0.0.0.0",
                                       "255.0.0.0/8",
                                       "::/0",
                                       "::",
                                       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                       "ff00::/8",
                                       "10.0.0.0/8",
                                       "10.0.0.0/9",
                                       "10.128.0.0/9"};
    static const struct {
        const char *ip;
        int bits;
    } cases[] = {
        {"255.255.255.255", 128},
        {"0.0.0.0", 128},
        {"0.0.0.1", 96},
        {"255.255.255.254", 104},
        {"::", 128},
        {"::1", 0},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128},
        {"ff00::", 8},
        {"fe00::", 0},
        {"10.0.0.0", 105},
        {"10.255.255.255", 105},
        {"11.0.0.0", 96},
        {"::ffff:10.0.0.0", 105},
    };
    entry_t entries[N_OF(nets)];
    const ag_iptable_t *table;
    ag_ip_t ip;
    int i;

    for (i = 0; i < N_OF(nets); i++) {
        entries[i].net = net_of(nets[i], *state);
        entries[i].expires = 0;
        apr_cpystrn(entries[i].text, nets[i], sizeof entries[i].text);
    }
    table = table_of(entries, N_OF(nets), 1, NOW_S, *state);
    assert_int_equal(table->n, N_OF(nets));
    for (i = 0; i < N_OF(cases); i++) {
        ip = ip_of(cases[i].ip);
        assert_int_equal(found_bits(table, &ip, NOW_S, *state), cases[i].bits);
    }
    table = table_of(entries + 4, 1, 1, NOW_S, *state); /* ::/0 alone is no IPv4 */
    ip = ip_of("192.0.2.1");
    assert_int_equal(ag_iptable_find(table, table, &ip, NOW_S), 0);
}

/* Of equal networks, however they were written, the one that lives longest counts. */
static void test_equal(void **state)
{
    entry_t entries[3] = {{.expires = NOW_S + 10}, {.expires = 0}, {.expires = NOW_S + 99}};
    ag_ip_t ip = ip_of("10.1.2.3");
    const ag_iptable_t *table;
    int i;

    for (i = 0; i < 3; i++) {
        entries[i].net = net_of("10.0.0.0/8", *state);
        apr_snprintf(entries[i].text, sizeof entries[i].text, "10.%d.0.0/8", i);
    }
    table = table_of(entries, 3, 1, NOW_S, *state);
    assert_int_equal(table->n, 1);
    assert_int_equal(ag_iptable_find(table, table, &ip, NOW_S + 1000), 1);
    assert_string_equal(ag_iptable_text(table, table, 1, *state), "10.1.0.0/8");
    entries[1].expires = 1;
    table = table_of(entries, 3, 1, NOW_S, *state);
    assert_string_equal(ag_iptable_text(table, table, 1, *state), "10.2.0.0/8");
    assert_int_equal(ag_iptable_find(table, table, &ip, NOW_S + 98), 1);
    assert_int_equal(ag_iptable_find(table, table, &ip, NOW_S + 99), 0);
}

static void test_million(void **state)
{
    int n = 1000000, i;
    entry_t *entries = calloc((size_t)n, sizeof *entries);
    const ag_iptable_t *table;
    apr_pool_t *p;

    apr_pool_create(&p, *state);
    for (i = 0; i < n; i++) {
        int four = i % 10 != 0;
        ag_ip_t ip = any_ip(four, 256);

        ip.byte[12] = four ? (unsigned char)any(256) : ip.byte[12];
        entries[i].net = net_at(ip, four ? 96 + 20 + (int)any(13) : 48 + (int)any(81));
        apr_snprintf(entries[i].text, sizeof entries[i].text, "%s/%d", ag_ip_text(&entries[i].net.first, p),
                     bits_of(&entries[i].net) - (four ? 96 : 0));
        if (i % 1000 == 0) {
            apr_pool_clear(p);
        }
    }
    table = table_of(entries, n, 1, NOW_S, *state);
    for (i = 0; i < 300; i++) {
        ag_ip_t ip = i & 1 ? entries[any((apr_uint32_t)n)].net.last : any_ip(i % 4 != 0, 256);

        assert_int_equal(found_bits(table, &ip, NOW_S, p), reference(entries, n, &ip, NOW_S));
    }
    assert_true(table->size < 60u << 20);
    free(entries);
}

static void test_too_many(void **state)
{
    ag_iptable_maker_t *maker = ag_iptable_start(0, *state);
    ag_net_t net = net_of("10.0.0.1", *state);
    apr_uint32_t i;

    for (i = 0; i < AG_IPTABLE_MAX; i++) {
        assert_true(ag_iptable_add(maker, &net, 0, NULL));
    }
    assert_false(ag_iptable_add(maker, &net, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_random), TEST(test_edges), TEST(test_equal), TEST(test_million), TEST(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
