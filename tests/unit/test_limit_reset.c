/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_reset: an administrator's look at a fleet's counter changes nothing, and his reset holds
 * on every node that hears of it, whatever they had seen or reserved before.
 */
#include "memcached_fixture.h"

#include "../../src/limit/lease_reset.h"

#define LEASES_SIZE (1 << 20)
#define SECOND      APR_USEC_PER_SEC

static ag_store_t *make_node_at(const char *address, int timeout)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address, "reset:", timeout, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

static ag_store_t *make_node(void)
{
    return make_node_at(address_of(port), 2000);
}

static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::r%d.%d", (int)getpid(), ++number));
}

/* A time with an hour of its window ahead; memcached keeps a counter by its own clock. */
static apr_time_t time_in(const ag_window_t *w)
{
    apr_time_t hour = 3600 * SECOND;

    return ag_period_start(&w->rate.period, now) == ag_period_start(&w->rate.period, now + hour) ? now : now - hour;
}

static int forget(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    ag_charge_t c = make_charge(w, s);
    int there = -1;

    assert_int_equal(ag_lease_forget(&there, store, &c, at, pool), APR_SUCCESS);
    return there;
}

/* What an administrator is told is left. */
static apr_uint64_t look(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    ag_charge_t c = make_charge(w, s);
    ag_lease_view_t view = {0, 0};

    assert_int_equal(ag_lease_look(&view, store, &c, at, pool), APR_SUCCESS);
    assert_int_equal(view.asked, at);
    return c.quota.remaining;
}

/* So many pass. */
static int drain(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int n = 0;

    while (n < 10000 && hit_at(store, w, s, at, NULL)) {
        n++;
    }
    return n;
}

/* ---- to see ---------------------------------------------------------------------------------- */

static void test_a_look_takes_nothing(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(100, 86400, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t at = time_in(&w);
        int i;

        assert_int_equal(look(node, &w, &s, at), 100);
        for (i = 0; i < 10; i++) {
            assert_int_equal(hit_at(node, &w, &s, at, NULL), 1);
        }
        for (i = 0; i < 50; i++) {
            assert_int_equal(look(node, &w, &s, at), 90); /* with what it holds */
            assert_in_range(look(other, &w, &s, at), 90 - 90 / 8, 90);
        }
        assert_int_equal(drain(node, &w, &s, at), 90);
        assert_int_equal(look(other, &w, &s, at), 0);
    }
}

/* ---- to begin anew --------------------------------------------------------------------------- */

/* Both have seen it used up and asked in vain again and again, so they doubt it no more for long. */
static void exhaust(ag_store_t *node, ag_store_t *other, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int i;

    drain(node, w, s, at);
    for (i = 0; i < 6; i++) {
        assert_int_equal(hit_at(other, w, s, at + i, NULL), 0);
        assert_int_equal(hit_at(node, w, s, at + i, NULL), 0);
        at += 64 * SECOND;
    }
}

static void test_every_node_that_hears_of_it_admits_again(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(50, 30 * 86400, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t at = time_in(&w), later = at + 6 * 64 * SECOND;
        int passed;

        ag_lease_hear(other, at, pool);
        exhaust(node, other, &w, &s, at);
        assert_int_equal(forget(node, &w, &s, later), 1);
        assert_int_equal(look(other, &w, &s, later), 50);
        assert_int_equal(hit_at(other, &w, &s, later, NULL), 0); /* it has not heard yet */
        ag_lease_hear(other, later + SECOND, pool);
        passed = hit_at(other, &w, &s, later + SECOND, NULL);
        assert_int_equal(passed, 1);
        passed += hit_at(node, &w, &s, later + SECOND, NULL);
        assert_int_equal(passed, 2);
        passed += drain(other, &w, &s, later + SECOND) + drain(node, &w, &s, later + SECOND);
        assert_in_range(passed, 49, 50);
        assert_int_equal(forget(node, &w, &s, later + SECOND), 1);
        assert_int_equal(forget(node, &w, &s, later + SECOND), 0); /* there is nothing any more */
    }
}

/* 1 when a refused request asks memcached. */
static int asks(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    long before = stat_of(port, "cmd_get");

    assert_int_equal(hit_at(store, w, s, at, NULL), 0);
    return stat_of(port, "cmd_get") > before;
}

/* Who was asking while it was reset may bring back what was there before. So each is heard twice. */
static void test_it_is_heard_of_twice_and_no_more(void **state)
{
    ag_store_t *node = make_node(), *other = make_node();
    ag_window_t w = make_window(50, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    apr_time_t at = time_in(&w);
    int i;

    (void)state;
    exhaust(node, other, &w, &s, at);
    assert_int_equal(forget(node, &w, &s, at), 1);
    drain(node, &w, &s, at); /* used up once more */
    assert_int_equal(asks(other, &w, &s, at), 0);
    for (i = 1; i <= 4; i++) {
        ag_lease_hear(other, at, pool);
        assert_int_equal(asks(other, &w, &s, at), i <= 2);
    }
}

/* One epoch is enough for all of them. */
static void test_many_at_once(void **state)
{
    ag_store_t *node = make_node(), *other = make_node();
    ag_window_t w = make_window(2, 30 * 86400, &ag_algo_fixed);
    ag_subject_t subjects[100];
    apr_time_t at = time_in(&w);
    int i;

    (void)state;
    ag_lease_hear(other, at, pool);
    ag_lease_hear(other, at, pool);
    for (i = 0; i < 100; i++) {
        subjects[i] = new_subject();
        assert_int_equal(drain(node, &w, &subjects[i], at), 2);
        assert_int_equal(hit_at(other, &w, &subjects[i], at, NULL), 0);
    }
    for (i = 0; i < 100; i++) {
        assert_int_equal(forget(node, &w, &subjects[i], at), 1);
    }
    ag_lease_hear(other, at + SECOND, pool);
    for (i = 0; i < 100; i++) {
        assert_int_equal(hit_at(other, &w, &subjects[i], at + SECOND, NULL), 1);
    }
}

/* What becomes of tokens that a node has reserved before; how many pass on the way. */
static int tend(ag_store_t *other, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    (void)w;
    (void)s;
    ag_lease_hear(other, at + SECOND, pool);
    other->tend(other, at + 15 * SECOND, pool);
    return 0;
}

static int visit_later(ag_store_t *other, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    ag_lease_hear(other, at + SECOND, pool);
    return hit_at(other, w, s, at + 15 * SECOND, NULL);
}

static int visit_at_once(ag_store_t *other, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    ag_charge_t c = make_charge(w, s);

    ag_lease_hear(other, at, pool);
    c.cost = 0;
    assert_int_equal(other->charge(other, &c, 1, at, pool), APR_SUCCESS);
    return 0;
}

/* Where the node has heard of it nothing of them, and nothing of what it saw, comes into the new counter
 * or out of it. */
static void test_nothing_of_the_old_one_comes_back(void **state)
{
    static int (*const then[])(ag_store_t *, const ag_window_t *, ag_subject_t *, apr_time_t) = {tend, visit_later,
                                                                                                 visit_at_once};
    size_t k;

    (void)state;
    for (k = 0; k < 9; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(1000, 30 * 86400, algos[k / 3]);
        ag_subject_t s = new_subject();
        apr_time_t at = time_in(&w);
        int i, passed = 0;

        for (i = 0; i < 400; i++) {
            assert_int_equal(hit_at(other, &w, &s, at + i, NULL), 1);
        }
        assert_in_range(look(node, &w, &s, at), 500, 599); /* the rest it holds in reserve */
        assert_int_equal(forget(node, &w, &s, at), 1);
        for (i = 0; i < 100; i++) {
            passed += hit_at(node, &w, &s, at, NULL);
        }
        passed += then[k % 3](other, &w, &s, at);
        passed += drain(node, &w, &s, at) + drain(other, &w, &s, at);
        assert_in_range(passed, 985, 1000);
    }
}

/* A node that never hears of it may use what it held, or give it back. */
static void test_what_is_held_comes_on_top_once(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(1000, 30 * 86400, algos[a]);
        ag_subject_t s = new_subject();
        apr_time_t at = time_in(&w);
        apr_uint64_t held;
        int i, passed;

        for (i = 0; i < 400; i++) {
            assert_int_equal(hit_at(other, &w, &s, at + i, NULL), 1);
        }
        held = 600 - look(node, &w, &s, at);
        assert_int_equal(forget(node, &w, &s, at), 1);
        passed = drain(node, &w, &s, at);
        other->tend(other, at + 15 * SECOND, pool);
        passed += drain(other, &w, &s, at) + drain(node, &w, &s, at + 40 * SECOND);
        assert_in_range(passed, 985, 1000 + (int)held);
    }
}

/* memcached has lost it, and the node would restore what it saw. */
static void test_one_that_is_lost_is_reset_all_the_same(void **state)
{
    ag_store_t *node = make_node(), *other = make_node();
    ag_window_t w = make_window(10, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    apr_time_t at = time_in(&w);

    (void)state;
    exhaust(node, other, &w, &s, at);
    flush_all(port);
    assert_int_equal(forget(node, &w, &s, at), 1);
    ag_lease_hear(other, at + SECOND, pool);
    assert_int_equal(hit_at(other, &w, &s, at + SECOND, NULL), 1);
    assert_int_equal(look(node, &w, &s, at), 9);
}

/* ---- without memcached ----------------------------------------------------------------------- */

static void test_memcached_is_away(void **state)
{
    int nobody = free_port();
    ag_store_t *node = make_node_at(address_of(nobody), 100);
    ag_window_t w = make_window(10, 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    ag_charge_t c = make_charge(&w, &s);
    ag_lease_view_t view = {1, 1};
    int there = 1, i;

    (void)state;
    for (i = 0; i < 5; i++) {
        ag_lease_hear(node, now, pool); /* nobody's request waited, so it tells nobody */
    }
    assert_int_equal(breaker->open_until, 0);
    assert_int_not_equal(ag_lease_look(&view, node, &c, now, pool), APR_SUCCESS);
    assert_int_equal(view.asked, 0);
    assert_int_equal(view.held, 0);
    assert_int_not_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
    assert_int_equal(there, 0);
    memset(breaker, 0, sizeof *breaker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_look_takes_nothing),
        cmocka_unit_test(test_every_node_that_hears_of_it_admits_again),
        cmocka_unit_test(test_it_is_heard_of_twice_and_no_more),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_nothing_of_the_old_one_comes_back),
        cmocka_unit_test(test_what_is_held_comes_on_top_once),
        cmocka_unit_test(test_one_that_is_lost_is_reset_all_the_same),
        cmocka_unit_test(test_memcached_is_away),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
