/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_servers: one fleet on three memcacheds, which share its counters between them. When one is
 * lost the counters of the others stay exact, and a request with a window on each of two servers is
 * charged all or nothing, whichever of them refuses or fails, and when.
 */
#include "memcached_fixture.h"

#include "../../src/limit/entry.h"
#include "../../src/limit/lease_restore.h"

#define SERVERS     3
#define LEASES_SIZE (1 << 20)
#define TIMEOUT_MS  300
#define SECOND      APR_USEC_PER_SEC
#define N           40

static int ports[SERVERS];
static pid_t pids[SERVERS];

static const char *address_list(void)
{
    return apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d", ports[0], ports[1], ports[2]);
}

static ag_store_t *make_node(void)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_breaker_t *breaker = share(sizeof *breaker);
    ag_fleet_config_t config = {address_list(), "many:", TIMEOUT_MS, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

/* On which of them a window's counter lies. */
static int server_of(const ag_window_t *w, ag_subject_t *s)
{
    static memcached_st *map;
    ag_charge_t c = make_charge(w, s);
    ag_entry_t entry;
    int i;

    if (!map) {
        map = memcached_create(NULL);
        memcached_behavior_set(map, MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_CONSISTENT);
        for (i = 0; i < SERVERS; i++) {
            memcached_server_add(map, "127.0.0.1", (in_port_t)ports[i]);
        }
    }
    ag_entry_name(&entry, "many:", ag_entry_id(&c, pool));
    return (int)memcached_generate_hash(map, entry.key, entry.n);
}

/* A window whose counter of this subject lies there. */
static ag_window_t window_on(int server, ag_subject_t *s, apr_uint64_t n, const ag_algo_t *algo)
{
    ag_window_t w;

    do {
        w = make_window(n, 30 * 86400, algo);
    } while (server_of(&w, s) != server);
    return w;
}

static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::s%d.%d", (int)getpid(), ++number));
}

static int drain(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int n = 0;

    while (n < 1000 && hit_at(store, w, s, at, NULL)) {
        n++;
    }
    return n;
}

/* A request with both windows: its status; both are allowed or refused. */
static apr_status_t hit_both(ag_store_t *store, const ag_window_t *a, const ag_window_t *b, ag_subject_t *s,
                             apr_time_t at, int *allowed)
{
    ag_charge_t c[2] = {make_charge(a, s), make_charge(b, s)};
    apr_status_t rv = store->charge(store, c, 2, at, pool);

    *allowed = ag_charges_allowed(c, 2);
    return rv;
}

static void lose(int server)
{
    kill_child(pids[server]);
}

static void come_back(int server)
{
    pids[server] = start_memcached(ports[server]);
}

/* ---- one is lost ----------------------------------------------------------------------------- */

/* Whoever counts there cannot be told; all others are admitted to the last one, and no more. */
static void test_losing_one_affects_its_counters_alone(void **state)
{
    size_t a;
    int lost;

    (void)state;
    for (a = 0; a < 3; a++) {
        lost = (int)a;
        ag_store_t *nodes[2] = {make_node(), make_node()};
        ag_subject_t s[SERVERS] = {new_subject(), new_subject(), new_subject()};
        ag_window_t w[SERVERS];
        int i, k, passed[SERVERS] = {0, 0, 0};

        for (k = 0; k < SERVERS; k++) {
            w[k] = window_on(k, &s[k], N, algos[a]);
            for (i = 0; i < N / 4; i++) {
                passed[k] += hit(nodes[i % 2], &w[k], &s[k]);
            }
        }
        lose(lost);
        for (i = 0; i < 2 * N; i++) {
            for (k = 0; k < SERVERS; k++) {
                ag_charge_t c = make_charge(&w[k], &s[k]);
                apr_status_t rv = nodes[i % 2]->charge(nodes[i % 2], &c, 1, now, pool);

                assert_true(rv == APR_SUCCESS || k == lost);
                passed[k] += c.allowed;
            }
        }
        for (k = 0; k < SERVERS; k++) {
            if (k != lost) {
                assert_in_range(passed[k], N - 1, N);
            }
        }
        assert_in_range(passed[lost], N / 4, N); /* and what was in reserve */
        come_back(lost);
    }
}

/* It comes back empty, and gets back what a node saw that nobody asks; the others need nothing. */
static void test_the_one_that_was_lost_gets_its_counters_back(void **state)
{
    int lost, k;

    (void)state;
    for (lost = 0; lost < SERVERS; lost++) {
        ag_store_t *early = make_node(), *late = make_node();
        ag_subject_t s[SERVERS] = {new_subject(), new_subject(), new_subject()};
        ag_window_t w[SERVERS];
        long before;

        ag_lease_restore(late, now, pool);
        for (k = 0; k < SERVERS; k++) {
            w[k] = window_on(k, &s[k], N, &ag_algo_fixed);
            assert_int_equal(hit(early, &w[k], &s[k]), 1);
            drain(late, &w[k], &s[k], now);
        }
        lose(lost);
        ag_lease_restore(late, now, pool);
        come_back(lost);
        before = stat_of(ports[(lost + 1) % SERVERS], "cmd_set");
        ag_lease_restore(late, now + 2 * SECOND, pool);
        assert_int_equal(stat_of(ports[(lost + 1) % SERVERS], "cmd_set"), before);
        for (k = 0; k < SERVERS; k++) {
            assert_int_equal(drain(early, &w[k], &s[k], now + 2 * SECOND), 0);
        }
    }
}

/* ---- all or nothing -------------------------------------------------------------------------- */

/* The full window comes first or last, and what the other one had taken can be used: here at once,
 * elsewhere when it has been given back. */
static void test_one_refuses_and_the_other_gets_it_back(void **state)
{
    int k;

    (void)state;
    for (k = 0; k < 6; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_subject_t s = new_subject();
        const ag_algo_t *algo = algos[k / 2];
        ag_window_t room = window_on(0, &s, N, algo), full = window_on(1, &s, 1, algo);
        apr_time_t later = now + 11 * SECOND;
        int i, allowed, passed;

        for (i = 0; i < 10; i++) { /* it holds some of it in reserve, or not */
            assert_int_equal(k % 2 == 0 || hit(node, &room, &s), 1);
        }
        assert_int_equal(hit(other, &full, &s), 1);
        for (i = 0; i < 20; i++) {
            assert_int_equal(hit_both(node, i % 2 ? &full : &room, i % 2 ? &room : &full, &s, now, &allowed),
                             APR_SUCCESS);
            assert_int_equal(allowed, 0);
        }
        passed = k % 2 ? 10 : 0;
        assert_int_equal(left(node, &room, &s), N - passed);
        node->tend(node, later, pool);
        passed += drain(other, &room, &s, later);
        assert_in_range(passed, N - 1, N);
        passed += drain(node, &room, &s, later);
        assert_in_range(passed, N - 1, N);
    }
}

/* One server is dead before anything is asked. */
static void test_one_is_dead_and_the_other_gets_it_back(void **state)
{
    int k;

    (void)state;
    for (k = 0; k < 6; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_subject_t s = new_subject();
        const ag_algo_t *algo = algos[k / 2];
        ag_window_t well = window_on(0, &s, N, algo), dead = window_on(2, &s, N, algo);
        apr_time_t later = now + 11 * SECOND;
        int i, allowed, passed = hit(node, &well, &s);

        lose(2);
        for (i = 0; i < 20; i++) {
            assert_int_not_equal(hit_both(node, k % 2 ? &dead : &well, k % 2 ? &well : &dead, &s, now, &allowed),
                                 APR_SUCCESS);
            assert_int_equal(allowed, 0);
        }
        assert_int_equal(left(node, &well, &s), N - 1);
        node->tend(node, later, pool);
        passed += drain(other, &well, &s, later);
        passed += drain(node, &well, &s, later);
        assert_in_range(passed, N - 1, N);
        come_back(2);
    }
}

/* Both were read, the first was charged, and the second server is lost in that moment. */
static void test_one_is_lost_between_two_writes(void **state)
{
    size_t a;

    (void)state;
    for (a = 0; a < 3; a++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_subject_t s = new_subject();
        ag_window_t first = window_on(0, &s, N, algos[a]), last = window_on(2, &s, N, algos[a]);
        apr_time_t later = now + 11 * SECOND;
        pid_t half;
        int allowed, passed = 0;

        lose(2);
        half = start_half_server(ports[2], 0);
        assert_int_equal(hit_both(node, &first, &last, &s, now, &allowed), APR_TIMEUP);
        assert_int_equal(allowed, 0);
        assert_int_equal(left(other, &first, &s), N - 1); /* it was charged there */
        kill_child(half);
        come_back(2);
        node->tend(node, later, pool);
        passed += drain(other, &first, &s, later);
        passed += drain(node, &first, &s, later);
        assert_in_range(passed, N - 1, N); /* of a bucket a moment's worth is kept back */
        if (!algos[a]->drains) {
            assert_int_equal(passed, N);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losing_one_affects_its_counters_alone),
        cmocka_unit_test(test_the_one_that_was_lost_gets_its_counters_back),
        cmocka_unit_test(test_one_refuses_and_the_other_gets_it_back),
        cmocka_unit_test(test_one_is_dead_and_the_other_gets_it_back),
        cmocka_unit_test(test_one_is_lost_between_two_writes),
    };
    int i, failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    for (i = 0; i < SERVERS; i++) {
        ports[i] = free_port();
        pids[i] = start_memcached(ports[i]);
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (i = 0; i < SERVERS; i++) {
        kill_child(pids[i]);
    }
    apr_terminate();
    return failed;
}
