/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_epoch: a reset where memcached fails half-way, and where what lies under the names of the epoch and
 * of a server's mark is no number of ours. Something else there made every reset fail for ever.
 */
#include "memcached_fixture.h"

#include <apr_time.h>

#include "../../src/limit/entry.h"
#include "../../src/limit/lease_reset.h"
#include "../../src/limit/lease_restore.h"

#define SERVERS     2
#define LEASES_SIZE (1 << 20)
#define SECOND      APR_USEC_PER_SEC
#define AWHILE      (6 * 64 * SECOND)
#define EPOCH       APR_UINT64_C(0x7265736574730000) /* "resets" */
#define MARKS       APR_UINT64_C(0x6d61726b73000000) /* "marks" */

static int ports[SERVERS];
static pid_t pids[SERVERS];
static memcached_st *map;

static ag_store_t *make_node(void)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_breaker_t *breaker = share(sizeof *breaker);
    const char *servers = apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d", ports[0], ports[1]);
    ag_fleet_config_t config = {servers, "epoch:", 1000, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, share(LEASES_SIZE), LEASES_SIZE, 1, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

static ag_entry_t named(apr_uint64_t hi, apr_uint64_t lo)
{
    ag_entry_t entry;
    ag_id_t id = {hi, lo};

    ag_entry_name(&entry, "epoch:", id);
    return entry;
}

static int server_of(const ag_entry_t *entry)
{
    return (int)memcached_generate_hash(map, entry->key, entry->n);
}

/* A window whose counter of this subject does not lie where the epoch does. */
static ag_window_t window_elsewhere(ag_subject_t *s)
{
    ag_entry_t epoch = named(EPOCH, 0), entry;
    ag_window_t w;

    do {
        ag_charge_t c;

        w = make_window(20, 30 * 86400, &ag_algo_fixed);
        c = make_charge(&w, s);
        ag_entry_name(&entry, "epoch:", ag_entry_id(&c, pool));
    } while (server_of(&entry) == server_of(&epoch));
    return w;
}

static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "client:key::e%d.%d", (int)getpid(), ++number));
}

static apr_time_t time_in(const ag_window_t *w)
{
    apr_time_t hour = 3600 * SECOND;

    return ag_period_start(&w->rate.period, now) == ag_period_start(&w->rate.period, now + hour) ? now : now - hour;
}

/* Both know that it is used up, and have asked in vain so often that they will not ask again soon. */
static void exhaust(ag_store_t *node, ag_store_t *other, const ag_window_t *w, ag_subject_t *s, apr_time_t at)
{
    int i, n = 0;

    while (n < 1000 && hit_at(node, w, s, at, NULL)) {
        n++;
    }
    assert_int_equal(n, 20);
    for (i = 0; i < 6; i++) {
        assert_int_equal(hit_at(node, w, s, at + i * 64 * SECOND, NULL), 0);
        assert_int_equal(hit_at(other, w, s, at + i * 64 * SECOND, NULL), 0);
    }
}

static void write_text(const ag_entry_t *entry, const char *text)
{
    assert_int_equal(memcached_set(map, entry->key, entry->n, text, strlen(text), 0, 0), MEMCACHED_SUCCESS);
}

/* 1 when that lies there; NULL: a number of ours. */
static int is_text(const ag_entry_t *entry, const char *wanted)
{
    size_t n;
    uint32_t flags;
    memcached_return_t rc;
    char *text = memcached_get(map, entry->key, entry->n, &n, &flags, &rc);
    int same = wanted ? n == strlen(wanted) && memcmp(text ? text : "", wanted, n) == 0
                      : text && n == 66 && memcmp(text, "2:0000000000000000", 18) != 0 && !memchr(text, 'x', n);

    assert_int_equal(rc, MEMCACHED_SUCCESS);
    free(text);
    return same;
}

static const char *const garbage[] = {"", "garbage",
                                      "2:0000000000000000000000000000000000000000000000000000000000000000",
                                      "2:000000000000000100000000000000020000000000000003000000000000000x"};

#define KINDS (sizeof garbage / sizeof *garbage)

static void test_an_epoch_that_is_no_number_is_written_over(void **state)
{
    ag_entry_t epoch = named(EPOCH, 0);
    size_t i;

    (void)state;
    for (i = 0; i < KINDS; i++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_subject_t s = new_subject();
        ag_window_t w = make_window(20, 30 * 86400, &ag_algo_fixed);
        ag_charge_t c = make_charge(&w, &s);
        apr_time_t at = time_in(&w) + AWHILE;
        int there = 0;

        exhaust(node, other, &w, &s, at - AWHILE);
        write_text(&epoch, garbage[i]);
        ag_lease_hear(other, at, pool);
        assert_int_equal(hit_at(other, &w, &s, at, NULL), 0);
        assert_int_equal(ag_lease_forget(&there, node, &c, at, pool), APR_SUCCESS);
        assert_int_equal(there, 1);
        assert_true(is_text(&epoch, NULL));
        ag_lease_hear(other, at + SECOND, pool);
        assert_int_equal(hit_at(other, &w, &s, at + SECOND, NULL), 1);
    }
}

/* A counter that is none of ours is a fault all the same, and is not written over. */
static void test_a_counter_that_is_no_number_stays(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < KINDS; i++) {
        ag_store_t *node = make_node();
        ag_subject_t s = new_subject();
        ag_window_t w = make_window(20, 30 * 86400, &ag_algo_fixed);
        ag_charge_t c = make_charge(&w, &s);
        ag_entry_t entry;
        int there = 0;

        ag_entry_name(&entry, "epoch:", ag_entry_id(&c, pool));
        write_text(&entry, garbage[i]);
        assert_int_not_equal(ag_lease_forget(&there, node, &c, time_in(&w), pool), APR_SUCCESS);
        assert_int_not_equal(node->charge(node, &c, 1, time_in(&w), pool), APR_SUCCESS);
        assert_true(is_text(&entry, garbage[i]));
    }
}

/* Else a node would never notice that this server lost its memory. */
static void test_a_mark_that_is_no_number_is_written_over(void **state)
{
    ag_store_t *node = make_node();
    size_t i;
    int server, lo;

    (void)state;
    for (i = 0; i < KINDS; i++) {
        ag_entry_t marks[SERVERS];

        for (server = 0; server < SERVERS; server++) {
            for (lo = 0; marks[server] = named(MARKS, (apr_uint64_t)lo), server_of(&marks[server]) != server; lo++) {
            }
            write_text(&marks[server], garbage[i]);
        }
        ag_lease_restore(node, now, pool);
        for (server = 0; server < SERVERS; server++) {
            assert_true(is_text(&marks[server], NULL));
        }
    }
}

/* The counter was emptied and the epoch could not be changed. Said again, nothing was counted any more, the epoch
 * was left as it was, and the other nodes went on refusing. */
static void test_half_a_reset_can_be_said_again(void **state)
{
    ag_entry_t epoch = named(EPOCH, 0);
    int server = server_of(&epoch);
    ag_store_t *node = make_node(), *other = make_node();
    ag_subject_t s = new_subject();
    ag_window_t w = window_elsewhere(&s);
    ag_charge_t c = make_charge(&w, &s);
    apr_time_t at = time_in(&w) + AWHILE;
    int there = 0;

    (void)state;
    exhaust(node, other, &w, &s, at - AWHILE);
    kill_child(pids[server]);
    assert_int_not_equal(ag_lease_forget(&there, node, &c, at, pool), APR_SUCCESS);
    assert_int_equal(there, 1);
    pids[server] = start_memcached(ports[server]);
    ag_lease_hear(other, at + SECOND, pool); /* finds no epoch */
    assert_int_equal(hit_at(other, &w, &s, at + SECOND, NULL), 0);
    node = make_node(); /* the breaker's patience is not what is tested */
    assert_int_equal(ag_lease_forget(&there, node, &c, at + 2 * SECOND, pool), APR_SUCCESS);
    assert_int_equal(there, 0);
    ag_lease_hear(other, at + 3 * SECOND, pool);
    assert_int_equal(hit_at(other, &w, &s, at + 3 * SECOND, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_epoch_that_is_no_number_is_written_over),
        cmocka_unit_test(test_a_counter_that_is_no_number_stays),
        cmocka_unit_test(test_a_mark_that_is_no_number_is_written_over),
        cmocka_unit_test(test_half_a_reset_can_be_said_again),
    };
    int i, failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    map = memcached_create(NULL);
    memcached_behavior_set(map, MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_CONSISTENT);
    for (i = 0; i < SERVERS; i++) {
        ports[i] = free_port();
        pids[i] = start_memcached(ports[i]);
        memcached_server_add(map, "127.0.0.1", (in_port_t)ports[i]);
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (i = 0; i < SERVERS; i++) {
        kill_child(pids[i]);
    }
    memcached_free(map);
    apr_terminate();
    return failed;
}
