/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shared_lists: whatever a child that was taken over writes into a list of addresses, nobody is led out of
 * its memory.
 */
#include "bite_fixture.h"

#include "../../src/ipset/ipshare.h"

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
        TEST(test_lists),
        TEST(test_a_list_whose_head_is_none_knows_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
