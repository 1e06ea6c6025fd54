/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_restore: a memcached that lost its memory gets back what any node saw, also from those
 * that nobody asks; what an administrator reset stays reset, and where nothing was lost nothing is
 * written.
 */
#include "node_fixture.h"

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
        cmocka_unit_test(test_memcached_is_away),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
