/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_local: memcached is gone, and each node goes on by itself. It begins with what it saw of the
 * counter last: four nodes once admitted 750 of 150, since each began at nothing.
 */
#include "memcached_fixture.h"

#define NODES  4
#define SIZE   (1 << 20)
#define SECOND APR_USEC_PER_SEC
#define HOUR   (3600 * SECOND)

static const ag_algo_t *const every_algo[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket, &ag_algo_log};

typedef struct {
    ag_store_t *fleet, *alone;
    ag_breaker_t breaker;
} node_t;

static node_t *make_node(void)
{
    node_t *node = apr_pcalloc(pool, sizeof *node);
    ag_fleet_config_t config = {address_of(port), "local:", 2000, 2, &node->breaker, NULL, NULL};
    ag_leases_t *leases;

    assert_int_equal(ag_leases_attach(&leases, share(SIZE), SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&node->fleet, leases, &config, pool), APR_SUCCESS);
    assert_int_equal(ag_store_shm_attach(&node->alone, share(SIZE), SIZE, 1, pool), APR_SUCCESS);
    return node;
}

/* As the guard does under `local/nodes`. */
static int go(node_t *node, const ag_window_t *w, ag_subject_t *s, apr_uint64_t nodes, apr_time_t at)
{
    ag_charge_t c = make_charge(w, s);

    if (node->fleet->charge(node->fleet, &c, 1, at, pool)) {
        ag_limit_go_on(node->alone, node->fleet, &c, 1, nodes, at, pool);
        assert_int_equal(node->alone->charge(node->alone, &c, 1, at, pool), APR_SUCCESS);
    }
    return c.allowed;
}

static apr_uint64_t seen_left(node_t *node, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    ag_charge_t c = make_charge(w, s);
    ag_counter_t counter;
    ag_quota_t quota;

    assert_true(node->fleet->seen(node->fleet, &c, &counter));
    w->algo->step(&counter, w, at, 0, &quota);
    return quota.remaining;
}

static apr_uint64_t drain(node_t *node, const ag_window_t *w, ag_subject_t *s, apr_uint64_t nodes, apr_time_t at)
{
    apr_uint64_t n = 0;
    int refused = 0;

    while (refused < 3) {
        int passed = go(node, w, s, nodes, at);

        n += (apr_uint64_t)passed;
        refused = passed ? 0 : refused + 1;
    }
    return n;
}

static void start(void)
{
    port = free_port();
    server = start_memcached(port);
}

/* Some have passed, then memcached is lost. Nobody holds a lease any more a minute later. */
static void use_and_lose(node_t **nodes, const ag_window_t *w, ag_subject_t *s, apr_uint64_t used, apr_time_t at)
{
    apr_uint64_t i;

    start();
    for (i = 0; i < NODES; i++) {
        nodes[i] = make_node();
    }
    for (i = 0; i < used; i++) {
        assert_int_equal(go(nodes[i % NODES], w, s, 1, at), 1);
    }
    kill_child(server);
}

/* The beginning of a window, so that it does not end in between. */
static apr_time_t beginning(void)
{
    return now - now % HOUR + SECOND;
}

static apr_uint64_t size_of(const ag_algo_t *algo)
{
    return algo == &ag_algo_log ? 3 : 150;
}

static void test_each_goes_on_from_what_it_saw(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 4; a++) {
        apr_uint64_t n = size_of(every_algo[a]), used = n * 2 / 3, total = used, most = used;
        ag_window_t w = make_window(n, 3600, every_algo[a]);
        ag_subject_t s = make_subject("client:key::busy");
        apr_time_t at = beginning();
        node_t *nodes[NODES];

        use_and_lose(nodes, &w, &s, used, at);
        at += 20 * SECOND;
        for (i = 0; i < NODES; i++) {
            apr_uint64_t left = n; /* of 3 two nodes saw nothing */

            if (i < (int)used) {
                left = seen_left(nodes[i], &w, &s, at);
                assert_true(left <= n - used / NODES);
            }
            most += left;
            total += drain(nodes[i], &w, &s, 1, at);
        }
        assert_int_equal(total, most);
        assert_true(every_algo[a]->drains || n < 150 || total - used <= (NODES + 1) * (n - used));
    }
}

/* With its part of each limit a node has that part of what it saw left; all together no more than was
 * left when the first of them looked last, however much they saw. */
static void test_parts_are_parts_of_what_is_left(void **state)
{
    size_t a;
    int i;

    (void)state;
    for (a = 0; a < 3; a++) {
        apr_uint64_t n = size_of(every_algo[a]), used = 147, total = 0, most = 0;
        ag_window_t w = make_window(n, 3600, every_algo[a]);
        ag_subject_t s = make_subject("client:key::busy");
        apr_time_t at = beginning();
        node_t *nodes[NODES];

        use_and_lose(nodes, &w, &s, used, at);
        at += 20 * SECOND;
        for (i = 0; i < NODES; i++) {
            apr_uint64_t left = seen_left(nodes[i], &w, &s, at);

            most = left > most ? left : most;
            total += drain(nodes[i], &w, &s, NODES, at);
        }
        assert_true(total <= most);
        assert_true(every_algo[a]->drains || used + total <= n); /* of a bucket larger leases are out */
    }
}

/* It was seen in that window, and counts as long. */
static void test_the_next_window(void **state)
{
    ag_window_t w = make_window(150, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("client:key::busy");
    apr_time_t at = beginning();
    node_t *nodes[NODES];
    apr_uint64_t n;

    (void)state;
    use_and_lose(nodes, &w, &s, 100, at);
    n = seen_left(nodes[0], &w, &s, at);
    assert_in_range(n, 50, 100);
    assert_int_equal(drain(nodes[0], &w, &s, 1, at + 60 * SECOND), n);
    assert_int_equal(drain(nodes[0], &w, &s, 1, at + 61 * SECOND), 0);
    assert_int_equal(drain(nodes[0], &w, &s, 1, at + HOUR), 150);
}

/* Who never heard of somebody begins at nothing, and so does a store that remembers nothing. */
static void test_nothing_was_seen(void **state)
{
    ag_window_t w = make_window(20, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("client:key::busy"), other = make_subject("client:key::new");
    apr_time_t at = beginning();
    node_t *nodes[NODES];

    (void)state;
    use_and_lose(nodes, &w, &s, 8, at);
    assert_int_equal(drain(nodes[0], &w, &other, 1, at), 20);
    nodes[1]->fleet->seen = NULL;
    assert_int_equal(drain(nodes[1], &w, &other, 1, at), 20);
}

/* What the node had counted by itself before is not forgotten when it saw the fleet's counter again. */
static void test_away_twice(void **state)
{
    ag_window_t w = make_window(100, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("client:key::busy");
    apr_time_t at = beginning();
    node_t *node;

    (void)state;
    start();
    node = make_node();
    assert_int_equal(go(node, &w, &s, 1, at), 1);
    hang(server);
    assert_int_equal(drain(node, &w, &s, 1, at + SECOND), 99);
    kill(server, SIGCONT);
    stat_of(port, "cmd_get"); /* it is awake */
    memset(&node->breaker, 0, sizeof node->breaker);
    assert_int_equal(go(node, &w, &s, 1, at + 5 * SECOND), 1);
    kill_child(server);
    assert_int_equal(drain(node, &w, &s, 1, at + 20 * SECOND), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_goes_on_from_what_it_saw),
        cmocka_unit_test(test_parts_are_parts_of_what_is_left),
        cmocka_unit_test(test_the_next_window),
        cmocka_unit_test(test_nothing_was_seen),
        cmocka_unit_test(test_away_twice),
    };

    return cmocka_run_group_tests(tests, clock_start, limit_stop);
}
