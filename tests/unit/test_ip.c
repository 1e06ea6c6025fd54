/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ip: addresses and networks as texts.
 */
#include "ip_fixture.h"

/* ---- addresses ------------------------------------------------------------------------------- */

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *again; /* NULL: refused */
        int four;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", 1},
        {"0.0.0.0", "0.0.0.0", 1},
        {"255.255.255.255", "255.255.255.255", 1},
        {"::ffff:192.0.2.1", "192.0.2.1", 1},
        {"::FFFF:c000:201", "192.0.2.1", 1},
        {"::", "::", 0},
        {"::1", "::1", 0},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", 0},
        {"::192.0.2.1", "::192.0.2.1", 0},
        {"::fffe:192.0.2.1", "::fffe:c000:201", 0},
        {"fe80::1%eth0", NULL, 0},
        {"fe80::1%1", NULL, 0},
        {"192.0.2.1%eth0", NULL, 0},
        {"192.0.2", NULL, 0},
        {"192.0.2.256", NULL, 0},
        {"192.0.2.1.1", NULL, 0},
        {"192.0.2.01", NULL, 0},
        {"0x7f.0.0.1", NULL, 0},
        {"2130706433", NULL, 0},
        {" 192.0.2.1", NULL, 0},
        {"192.0.2.1 ", NULL, 0},
        {"192.0.2.1:80", NULL, 0},
        {"[::1]", NULL, 0},
        {"1:2:3:4:5:6:7", NULL, 0},
        {"1::2::3", NULL, 0},
        {"", NULL, 0},
        {"localhost", NULL, 0},
    };
    ag_ip_t ip;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        int good = ag_ip_parse(&ip, cases[i].text);

        if (good != (cases[i].again != NULL)) {
            fail_msg("%s", cases[i].text);
        }
        if (good) {
            assert_string_equal(ag_ip_text(&ip, *state), cases[i].again);
            assert_int_equal(ag_ip_is4(&ip), cases[i].four);
        }
    }
}

static void test_of_socket(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"};
    apr_sockaddr_t *address;
    ag_ip_t ip, wanted;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        assert_int_equal(apr_sockaddr_info_get(&address, texts[i], APR_UNSPEC, 80, 0, *state), 0);
        assert_true(ag_ip_of(&ip, address));
        wanted = ip_of(texts[i]);
        assert_memory_equal(&ip, &wanted, sizeof ip);
    }
    address->family = AF_UNIX;
    assert_false(ag_ip_of(&ip, address));
}

static void test_mask6(void **state)
{
    static const struct {
        const char *text;
        int bits;
        const char *masked;
    } cases[] = {
        {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
        {"2001:db8:1:2:3:4:5:6", 56, "2001:db8:1::"},
        {"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"},
        {"2001:db8:1:2:3:4:5:7", 127, "2001:db8:1:2:3:4:5:6"},
        {"ffff::", 1, "8000::"},
        {"ffff::", 0, "::"},
        {"192.0.2.1", 64, "192.0.2.1"},
        {"::ffff:192.0.2.1", 1, "192.0.2.1"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ip_t ip = ip_of(cases[i].text);

        ag_ip_mask6(&ip, cases[i].bits);
        assert_string_equal(ag_ip_text(&ip, *state), cases[i].masked);
    }
}

/* ---- networks -------------------------------------------------------------------------------- */

static void test_networks(void **state)
{
    static const struct {
        const char *text, *first, *last;
        int masked;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.1", 0},
        {"192.0.2.0/24", "192.0.2.0", "192.0.2.255", 0},
        {"192.0.2.1/24", "192.0.2.0", "192.0.2.255", 1},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.1", 0},
        {"192.0.2.3/31", "192.0.2.2", "192.0.2.3", 1},
        {"0.0.0.0/0", "0.0.0.0", "255.255.255.255", 0},
        {"192.0.2.1/0", "0.0.0.0", "255.255.255.255", 1},
        {"128.0.0.0/1", "128.0.0.0", "255.255.255.255", 0},
        {"192.0.2.0/255.255.255.0", "192.0.2.0", "192.0.2.255", 0},
        {"192.0.2.77/255.255.255.192", "192.0.2.64", "192.0.2.127", 1},
        {"10.0.0.0/255.0.0.0", "10.0.0.0", "10.255.255.255", 0},
        {"192.0.2.1/255.255.255.255", "192.0.2.1", "192.0.2.1", 0},
        {"10.0.0.0/0.0.0.0", "0.0.0.0", "255.255.255.255", 1},
        {"10", "10.0.0.0", "10.255.255.255", 0},
        {"10.", "10.0.0.0", "10.255.255.255", 0},
        {"10.1", "10.1.0.0", "10.1.255.255", 0},
        {"10.1.", "10.1.0.0", "10.1.255.255", 0},
        {"10.1.2", "10.1.2.0", "10.1.2.255", 0},
        {"10.1.2.", "10.1.2.0", "10.1.2.255", 0},
        {"0", "0.0.0.0", "0.255.255.255", 0},
        {"255.255", "255.255.0.0", "255.255.255.255", 0},
        {"::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
        {"2001:db8::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1},
        {"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0},
        {"2001:db8::1/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 1},
        {"2001:db8::8/125", "2001:db8::8", "2001:db8::f", 0},
        {"2001:db8::1/128", "2001:db8::1", "2001:db8::1", 0},
        {"2001:db8::1", "2001:db8::1", "2001:db8::1", 0},
        {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", 0},
        {"::ffff:192.0.2.0/24", "192.0.2.0", "192.0.2.255", 0},
        {"::ffff:1.2.3.0/120", "1.2.3.0", "1.2.3.255", 0},
        {"::ffff:1.2.3.9/120", "1.2.3.0", "1.2.3.255", 1},
        {"::ffff:102:300/120", "1.2.3.0", "1.2.3.255", 0},
        {"::FFFF:1.2.3.4/128", "1.2.3.4", "1.2.3.4", 0},
        {"::ffff:0:0/96", "0.0.0.0", "255.255.255.255", 0},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ip_t first = ip_of(cases[i].first), last = ip_of(cases[i].last);
        int masked = 7;
        ag_net_t net;

        assert_null(ag_net_parse(&net, cases[i].text, &masked, *state));
        if (memcmp(&net.first, &first, 16) || memcmp(&net.last, &last, 16) || masked != cases[i].masked) {
            fail_msg("%s: %s to %s, masked %d", cases[i].text, ag_ip_text(&net.first, *state),
                     ag_ip_text(&net.last, *state), masked);
        }
    }
}

static const char *const no_networks[] = {
    "",
    ".",
    "..",
    ".10",
    "10..1",
    "10.1.2.3.",
    "10.1.2.3.4",
    "10.256",
    "1000",
    "0010",
    "10.-1",
    "10.a",
    "a",
    "localhost",
    "10/8",
    "10.1/16",
    "/8",
    "/",
    "192.0.2.1/",
    "192.0.2.1/33",
    "192.0.2.1/-1",
    "192.0.2.1/+8",
    "192.0.2.1/8/8",
    "192.0.2.1/ 8",
    "192.0.2.1 /8",
    "192.0.2.1/255.0.255.0",
    "192.0.2.1/0.255.255.255",
    "192.0.2.1/255.255.255.253",
    "192.0.2.1/255.255.255",
    "192.0.2.1/ffff::",
    "2001:db8::/129",
    "2001:db8::/255.255.0.0",
    "2001:db8::/ffff::",
    "2001:db8",
    "fe80::1%eth0",
    "fe80::1%eth0/64",
    "fe80::%1/64",
    "::/",
    "192.0.2.1-192.0.2.9",
    "192.0.2.*",
    "*",
    "all",
    "192.0.2.1,192.0.2.2",
    "192.0.2.1\n",
    "::ffff:192.0.2.1/33",
    "::ffff:192.0.2.1/95",
    "::ffff:192.0.2.1/129",
    "192.0.2.1/120",
};

static void test_networks_wrong(void **state)
{
    ag_net_t net;
    int i;

    for (i = 0; i < N_OF(no_networks); i++) {
        const char *error = ag_net_parse(&net, no_networks[i], NULL, *state);

        if (!error) {
            fail_msg("%s was taken", no_networks[i]);
        }
        assert_non_null(strstr(error, apr_psprintf(*state, "\"%s\" is not an address or network", no_networks[i])));
    }
}

/* Every netmask is its number of bits; every other mask is none. */
static void test_netmasks(void **state)
{
    apr_uint32_t mask = 0;
    int bits;

    for (bits = 0; bits <= 32; bits++) {
        const char *text =
            apr_psprintf(*state, "10.1.2.3/%u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
        ag_net_t net = net_of(text, *state);
        ag_net_t same = net_of(apr_psprintf(*state, "10.1.2.3/%d", bits), *state);

        assert_memory_equal(&net, &same, sizeof net);
        mask = mask >> 1 | 0x80000000u;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parse),    TEST(test_of_socket),      TEST(test_mask6),
        TEST(test_networks), TEST(test_networks_wrong), TEST(test_netmasks),
    };

    return cmocka_run_group_tests_name("addresses, networks", tests, NULL, NULL);
}
