/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ban_wide: a table that is full of bans. Who finds no place is counted all the same, with others;
 * a network with many banned addresses is banned as one. Before, whoever had filled it could go on
 * guessing from any other address.
 */
#include "ban_fixture.h"

/* One set, all of it banned. */
static ag_bans_t *full(void **state, const ag_ban_rule_t *r)
{
    ag_bans_t *bans = table(state, 1);
    unsigned i;

    for (i = 0; i < AG_BAN_SET; i++) {
        ag_banned_t w = numbered("10.0.0.0", i);

        while (failure(bans, r, &w, NOW) == AG_BAN_COUNTED) {
        }
    }
    return bans;
}

/* ---- a shared place -------------------------------------------------------------------------- */

static void test_who_finds_no_place_is_counted_with_others(void **state)
{
    ag_ban_rule_t r = rule(3, 60, 600);
    ag_bans_t *bans = full(state, &r);
    ag_banned_t a = who("192.0.2.1"), b = who("192.0.2.2"), c = who("2001:db8::");
    ag_bans_fill_t fill;

    assert_int_equal(failure(bans, &r, &a, NOW), AG_BAN_SHARED);
    assert_int_equal(failure(bans, &r, &b, NOW), AG_BAN_SHARED);
    assert_false(banned(bans, &a, NOW));
    assert_int_equal(failure(bans, &r, &a, NOW + SECOND), AG_BAN_SHARED_BEGINS);
    assert_true(banned(bans, &a, NOW + SECOND) && banned(bans, &b, NOW + SECOND));
    assert_true(banned(bans, &c, NOW + SECOND)); /* so is he, whoever he is */
    assert_int_equal(failure(bans, &r, &c, NOW + 2 * SECOND), AG_BAN_STANDS);
    assert_int_equal(ag_bans_shared(bans), 3);
    ag_bans_fill(&fill, bans, NOW + SECOND);
    assert_true(fill.places == AG_BAN_SET && fill.banned == AG_BAN_SET && fill.shared == 1);
    assert_true(banned(bans, &a, NOW + 600 * SECOND)); /* the others' time is up, theirs is not */
    assert_false(banned(bans, &a, NOW + 601 * SECOND));
    assert_int_equal(failure(bans, &r, &a, NOW + 601 * SECOND), AG_BAN_COUNTED);
}

/* And who has a place is counted alone, and not banned with them. */
static void test_who_has_a_place_is_alone(void **state)
{
    ag_ban_rule_t r = rule(2, 60, 600);
    ag_bans_t *bans = table(state, 1);
    ag_banned_t w, mine = who("192.0.2.9"), other = who("192.0.2.10");
    unsigned i;

    for (i = 0; i < AG_BAN_SET; i++) {
        w = numbered("10.0.0.0", i);
        failure(bans, &r, &w, NOW);
        assert_int_equal(failure(bans, &r, &w, NOW + i * 5 * SECOND), AG_BAN_BEGINS);
    }
    failure(bans, &r, &other, NOW + 590 * SECOND);
    assert_int_equal(failure(bans, &r, &other, NOW + 591 * SECOND), AG_BAN_SHARED_BEGINS);
    bans->sets[0].slot[0].ip = mine.ip; /* it had failed once before the set was full */
    bans->sets[0].slot[0].until = 0;
    assert_false(banned(bans, &mine, NOW + 601 * SECOND));
    assert_true(banned(bans, &other, NOW + 601 * SECOND));
}

static void test_failures_in_a_shared_place_are_forgotten_in_time(void **state)
{
    ag_ban_rule_t r = rule(2, 60, 6000);
    ag_bans_t *bans = full(state, &r);
    ag_banned_t a = who("192.0.2.1");
    int i;

    for (i = 0; i < 10; i++) {
        assert_int_equal(failure(bans, &r, &a, NOW + i * 60 * SECOND), AG_BAN_SHARED);
    }
    assert_int_equal(failure(bans, &r, &a, NOW + (9 * 60 + 59) * SECOND), AG_BAN_SHARED_BEGINS);
}

/* Sections with other figures share it, too; it is as strict as the strictest. Taken in turns they must
 * not begin it anew each time. */
static void test_rules_share_the_place(void **state)
{
    ag_ban_rule_t loose = rule(100, 3600, 60), strict = rule(3, 60, 600), day = rule(50, 86400, 10);
    ag_bans_t *bans = full(state, &strict);
    ag_banned_t a = who("192.0.2.1"), elsewhere = a;

    elsewhere.server = 8;
    assert_int_equal(failure(bans, &loose, &a, NOW), AG_BAN_SHARED);
    assert_int_equal(failure(bans, &strict, &elsewhere, NOW + 61 * SECOND), AG_BAN_SHARED);
    assert_int_equal(failure(bans, &day, &a, NOW + 62 * SECOND), AG_BAN_SHARED_BEGINS);
    assert_true(banned(bans, &elsewhere, NOW + 650 * SECOND));
    assert_int_equal(ag_bans_until(bans, &a, 0, NOW + 62 * SECOND), NOW + 662 * SECOND);
}

/* A dry run refuses nobody, also where it shares the place; and is pushed out of it. */
static void test_a_dry_run_bans_nobody_who_shares(void **state)
{
    ag_ban_rule_t wet = rule(2, 60, 600), dry = rule(1, 60, 600);
    ag_bans_t *bans = full(state, &wet);
    ag_banned_t a = who("192.0.2.1");

    dry.dry_run = 1;
    assert_int_equal(failure(bans, &dry, &a, NOW), AG_BAN_SHARED_BEGINS);
    assert_false(banned(bans, &a, NOW));
    assert_true(ag_bans_until(bans, &a, 1, NOW) > NOW);
    assert_int_equal(failure(bans, &wet, &a, NOW), AG_BAN_SHARED);
    assert_int_equal(failure(bans, &dry, &a, NOW), AG_BAN_COUNTED);
    assert_int_equal(bans->head->uncounted, 1);
    assert_int_equal(failure(bans, &wet, &a, NOW), AG_BAN_SHARED_BEGINS);
    assert_true(banned(bans, &a, NOW));
}

static void test_signatures_and_the_end_of_a_shared_ban(void **state)
{
    ag_ban_rule_t r = rule(1, 60, 600);
    ag_bans_t *bans = full(state, &r);
    ag_banned_t a = who("192.0.2.1"), b = who("192.0.2.2");
    int i;

    assert_int_equal(failure(bans, &r, &a, NOW), AG_BAN_SHARED_BEGINS);
    for (i = 0; i < AG_BAN_BUDGET; i++) {
        assert_true(ag_bans_may_verify(bans, i % 2 ? &a : &b, NOW));
    }
    assert_false(ag_bans_may_verify(bans, &a, NOW));
    assert_int_equal(ag_bans_clear(bans, &b.ip, AG_BAN_BITS, NOW), 1); /* the tool cannot know whose */
    assert_false(banned(bans, &a, NOW));
    assert_int_equal(ag_bans_list(bans, NOW, *state)->nelts, AG_BAN_SET);
}

static void test_the_log_is_told_now_and_then(void **state)
{
    ag_bans_t *bans = table(state, 1);

    assert_true(ag_bans_turn(bans, NOW));
    assert_false(ag_bans_turn(bans, NOW + 9 * SECOND));
    assert_true(ag_bans_turn(bans, NOW + 10 * SECOND));
}

/* ---- networks -------------------------------------------------------------------------------- */

/* So many /64s apart are banned; then what `fresh` lies in is, and not `next`. */
static void ban_as_one(void **state, unsigned apart, ag_ban_e begins, int bits, const char *text, ag_banned_t fresh,
                       ag_banned_t next)
{
    ag_ban_rule_t r = rule(3, 60, 600);
    ag_bans_t *bans = table(state, 64);
    ag_banned_t w, four = who("192.0.2.1"), elsewhere = fresh;
    ag_bans_fill_t fill;
    unsigned i, k;

    elsewhere.server = 8;
    for (i = 0; i < 3; i++) {
        w = numbered("2001:db8:1::", i * apart);
        for (k = 0; k < 2; k++) {
            assert_int_equal(failure(bans, &r, &w, NOW + i), AG_BAN_COUNTED);
        }
        assert_false(banned(bans, &fresh, NOW + i));
        assert_int_equal(failure(bans, &r, &w, NOW + i), i < 2 ? AG_BAN_BEGINS : begins);
    }
    assert_true(banned(bans, &fresh, NOW + 3) && banned(bans, &w, NOW + 3));
    assert_false(banned(bans, &next, NOW + 3) || banned(bans, &four, NOW + 3));
    assert_false(banned(bans, &elsewhere, NOW + 3));
    assert_int_equal(failure(bans, &r, &fresh, NOW + 4), AG_BAN_STANDS);
    ag_bans_fill(&fill, bans, NOW + 4);
    assert_int_equal(fill.banned, 1); /* its addresses have given their places back */
    assert_string_equal(
        ag_ban_text(&APR_ARRAY_IDX(ag_bans_list(bans, NOW + 4, *state), 0, ag_ban_slot_t).ip, bits, *state), text);
    assert_false(banned(bans, &fresh, NOW + 601 * SECOND));
    assert_int_equal(failure(bans, &r, &fresh, NOW + 601 * SECOND), AG_BAN_COUNTED);
}

static void test_a_network_of_banned_addresses_is_banned_as_one(void **state)
{
    ban_as_one(state, 0x100, AG_BAN_NET_BEGINS, AG_BAN_NET, "2001:db8:1::/48", who("2001:db8:1:7777::"),
               who("2001:db8:2::"));
}

/* A customer has a /56 of his provider's /48; with 400 wrong keys he had all others banned. */
static void test_a_customer_bans_himself_and_nobody_else(void **state)
{
    ban_as_one(state, 1, AG_BAN_CUSTOMER_BEGINS, AG_BAN_CUSTOMER, "2001:db8:1::/56", who("2001:db8:1:77::"),
               who("2001:db8:1:100::"));
}

/* Bans that are over do not count, nor does one address twice, nor IPv4, nor two of two /48s. */
static void test_what_makes_no_network(void **state)
{
    ag_ban_rule_t r = rule(2, 60, 600), once = rule(1, 60, 600);
    ag_bans_t *bans = table(state, 64);
    ag_banned_t w;
    unsigned i;

    for (i = 0; i < 4; i++) {
        apr_time_t now = NOW + i * 600 * SECOND;

        w = numbered("2001:db8:1::", i / 2);
        failure(bans, &r, &w, now);
        assert_int_equal(failure(bans, &r, &w, now), AG_BAN_BEGINS);
        w = numbered("10.0.0.0", i);
        failure(bans, &r, &w, NOW);
        assert_int_equal(failure(bans, &r, &w, NOW), AG_BAN_BEGINS);
    }
    w = who("2001:db8:3::"); /* one mistake is not two addresses */
    assert_int_equal(failure(bans, &once, &w, NOW), AG_BAN_BEGINS);
    w = who("2001:db8:4::");
    assert_int_equal(failure(bans, &once, &w, NOW), AG_BAN_BEGINS);
    w = who("2001:db8:3:1::"); /* one customer is not two */
    assert_int_equal(failure(bans, &once, &w, NOW), AG_BAN_CUSTOMER_BEGINS);
    w = who("2001:db8:3:100::");
    assert_int_equal(failure(bans, &once, &w, NOW), AG_BAN_NET_BEGINS);
}

static void test_dry_runs_of_networks(void **state)
{
    ag_ban_rule_t dry = rule(2, 60, 600), wet = dry;
    ag_bans_t *bans = table(state, 64);
    ag_banned_t a = who("2001:db8:1:1::"), b = who("2001:db8:1:102::"), fresh = who("2001:db8:1:203::");

    dry.dry_run = 1;
    failure(bans, &wet, &a, NOW);
    assert_int_equal(failure(bans, &wet, &a, NOW), AG_BAN_BEGINS);
    failure(bans, &dry, &b, NOW);
    assert_int_equal(failure(bans, &dry, &b, NOW), AG_BAN_NET_BEGINS);
    assert_false(banned(bans, &fresh, NOW));
    assert_true(ag_bans_until(bans, &fresh, 1, NOW) > NOW);
    assert_true(banned(bans, &a, NOW)); /* this one is meant */
    failure(bans, &wet, &fresh, NOW);
    assert_int_equal(failure(bans, &wet, &fresh, NOW), AG_BAN_NET_BEGINS);
    assert_true(banned(bans, &b, NOW));
}

static void test_a_network_is_set_free(void **state)
{
    static const struct {
        const char *second;
        ag_ban_e begins;
        const char *ip;
        int bits;
        int freed;
    } cases[] = {
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8:1:1::5", AG_BAN_BITS, 1},
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8:1:99::", AG_BAN_BITS, 1},
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8:1:9900::", AG_BAN_CUSTOMER, 1},
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8:1:ffff::", AG_BAN_NET, 1},
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8:2::", AG_BAN_NET, 0},
        {"2001:db8:1:102::", AG_BAN_NET_BEGINS, "2001:db8::", AG_BAN_BITS, 0},
        {"2001:db8:1:2::", AG_BAN_CUSTOMER_BEGINS, "2001:db8:1:99::", AG_BAN_BITS, 1},
        {"2001:db8:1:2::", AG_BAN_CUSTOMER_BEGINS, "2001:db8:1:99::", AG_BAN_CUSTOMER, 1},
        {"2001:db8:1:2::", AG_BAN_CUSTOMER_BEGINS, "2001:db8:1:9900::", AG_BAN_NET, 1},
        {"2001:db8:1:2::", AG_BAN_CUSTOMER_BEGINS, "2001:db8:1:9900::", AG_BAN_CUSTOMER, 0},
    };
    ag_ban_rule_t r = rule(2, 60, 600);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_bans_t *bans = table(state, 64);
        ag_banned_t a = who("2001:db8:1:1::"), b = who(cases[i].second), asked = who(cases[i].ip);

        failure(bans, &r, &a, NOW);
        failure(bans, &r, &a, NOW);
        failure(bans, &r, &b, NOW);
        assert_int_equal(failure(bans, &r, &b, NOW), cases[i].begins);
        assert_int_equal(ag_bans_clear(bans, &asked.ip, cases[i].bits, NOW), cases[i].freed);
        assert_int_equal(banned(bans, &a, NOW), !cases[i].freed);
    }
}

/* A /46 tries keys from all of its /64s: of each /48 three of one /56 are looked at and two of the next, and
 * one place is taken. */
static void test_a_flood_of_one_network(void **state)
{
    ag_ban_rule_t r = rule(3, 60, 600);
    ag_bans_t *bans = table(state, 16);
    ag_banned_t victim = who("198.51.100.1"), other = who("2001:db9::");
    unsigned i, looked_at = 0;
    ag_bans_fill_t fill;

    for (i = 0; i < 40000; i++) {
        ag_banned_t w = numbered(i & 1 ? "2001:db8:1::" : "2001:db8::", i / 2);
        int k;

        for (k = 0; k < 3 && !banned(bans, &w, NOW + i); k++) {
            ag_ban_e result = failure(bans, &r, &w, NOW + i);

            assert_true(result < AG_BAN_SHARED);
            looked_at++;
        }
    }
    assert_int_equal(looked_at, 2 * (9 + 6));
    ag_bans_fill(&fill, bans, NOW + SECOND);
    assert_int_equal(fill.banned, 2);
    assert_int_equal(failure(bans, &r, &victim, NOW + SECOND), AG_BAN_COUNTED);
    assert_int_equal(failure(bans, &r, &other, NOW + SECOND), AG_BAN_COUNTED);
}

/* With two of three wrong keys from each of its /64s a customer had none of them banned, and tried 512 a minute.
 * IPv4 has no /56, a dry run refuses nobody, and what is over is not counted. */
static void test_a_customer_who_never_comes_too_often_from_one_address(void **state)
{
    ag_ban_rule_t r = rule(3, 60, 600), dry = r;
    ag_bans_t *bans = table(state, 64);
    ag_banned_t w, neighbour = who("2001:db8:1:100::");
    unsigned i;

    dry.dry_run = 1;
    for (i = 0; i < 9; i++) {
        w = numbered("2001:db8:1::", i / 2);
        assert_int_equal(failure(bans, &r, &w, NOW + i * 60 * SECOND), AG_BAN_COUNTED);
        assert_int_equal(failure(bans, &dry, &w, NOW + 6000 * SECOND),
                         i < 8 ? AG_BAN_COUNTED : AG_BAN_CUSTOMER_ALONE);
        w = numbered("10.0.0.0", i / 2);
        assert_int_equal(failure(bans, &r, &w, NOW), AG_BAN_COUNTED);
    }
    for (i = 0; i < 9; i++) {
        w = numbered("2001:db8:1::", 0x20 + i / 2);
        assert_false(banned(bans, &w, NOW + 6000 * SECOND));
        assert_int_equal(failure(bans, &r, &w, NOW + 6000 * SECOND), i < 8 ? AG_BAN_COUNTED : AG_BAN_CUSTOMER_ALONE);
    }
    w = who("2001:db8:1:77::");
    assert_true(banned(bans, &w, NOW + 6000 * SECOND));
    assert_false(banned(bans, &neighbour, NOW + 6000 * SECOND));
    assert_int_equal(failure(bans, &r, &w, NOW + 6000 * SECOND), AG_BAN_STANDS);
    assert_int_equal(ag_bans_clear(bans, &w.ip, AG_BAN_BITS, NOW + 6000 * SECOND), 2); /* the dry run's, too */
    assert_int_equal(failure(bans, &r, &w, NOW + 6001 * SECOND), AG_BAN_COUNTED);
}

/* From a /48 that was done in each /56 in turn, and the /48 went on: 100,000 keys in ten minutes. */
static void test_many_such_customers_are_one_network(void **state)
{
    ag_ban_rule_t r = rule(3, 60, 600);
    ag_bans_t *bans = table(state, 64);
    ag_banned_t w, fresh = who("2001:db8:1:ff00::");
    unsigned i;

    for (i = 0; i < 27; i++) {
        w = numbered("2001:db8:1::", i / 9 * 0x100 + i % 9);
        assert_false(banned(bans, &fresh, NOW));
        assert_int_equal(failure(bans, &r, &w, NOW), i == 26      ? AG_BAN_NET_ALONE
                                                     : i % 9 == 8 ? AG_BAN_CUSTOMER_ALONE
                                                                  : AG_BAN_COUNTED);
    }
    assert_true(banned(bans, &fresh, NOW));
}

/* Where a ban is over before its window is, one /64 that came back after each of its own had all of its /56 banned,
 * which may be many customers of a provider that gives each a /64. */
static void test_whoever_is_banned_again_and_again_bans_no_neighbour(void **state)
{
    ag_ban_rule_t r = rule(5, 86400, 60);
    ag_bans_t *bans = table(state, 64);
    ag_banned_t w = who("2001:db8:1::"), neighbour = who("2001:db8:1:1::");
    unsigned i;

    for (i = 0; i < 200; i++) {
        assert_int_equal(failure(bans, &r, &w, NOW + i * 61 * SECOND), i % 5 == 4 ? AG_BAN_BEGINS : AG_BAN_COUNTED);
        assert_false(banned(bans, &neighbour, NOW + i * 61 * SECOND));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_finds_no_place_is_counted_with_others),
        TEST(test_who_has_a_place_is_alone),
        TEST(test_failures_in_a_shared_place_are_forgotten_in_time),
        TEST(test_rules_share_the_place),
        TEST(test_a_dry_run_bans_nobody_who_shares),
        TEST(test_signatures_and_the_end_of_a_shared_ban),
        TEST(test_the_log_is_told_now_and_then),
        TEST(test_a_network_of_banned_addresses_is_banned_as_one),
        TEST(test_a_customer_bans_himself_and_nobody_else),
        TEST(test_what_makes_no_network),
        TEST(test_dry_runs_of_networks),
        TEST(test_a_network_is_set_free),
        TEST(test_a_flood_of_one_network),
        TEST(test_a_customer_who_never_comes_too_often_from_one_address),
        TEST(test_many_such_customers_are_one_network),
        TEST(test_whoever_is_banned_again_and_again_bans_no_neighbour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
