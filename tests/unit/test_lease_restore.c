/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_restore: a memcached that lost its memory gets back what any node saw, also from those
 * that nobody asks; what an administrator reset stays reset, and where nothing was lost nothing is
 * written.
 */
#include "limit_fixture.h"

#include <apr_time.h>

#include "../../src/limit/entry.h"
#include "../../src/limit/lease.h"
#include "../../src/limit/lease_reset.h"
#include "../../src/limit/lease_restore.h"

#define LEASES_SIZE (1 << 20)
#define SECOND      APR_USEC_PER_SEC
#define N           50

static int port;
static pid_t server;
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

static ag_leases_t *make_leases(void)
{
    ag_leases_t *leases;

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    return leases;
}

static ag_store_t *open_node(ag_leases_t *leases, int at_port, int timeout)
{
    static const ag_log_t log = {.write = hear, .level = AG_LOG_DEBUG};
    ag_fleet_config_t config = {address_of(at_port), "restore:", timeout, 2, breaker, &log, NULL};
    ag_store_t *store;

    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

/* One that has not looked yet. */
static ag_store_t *new_node(void)
{
    return open_node(make_leases(), port, 2000);
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

static void say(const char *text)
{
    char answer[64];
    int s = connect_to(port);

    assert_int_equal(write(s, text, strlen(text)), strlen(text));
    assert_true(read(s, answer, sizeof answer) > 0);
    close(s);
}

/* A value that is not ours holds up others, and they are not forgotten. */
static void test_a_round_in_vain_is_made_again(void **state)
{
    ag_store_t *early = make_node(), *late = make_node();
    ag_window_t w = make_window(2, 30 * 86400, &ag_algo_fixed);
    ag_subject_t subjects[100];
    ag_entry_t entry;
    ag_charge_t c;
    int i;

    (void)state;
    for (i = 0; i < 100; i++) {
        subjects[i] = new_subject();
        assert_int_equal(drain(early, &w, &subjects[i], now), 2);
    }
    flush_all(port);
    c = make_charge(&w, &subjects[50]);
    ag_entry_name(&entry, "restore:", ag_entry_id(&c, pool));
    say(apr_psprintf(pool, "set %s 0 0 1\r\nx\r\n", entry.key));
    told[0] = '\0';
    for (i = 0; i < 3; i++) {
        ag_lease_restore(early, now, pool);
        usleep(1000);
    }
    assert_string_equal(told, "");
    say(apr_psprintf(pool, "delete %s\r\n", entry.key));
    ag_lease_restore(early, now, pool);
    assert_non_null(strstr(told, " 100 of them"));
    for (i = 0; i < 100; i++) {
        assert_int_equal(drain(late, &w, &subjects[i], now), 0);
    }
}

/* Each trip takes a good part of the time-out; no visit goes beyond it, which would cost the connection. */
static void test_a_slow_memcached(void **state)
{
    ag_window_t w = make_window(2, 30 * 86400, &ag_algo_fixed);
    ag_leases_t *leases = make_leases();
    ag_store_t *node = open_node(leases, port, 2000), *late = make_node();
    ag_subject_t subjects[60];
    int slow = free_port(), i;
    long before;
    pid_t proxy = start_slow_proxy(slow, port, 30);

    (void)state;
    for (i = 0; i < 60; i++) {
        subjects[i] = new_subject();
        assert_int_equal(drain(node, &w, &subjects[i], now), 2);
    }
    flush_all(port);
    node = open_node(leases, slow, 400);
    before = stat_of(port, "total_connections");
    told[0] = '\0';
    for (i = 0; i < 20 && !told[0]; i++) {
        ag_lease_restore(node, now, pool);
    }
    assert_in_range(stat_of(port, "total_connections") - before, 2, 4); /* the last is this question */
    kill_child(proxy);
    for (i = 0; i < 60; i++) {
        assert_int_equal(drain(late, &w, &subjects[i], now), 0);
    }
}

/* What is known of a server holds for that server alone, over a graceful restart, too. */
static void test_another_fleet_in_the_same_memory(void **state)
{
    ag_leases_t *leases = make_leases(), *others = make_leases();
    ag_store_t *node = open_node(leases, port, 2000);
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    int other = free_port();
    pid_t second = start_memcached(other);

    (void)state;
    assert_int_equal(drain(node, &w, &s, now), N);
    ag_lease_restore(node, now, pool);
    ag_lease_restore(open_node(others, other, 2000), now, pool);
    leases->head->marks[0] = others->head->marks[0]; /* as if it had been of both fleets */
    ag_lease_restore(open_node(leases, other, 2000), now, pool);
    assert_int_equal(left(open_node(make_leases(), other, 2000), &w, &s), 0);
    kill_child(second);
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

/* All that a node knows is in doubt after a reset; what was not reset is restored all the same. */
static void test_resets_of_others(void **state)
{
    ag_store_t *early = make_node(), *late = make_node();
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    int i, there;

    (void)state;
    ag_lease_hear(late, now, pool);
    assert_int_equal(hit(early, &w, &s), 1);
    drain(late, &w, &s, now);
    for (i = 0; i < 3; i++) {
        ag_subject_t other = new_subject();
        ag_charge_t c = make_charge(&w, &other);

        assert_int_equal(hit(early, &w, &other), 1);
        assert_int_equal(ag_lease_forget(&there, early, &c, now, pool), APR_SUCCESS);
    }
    ag_lease_hear(late, now + SECOND, pool);
    flush_all(port);
    ag_lease_restore(late, now + SECOND, pool);
    assert_int_equal(drain(early, &w, &s, now + SECOND), 0);
}

/* Who has asked for the counter since its reset gives back what he saw then, heard or not. */
static void test_what_was_used_since_a_reset(void **state)
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
        drain(other, &w, &s, now);
        assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
        other = k == 0 ? other : make_node();
        if (k == 0) {
            ag_lease_hear(other, now + SECOND, pool);
        }
        assert_in_range(drain(other, &w, &s, now + SECOND), N - 1, N);
        ag_lease_hear(other, now + 2 * SECOND, pool);
        flush_all(port);
        ag_lease_restore(other, now + 2 * SECOND, pool);
        assert_int_equal(drain(node, &w, &s, now + 2 * SECOND), 0);
    }
}

/* Whether memcached lost it before it was reset, or after a node has visited it since. */
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
            assert_int_equal(hit_at(other, &w, &s, now + SECOND, NULL), 1);
            flush_all(port);
        }
        ag_lease_restore(other, now + SECOND, pool);
        ag_lease_restore(node, now + SECOND, pool);
        assert_in_range(left(make_node(), &w, &s), k == 1 ? N - 1 - N / 8 : N, k == 1 ? N - 1 : N);
    }
}

/* What was decided so: memcached loses it after the reset, and before the node asks again. The fleet counts
 * too much then, never too little, and a second reset is one. */
static void test_what_is_lost_before_the_next_visit(void **state)
{
    ag_store_t *node = make_node(), *other = make_node();
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    ag_charge_t c = make_charge(&w, &s);
    int there;

    (void)state;
    ag_lease_hear(other, now, pool);
    assert_int_equal(hit(node, &w, &s), 1);
    drain(other, &w, &s, now);
    assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
    ag_lease_hear(other, now + SECOND, pool);
    flush_all(port);
    ag_lease_restore(other, now + SECOND, pool);
    assert_int_equal(left(make_node(), &w, &s), 0);
    assert_int_equal(ag_lease_forget(&there, node, &c, now + SECOND, pool), APR_SUCCESS);
    assert_int_equal(there, 1);
    ag_lease_hear(other, now + 2 * SECOND, pool);
    assert_int_equal(hit_at(other, &w, &s, now + 2 * SECOND, NULL), 1);
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
    kill_child(server);
    for (i = 0; i < 5; i++) {
        ag_lease_restore(late, now, pool);
    }
    assert_int_equal(breaker->open_until, 0);
    server = start_memcached(port);
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
        cmocka_unit_test(test_a_round_in_vain_is_made_again),
        cmocka_unit_test(test_a_slow_memcached),
        cmocka_unit_test(test_another_fleet_in_the_same_memory),
        cmocka_unit_test(test_nothing_is_written_in_vain),
        cmocka_unit_test(test_where_nothing_was_lost_nothing_changes),
        cmocka_unit_test(test_resets_of_others),
        cmocka_unit_test(test_what_was_used_since_a_reset),
        cmocka_unit_test(test_what_was_reset_stays_reset),
        cmocka_unit_test(test_what_is_lost_before_the_next_visit),
        cmocka_unit_test(test_memcached_is_away),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    breaker = share(sizeof *breaker);
    port = free_port();
    server = start_memcached(port);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    kill_child(server);
    apr_terminate();
    return failed;
}
