/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, networks and sets of them; membership is compared with a reference that knows nothing
 * of ranges.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "../../src/ipset/ipset.h"

static ag_ip_t ip_of(const char *text)
{
    ag_ip_t ip;

    if (!ag_ip_parse(&ip, text)) {
        fail_msg("%s is no address", text);
    }
    return ip;
}

static ag_net_t net_of(const char *text, apr_pool_t *p)
{
    ag_net_t net;
    const char *error = ag_net_parse(&net, text, NULL, p);

    if (error) {
        fail_msg("%s", error);
    }
    return net;
}

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

static void test_networks_wrong(void **state)
{
    static const char *const texts[] = {
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
    ag_net_t net;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        const char *error = ag_net_parse(&net, texts[i], NULL, *state);

        if (!error) {
            fail_msg("%s was taken", texts[i]);
        }
        assert_non_null(strstr(error, apr_psprintf(*state, "\"%s\" is not an address or network", texts[i])));
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

/* ---- sets ------------------------------------------------------------------------------------ */

static ag_ipset_t *set_of(const char *line, apr_pool_t *p)
{
    ag_net_t nets[32];
    ag_words_t words;
    int i;

    assert_null(ag_text_words(&words, line, p));
    for (i = 0; i < words.n; i++) {
        nets[i] = net_of(words.v[i], p);
    }
    return ag_ipset_make(nets, words.n, p);
}

static void test_sets(void **state)
{
    static const struct {
        const char *nets, *in, *out;
    } cases[] = {
        {"", "", "0.0.0.0 192.0.2.1 :: ::1 255.255.255.255"},
        {"0.0.0.0/0", "0.0.0.0 192.0.2.1 255.255.255.255 ::ffff:1.2.3.4", ":: ::1 2001:db8::1 ::192.0.2.1"},
        {"::/0", ":: ::1 2001:db8::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0 192.0.2.1 ::ffff:192.0.2.1"},
        {"0.0.0.0/0 ::/0", ":: 0.0.0.0 255.255.255.255 2001:db8::1", ""},
        {"192.0.2.0/24", "192.0.2.0 192.0.2.255 ::ffff:192.0.2.7", "192.0.1.255 192.0.3.0 ::192.0.2.1 2001:db8::1"},
        {"::ffff:192.0.2.0/24", "192.0.2.0 192.0.2.255", "192.0.1.255 192.0.3.0"},
        {"::ffff:192.0.2.0/120", "192.0.2.0 192.0.2.255 ::ffff:192.0.2.7", "192.0.1.255 192.0.3.0 ::"},
        {"10.0.0.0/8 10.1.0.0/16 10.1.2.3", "10.0.0.0 10.1.2.3 10.2.0.0 10.255.255.255", "9.255.255.255 11.0.0.0"},
        {"10.1.2.3 10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"10.0.0.0/9 10.128.0.0/9", "10.127.255.255 10.128.0.0", "11.0.0.0"},
        {"10.0.0.1 10.0.0.3 10.0.0.3", "10.0.0.1 10.0.0.3", "10.0.0.0 10.0.0.2 10.0.0.4"},
        {"255.255.255.255 0.0.0.0", "255.255.255.255 0.0.0.0", "255.255.255.254 0.0.0.1"},
        {"2001:db8::/32 2001:db8:1::/48 fd00::/8", "2001:db8:ffff:: 2001:db8:1::1 fdff::1",
         "2001:db9:: fe00:: 192.0.2.1"},
        {"::/64", ":: ::1", "192.0.2.1 0:0:0:1::"},
        {"::/80", ":: ::fffe:1.2.3.4", "192.0.2.1 0.0.0.0 0:0:0:0:1::"}, /* ends as IPv4 does */
    };
    ag_words_t words;
    int i, j;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ipset_t *set = set_of(cases[i].nets, *state);

        assert_null(ag_text_words(&words, cases[i].in, *state));
        for (j = 0; j < words.n; j++) {
            ag_ip_t ip = ip_of(words.v[j]);

            if (!ag_ipset_has(set, &ip)) {
                fail_msg("%s is in \"%s\"", words.v[j], cases[i].nets);
            }
        }
        assert_null(ag_text_words(&words, cases[i].out, *state));
        for (j = 0; j < words.n; j++) {
            ag_ip_t ip = ip_of(words.v[j]);

            if (ag_ipset_has(set, &ip)) {
                fail_msg("%s is not in \"%s\"", words.v[j], cases[i].nets);
            }
        }
    }
}

static void test_no_set(void **state)
{
    ag_ip_t ip = ip_of("192.0.2.1");

    (void)state;
    assert_false(ag_ipset_has(NULL, &ip));
}

/* A set is one block: a copy of its bytes elsewhere is the same set. */
static void test_moved(void **state)
{
    ag_ipset_t *set = set_of("10.0.0.0/8 192.0.2.1 2001:db8::/32", *state);
    apr_size_t size = set->size;
    ag_ip_t in4 = ip_of("192.0.2.1"), in6 = ip_of("2001:db8::1"), out = ip_of("192.0.2.2");
    ag_ipset_t *copy = apr_pmemdup(*state, set, size);

    assert_int_equal(size, sizeof *set + 2 * 8 + 32);
    memset(set, 0, size);
    assert_true(ag_ipset_has(copy, &in4));
    assert_true(ag_ipset_has(copy, &in6));
    assert_false(ag_ipset_has(copy, &out));
}

/* ---- against a reference --------------------------------------------------------------------- */

/* A network as the reference has it: an address, how many bits count, and which family. */
typedef struct {
    unsigned char byte[16];
    int bits, four;
} plain_t;

static int in_plain(const plain_t *net, const unsigned char *byte, int four)
{
    int i;

    if (net->four != four) {
        return 0;
    }
    for (i = 0; i < net->bits; i++) {
        if ((net->byte[i / 8] ^ byte[i / 8]) & 0x80 >> i % 8) {
            return 0;
        }
    }
    return 1;
}

/* Few different bits, so that networks nest, touch and meet the addresses asked for. */
static void random_bytes(unsigned char *byte, int four)
{
    static const unsigned char some[] = {0, 1, 2, 127, 128, 129, 254, 255};
    int i;

    memset(byte, 0, 16);
    for (i = 0; i < (four ? 4 : 16); i++) {
        byte[i] = rand() % 4 ? some[rand() % N_OF(some)] : (unsigned char)rand();
    }
    if (!four) {
        byte[0] = 0x20; /* not in the mapped block */
    }
}

static const char *text_of(const unsigned char *byte, int four, apr_pool_t *p)
{
    char text[INET6_ADDRSTRLEN];

    inet_ntop(four ? AF_INET : AF_INET6, byte, text, sizeof text);
    return apr_pstrdup(p, text);
}

/* An address beside the edges of a network: where mistakes live. */
static void near(unsigned char *byte, const plain_t *net)
{
    int last = net->four ? 3 : 15, i;
    int up = rand() % 2;

    memcpy(byte, net->byte, 16);
    for (i = net->bits; i < 8 * (last + 1); i++) {
        byte[i / 8] = (unsigned char)(up ? byte[i / 8] | 0x80 >> i % 8 : byte[i / 8] & ~(0x80 >> i % 8));
    }
    for (i = last; rand() % 2 && i >= 0; i--) { /* one further, with carry */
        byte[i] = (unsigned char)(up ? byte[i] + 1 : byte[i] - 1);
        if (byte[i] != (up ? 0 : 255)) {
            break;
        }
    }
}

static ag_ipset_t *random_set(plain_t *plain, int n, apr_pool_t *p)
{
    ag_net_t *nets = apr_palloc(p, ((apr_size_t)n + 1) * sizeof *nets);
    int i;

    for (i = 0; i < n; i++) {
        int four = rand() % 2;

        plain[i].four = four;
        plain[i].bits = rand() % 8 ? 8 + rand() % (four ? 25 : 121) : (four ? 32 : 128);
        random_bytes(plain[i].byte, four);
        nets[i] = net_of(apr_psprintf(p, "%s/%d", text_of(plain[i].byte, four, p), plain[i].bits), p);
    }
    return ag_ipset_make(nets, n, p);
}

static void test_reference(void **state)
{
    plain_t plain[40];
    int round, i, j, inside = 0;

    srand(4);
    for (round = 0; round < 1000; round++) {
        int n = rand() % 40;
        apr_pool_t *p;
        ag_ipset_t *set;

        apr_pool_create(&p, *state);
        set = random_set(plain, n, p);
        for (i = 0; i < 100; i++) {
            const plain_t *model = n ? &plain[rand() % n] : NULL;
            int four = model ? model->four : rand() % 2, wanted = 0;
            unsigned char byte[16];
            ag_ip_t ip;

            random_bytes(byte, four);
            if (model && rand() % 2) {
                near(byte, model);
            }
            ip = ip_of(text_of(byte, four, p));
            for (j = 0; j < n; j++) {
                wanted |= in_plain(&plain[j], byte, four);
            }
            if (ag_ipset_has(set, &ip) != wanted) {
                fail_msg("round %d: %s", round, text_of(byte, four, p));
            }
            inside += wanted;
        }
        apr_pool_destroy(p);
    }
    assert_in_range(inside, 20000, 80000);
}

#define MILLION 1000000

/* Every third address from 11.0.0.0 on, in any order: each is in, both neighbours are out. */
static void test_million(void **state)
{
    ag_net_t *nets = apr_palloc(*state, MILLION * sizeof *nets);
    ag_ipset_t *set;
    ag_ip_t ip = ip_of("11.0.0.0");
    apr_time_t start;
    apr_uint32_t i, at;

    for (i = 0; i < MILLION; i++) {
        apr_uint32_t shuffled = (apr_uint32_t)(i * APR_UINT64_C(700001) % MILLION);

        at = htonl(0x0B000000 + 3 * shuffled);
        memcpy(ip.byte + 12, &at, 4);
        nets[i].first = nets[i].last = ip;
    }
    start = apr_time_now();
    set = ag_ipset_make(nets, MILLION, *state);
    assert_int_equal(set->n4, MILLION);
    assert_int_equal(set->size, sizeof *set + MILLION * 8);
    for (i = 0; i < 3 * MILLION; i++) {
        at = htonl(0x0B000000 + i);
        memcpy(ip.byte + 12, &at, 4);
        if (ag_ipset_has(set, &ip) != (i % 3 == 0)) {
            fail_msg("%u", i);
        }
    }
    at = htonl(0x0B000000 - 1);
    memcpy(ip.byte + 12, &at, 4);
    assert_false(ag_ipset_has(set, &ip));
    /* A look-up that walked would take hours. */
    assert_true(apr_time_now() - start < apr_time_from_sec(30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parse),          TEST(test_of_socket), TEST(test_mask6),   TEST(test_networks),
        TEST(test_networks_wrong), TEST(test_netmasks),  TEST(test_sets),    TEST(test_no_set),
        TEST(test_moved),          TEST(test_reference), TEST(test_million),
    };

    return cmocka_run_group_tests_name("ipset", tests, NULL, NULL);
}
