/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_restore: a memcached that lost its memory gets back what any node saw, also from those
 * that nobody asks; what an administrator reset stays reset, and where nothing was lost nothing is
 * written.
 */
#include "limit_fixture.h"

#include <apr_time.h>

#include "../../src/limit/lease_reset.h"
#include "../../src/limit/lease_restore.h"

#define LEASES_SIZE (1 << 20)
#define SECOND APR_USEC_PER_SEC
#define N 50

static int port;
static pid_t memcached;
static ag_breaker_t *breaker;
static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket};
static char told[256];

static void hear(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *line)
{
    (void)log;
    (void)level;
    (void)rv;
    apr_cpystrn(told, line, sizeof told);
}

/* One that has not looked yet. */
static ag_store_t *new_node(void)
{
    static const ag_log_t log = {.write = hear, .level = AG_LOG_DEBUG};
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address_of(port), "restore:", 2000, 2, breaker, &log, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool),
                     APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

static ag_store_t *make_node(void)
{
    ag_store_t *store = new_node();

    ag_lease_restore(store, now, pool);
    return store;
}

static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::l%d.%d", (int)getpid(), ++number));
}

static int drain(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int n = 0;

    while (n < 1000 && hit_at(store, w, s, at, NULL)) {
        n++;
    }
    return n;
}

static long writes(void)
{
    return stat_of(port, "cmd_set");
}

/* One was asked once, another one then used up everything. Nobody asks that one any more. */
static void test_who_is_not_asked_gives_back(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *early = make_node(), *late = make_node();
        ag_window_t w = make_window(N, 30 * 86400, algos[a]);
        ag_subject_t s = new_subject();

        assert_int_equal(hit(early, &w, &s), 1);
        drain(late, &w, &s, now);
        flush_all(port);
        told[0] = '\0';
        ag_lease_restore(late, now, pool);
        assert_non_null(strstr(told, "AG0503: "));
        assert_in_range(drain(early, &w, &s, now + 2 * SECOND), 0, 1); /* what it holds */
    }
}

/* Who looks first sets the mark: to the others it is a strange one. */
static void test_all_give_back(void **state)
{
    int order;

    (void)state;
    for (order = 0; order < 2; order++) {
        ag_store_t *nodes[3] = {make_node(), make_node(), make_node()};
        ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
        ag_subject_t s = new_subject();
        int i;

        assert_int_equal(hit(nodes[0], &w, &s), 1);
        for (i = 0; i < N; i++) { /* the last two saw about as much */
            hit(nodes[1 + i % 2], &w, &s);
        }
        flush_all(port);
        for (i = 0; i < 3; i++) {
            long before = writes();

            ag_lease_restore(nodes[order ? 2 - i : i], now, pool);
            assert_true(i == 0 || nodes[order ? 2 - i : i] != nodes[0] || writes() == before);
        }
        assert_int_equal(left(make_node(), &w, &s), 0);
    }
}

static void test_many_counters(void **state)
{
    ag_store_t *early = make_node(), *late = make_node();
    ag_window_t w = make_window(2, 30 * 86400, &ag_algo_fixed);
    ag_subject_t subjects[100];
    int i;

    (void)state;
    for (i = 0; i < 100; i++) {
        subjects[i] = new_subject();
        assert_int_equal(drain(early, &w, &subjects[i], now), 2);
    }
    for (i = 0; i < 2; i++) {
        flush_all(port);
        ag_lease_restore(early, now, pool);
        assert_non_null(strstr(told, " 100 of them"));
    }
    for (i = 0; i < 100; i++) {
        assert_int_equal(drain(late, &w, &subjects[i], now), 0);
    }
}

/* Neither where nothing was lost, nor what counts no more. */
static void test_nothing_is_written_in_vain(void **state)
{
    ag_store_t *node = make_node();
    ag_window_t w = make_window(N, 60, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    long before;
    int i;

    (void)state;
    assert_int_equal(hit(node, &w, &s), 1);
    before = writes();
    for (i = 0; i < 10; i++) {
        ag_lease_restore(node, now + i * SECOND, pool);
    }
    assert_int_equal(writes(), before);
    flush_all(port);
    ag_lease_restore(node, now + 3600 * SECOND, pool);
    assert_int_equal(writes(), before + 1); /* the mark */
}

/* A node that looks for the first time knows no mark. What others gave back since it asked stays
 * given back. */
static void test_where_nothing_was_lost_nothing_changes(void **state)
{
    ag_store_t *node = make_node(), *other = new_node();
    ag_window_t w = make_window(1000, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    long before;
    int i;

    (void)state;
    for (i = 0; i < 20; i++) {
        assert_int_equal(hit(node, &w, &s), 1);
    }
    assert_int_equal(hit(other, &w, &s), 1);
    node->tend(node, now + 15 * SECOND, pool);
    before = writes();
    ag_lease_restore(other, now + 15 * SECOND, pool);
    assert_int_equal(writes(), before);
}

/* Whether it was reset before memcached lost it or after that, and whether a node had heard of it. */
static void test_what_was_reset_stays_reset(void **state)
{
    int k;

    (void)state;
    for (k = 0; k < 2; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
        ag_subject_t s = new_subject();
        ag_charge_t c = make_charge(&w, &s);
        int there;

        ag_lease_hear(other, now, pool);
        assert_int_equal(hit(node, &w, &s), 1);
        drain(other, &w, &s, now);
        if (k == 0) {
            flush_all(port);
        }
        assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
        assert_int_equal(there, 1);
        if (k == 1) {
            ag_lease_hear(other, now + SECOND, pool);
            flush_all(port);
        }
        ag_lease_restore(other, now + SECOND, pool);
        assert_int_equal(left(make_node(), &w, &s), N);
    }
}

/* No request waited, so nobody is told; and what was begun goes on later. */
static void test_memcached_is_away(void **state)
{
    ag_store_t *early = make_node(), *late = make_node();
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    int i;

    (void)state;
    assert_int_equal(hit(early, &w, &s), 1);
    drain(late, &w, &s, now);
    kill_child(memcached);
    for (i = 0; i < 5; i++) {
        ag_lease_restore(late, now, pool);
    }
    assert_int_equal(breaker->open_until, 0);
    memcached = start_memcached(port);
    told[0] = '\0';
    for (i = 0; i < 50 && !told[0]; i++) { /* libmemcached lets a second pass before it connects */
        ag_lease_restore(late, now, pool);
        usleep(100000);
    }
    assert_int_equal(drain(early, &w, &s, now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_not_asked_gives_back),
        cmocka_unit_test(test_all_give_back),
        cmocka_unit_test(test_many_counters),
        cmocka_unit_test(test_nothing_is_written_in_vain),
        cmocka_unit_test(test_where_nothing_was_lost_nothing_changes),
        cmocka_unit_test(test_what_was_reset_stays_reset),
        cmocka_unit_test(test_memcached_is_away),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    breaker = share(sizeof *breaker);
    port = free_port();
    memcached = start_memcached(port);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    kill_child(memcached);
    apr_terminate();
    return failed;
}
