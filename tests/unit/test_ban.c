/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ban: the table of failures and bans on a fixed clock: the N-th failure bans, a ban ends in
 * time, a full table forgets who is not banned and nobody else.
 */
#include "unit.h"

#include "../../src/ban/ban.h"

#define SECOND apr_time_from_sec(1)

typedef struct {
    ag_bans_t *bans;
    apr_pool_t *p;
} fixture_t;

static const ag_sip_key_t key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static ag_ban_rule_t rule(apr_uint64_t n, apr_int64_t duration)
{
    ag_ban_rule_t made;

    memset(&made, 0, sizeof made);
    made.window.rate.n = n;
    made.window.rate.period.seconds = 60;
    made.window.algo = &ag_algo_sliding;
    made.duration = duration * SECOND;
    return made;
}

static ag_banned_t who(const char *ip)
{
    ag_banned_t made = {{{0}}, 7, "api.test"};

    assert_true(ag_ip_parse(&made.ip, ip));
    return made;
}

static ag_banned_t number(unsigned i)
{
    ag_banned_t made = who("10.0.0.0");

    made.ip.byte[13] = (unsigned char)(i >> 16);
    made.ip.byte[14] = (unsigned char)(i >> 8);
    made.ip.byte[15] = (unsigned char)i;
    return made;
}

static fixture_t fixture(void **state, apr_size_t sets)
{
    fixture_t f = {NULL, *state};
    apr_size_t size = sizeof(ag_ban_head_t) + sets * sizeof(ag_ban_set_t);

    assert_int_equal(ag_bans_attach(&f.bans, apr_palloc(f.p, size), size, 1, &key, f.p), APR_SUCCESS);
    return f;
}

static ag_ban_e failure(const fixture_t *f, const ag_ban_rule_t *r, const ag_banned_t *w, apr_time_t now)
{
    apr_time_t until = -1;
    ag_ban_e result = ag_bans_count(&until, f->bans, r, w, now);

    assert_true(result == AG_BAN_COUNTED || result == AG_BAN_SHARED ? until == -1 : until > now);
    return result;
}

/* Is it banned? The word must never say no when the table says yes. */
static int banned(const fixture_t *f, const ag_banned_t *w, apr_time_t now)
{
    apr_time_t until = ag_bans_until(f->bans, w, 0, now);

    assert_true(!until || ag_bans_maybe(f->bans, &w->ip, now));
    return until > now;
}

static void test_the_nth_bans(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(3, 600);
    ag_banned_t w = who("192.0.2.1"), other = who("192.0.2.2");

    assert_int_equal(failure(&f, &r, &w, NOW), AG_BAN_COUNTED);
    assert_int_equal(failure(&f, &r, &w, NOW + 1), AG_BAN_COUNTED);
    assert_false(ag_bans_maybe(f.bans, &w.ip, NOW + 1));
    assert_false(banned(&f, &w, NOW + 1));
    assert_int_equal(failure(&f, &r, &w, NOW + 2), AG_BAN_BEGINS);
    assert_true(banned(&f, &w, NOW + 2));
    assert_int_equal(failure(&f, &r, &w, NOW + 3), AG_BAN_STANDS);
    assert_false(banned(&f, &other, NOW + 3));
    assert_int_equal(ag_bans_until(f.bans, &w, 0, NOW + 3), NOW + 2 + 600 * SECOND);
}

static void test_one_is_enough_where_one_is_allowed(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(1, 600);
    ag_banned_t w = who("192.0.2.1");

    assert_int_equal(failure(&f, &r, &w, NOW), AG_BAN_BEGINS);
}

static void test_old_failures_fade(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(3, 600);
    ag_banned_t w = who("192.0.2.1");
    int i;

    for (i = 0; i < 100; i++) {
        assert_int_equal(failure(&f, &r, &w, NOW + i * 61 * SECOND), AG_BAN_COUNTED);
    }
}

static void test_a_ban_ends_and_counting_begins_anew(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(2, 10);
    ag_banned_t w = who("192.0.2.1");

    failure(&f, &r, &w, NOW);
    assert_int_equal(failure(&f, &r, &w, NOW), AG_BAN_BEGINS);
    assert_true(banned(&f, &w, NOW + 10 * SECOND - 1));
    assert_false(banned(&f, &w, NOW + 10 * SECOND));
    assert_int_equal(failure(&f, &r, &w, NOW + 10 * SECOND), AG_BAN_COUNTED);
    assert_int_equal(failure(&f, &r, &w, NOW + 10 * SECOND), AG_BAN_BEGINS);
    assert_false(ag_bans_maybe(f.bans, &w.ip, NOW + 20 * SECOND));
}

static void test_rules_count_apart_and_their_ban_is_one(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t two = rule(2, 10), three = rule(3, 10);
    ag_banned_t w = who("192.0.2.1"), elsewhere = w;

    elsewhere.server = 8;
    failure(&f, &three, &w, NOW);
    failure(&f, &two, &w, NOW);
    assert_int_equal(failure(&f, &two, &w, NOW), AG_BAN_BEGINS);
    assert_int_equal(failure(&f, &three, &w, NOW), AG_BAN_STANDS);
    assert_false(banned(&f, &elsewhere, NOW));
    assert_int_equal(failure(&f, &two, &elsewhere, NOW), AG_BAN_COUNTED);
}

static void test_a_dry_run_bans_dry_runs_alone(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t wet = rule(1, 10), dry = rule(1, 10);
    ag_banned_t w = who("192.0.2.1");

    dry.dry_run = 1;
    assert_int_equal(failure(&f, &dry, &w, NOW), AG_BAN_BEGINS);
    assert_int_equal(ag_bans_until(f.bans, &w, 0, NOW), 0);
    assert_true(ag_bans_until(f.bans, &w, 1, NOW) > NOW);
    assert_int_equal(failure(&f, &wet, &w, NOW), AG_BAN_BEGINS);
    assert_int_equal(failure(&f, &dry, &w, NOW), AG_BAN_STANDS);
}

/* Sixteen places and a hundred thousand strangers. */
static void test_a_flood_frees_no_banned_address(void **state)
{
    fixture_t f = fixture(state, 2);
    ag_ban_rule_t r = rule(2, 600);
    ag_banned_t bad[6];
    int i;

    for (i = 0; i < N_OF(bad); i++) {
        bad[i] = number(1000000u + (unsigned)i);
        failure(&f, &r, &bad[i], NOW);
        assert_int_equal(failure(&f, &r, &bad[i], NOW), AG_BAN_BEGINS);
    }
    for (i = 0; i < 100000; i++) {
        ag_banned_t stranger = number((unsigned)i);

        assert_int_equal(failure(&f, &r, &stranger, NOW + i), AG_BAN_COUNTED);
    }
    for (i = 0; i < N_OF(bad); i++) {
        assert_true(banned(&f, &bad[i], NOW + 599 * SECOND));
    }
}

static void test_who_failed_longest_ago_gives_way(void **state)
{
    fixture_t f = fixture(state, 1);
    ag_ban_rule_t r = rule(2, 600);
    ag_banned_t w;
    unsigned i;

    for (i = 0; i < AG_BAN_SET + 1; i++) {
        w = number(i);
        failure(&f, &r, &w, NOW + i);
    }
    w = number(1); /* number 0 has given way to the last; this one was counted once */
    assert_int_equal(failure(&f, &r, &w, NOW + 100), AG_BAN_BEGINS);
    w = number(0);
    assert_int_equal(failure(&f, &r, &w, NOW + 101), AG_BAN_COUNTED);
}

static void test_clear_ends_bans_and_counts(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(1, 600), slow = rule(2, 600);
    ag_banned_t four = who("192.0.2.1"), six = who("2001:db8:0:1::"), counted = who("192.0.2.9");
    ag_ip_t neighbour;

    failure(&f, &r, &four, NOW);
    failure(&f, &r, &six, NOW);
    failure(&f, &slow, &counted, NOW);
    assert_true(ag_ip_parse(&neighbour, "2001:db8:0:1::99"));
    assert_int_equal(ag_bans_clear(f.bans, &neighbour, AG_BAN_BITS, NOW), 1);
    assert_false(banned(&f, &six, NOW));
    assert_true(banned(&f, &four, NOW));
    assert_int_equal(ag_bans_clear(f.bans, NULL, 0, NOW), 1);
    assert_false(banned(&f, &four, NOW));
    assert_int_equal(failure(&f, &slow, &counted, NOW), AG_BAN_COUNTED);
}

static void test_the_budget_of_signatures(void **state)
{
    fixture_t f = fixture(state, 16);
    ag_ban_rule_t r = rule(1, 600);
    ag_banned_t w = who("192.0.2.1");
    int second, i;

    failure(&f, &r, &w, NOW);
    for (second = 0; second < 3; second++) {
        for (i = 0; i < AG_BAN_BUDGET; i++) {
            assert_true(ag_bans_may_verify(f.bans, &w, NOW + second * SECOND));
        }
        assert_false(ag_bans_may_verify(f.bans, &w, NOW + second * SECOND));
    }
}

static void test_another_generation_finds_it(void **state)
{
    fixture_t f = fixture(state, 4);
    apr_size_t size = sizeof(ag_ban_head_t) + 4 * sizeof(ag_ban_set_t);
    ag_ban_rule_t r = rule(1, 600);
    ag_banned_t w = who("192.0.2.1");
    fixture_t later = {NULL, *state};

    failure(&f, &r, &w, NOW);
    assert_int_equal(ag_bans_attach(&later.bans, f.bans->head, size, 0, &key, f.p), APR_SUCCESS);
    assert_true(banned(&later, &w, NOW));
    assert_int_equal(ag_bans_attach(&later.bans, f.bans->head, size * 2, 0, &key, f.p), APR_EINVAL);
    f.bans->head->base.magic++;
    assert_int_equal(ag_bans_attach(&later.bans, f.bans->head, size, 0, &key, f.p), APR_EINVAL);
    assert_int_equal(ag_bans_attach(&later.bans, f.bans->head, 100, 1, &key, f.p), APR_EINVAL);
}

static void test_an_address_and_its_net_have_one_word(void **state)
{
    static const char *const pairs[][2] = {
        {"2001:db8::1", "2001:db8::"},
        {"::1", "::"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::1:0:0:1", "::"},
    };
    fixture_t f = fixture(state, 4);
    int i;

    for (i = 0; i < N_OF(pairs); i++) {
        ag_banned_t address = who(pairs[i][0]), net = who(pairs[i][1]);

        ag_ip_mask6(&address.ip, 64);
        assert_memory_equal(&address.ip, &net.ip, sizeof net.ip);
        address = who(pairs[i][0]);
        assert_ptr_equal(ag_bans_word(f.bans, &address.ip), ag_bans_word(f.bans, &net.ip));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_nth_bans),
        TEST(test_one_is_enough_where_one_is_allowed),
        TEST(test_old_failures_fade),
        TEST(test_a_ban_ends_and_counting_begins_anew),
        TEST(test_rules_count_apart_and_their_ban_is_one),
        TEST(test_a_dry_run_bans_dry_runs_alone),
        TEST(test_a_flood_frees_no_banned_address),
        TEST(test_who_failed_longest_ago_gives_way),
        TEST(test_clear_ends_bans_and_counts),
        TEST(test_the_budget_of_signatures),
        TEST(test_another_generation_finds_it),
        TEST(test_an_address_and_its_net_have_one_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
