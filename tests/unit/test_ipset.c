/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ipset: sets of networks; membership is compared with a reference that knows nothing of ranges.
 */
#include "ip_fixture.h"

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
        TEST(test_sets), TEST(test_no_set), TEST(test_moved), TEST(test_reference), TEST(test_million),
    };

    return cmocka_run_group_tests_name("ipset", tests, NULL, NULL);
}
