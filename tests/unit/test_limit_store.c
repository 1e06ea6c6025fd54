/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_store: what every store must do, run against each of them: exactly N pass whoever
 * asks, windows are charged together or not at all, and what was taken can be given back.
 */
#include "memcached_fixture.h"
#include "store_direct.h"

#define TABLE_SIZE (1 << 20)
#define CHILDREN   8
#define HITS       50

static void *table, *lease_table;

/* ---- the stores; each is opened anew in every process ---------------------------------------- */

static ag_store_t *open_shm(void)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, table, TABLE_SIZE, 0, pool), APR_SUCCESS);
    return store;
}

/* A long time-out: here the machine may be busy, memcached is not supposed to fail. */
static ag_store_t *open_memcached(void)
{
    ag_store_t *store;

    ag_fleet_config_t config = {address_of(port), "test:", 3000, 2, breaker, NULL, NULL};

    assert_int_equal(open_direct(&store, &config, pool), APR_SUCCESS);
    return store;
}

static ag_store_t *open_lease(void)
{
    ag_store_t *store;
    ag_leases_t *leases;
    ag_fleet_config_t config = {address_of(port), "lease:", 3000, 2, breaker, NULL, NULL};

    assert_int_equal(ag_leases_attach(&leases, lease_table, TABLE_SIZE, 0, pool), APR_SUCCESS);
    assert_int_equal(ag_store_lease_open(&store, leases, &config, pool), APR_SUCCESS);
    return store;
}

typedef ag_store_t *(*open_fn)(void);

static open_fn stores[] = {open_shm, open_memcached, open_lease};

/* A subject nobody has charged before. */
static ag_subject_t new_subject(void)
{
    static int number;

    return make_subject(apr_psprintf(pool, "ip:192.0.2.%d", ++number));
}

/* ---- one process ----------------------------------------------------------------------------- */

static void test_exactly_n_pass(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    size_t a;
    int i;

    for (a = 0; a < 3; a++) {
        ag_window_t w = make_window(10, 3600, algos[a]);
        ag_subject_t one = new_subject(), other = new_subject();

        for (i = 0; i < 10; i++) {
            assert_int_equal(hit(store, &w, &one), 1);
        }
        assert_int_equal(hit(store, &w, &one), 0);
        assert_int_equal(left(store, &w, &other), 10);
    }
}

/* Of two windows the full one refuses, and the other is as if nobody had asked. */
static void test_together_or_not_at_all(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    ag_window_t wide = make_window(100, 3600, &ag_algo_sliding);
    ag_window_t tight = make_window(3, 3600, &ag_algo_bucket);
    ag_subject_t one = new_subject(), other = new_subject();
    int i;

    for (i = 0; i < 6; i++) {
        ag_charge_t c[3] = {make_charge(&wide, &one), make_charge(&tight, &other), make_charge(&wide, &other)};

        assert_int_equal(store->charge(store, c, 3, now, pool), APR_SUCCESS);
        assert_int_equal(ag_charges_allowed(c, 3), i < 3);
        assert_int_equal(c[0].allowed, 1);
        assert_int_equal(c[1].allowed, i < 3);
        assert_int_equal(c[0].quota.remaining, i < 3 ? 99 - i : 97);
        assert_int_equal(c[1].quota.remaining, i < 3 ? 2 - i : 0);
        assert_int_equal(c[2].quota.remaining, i < 3 ? 99 - i : 97);
    }
    assert_int_equal(left(store, &wide, &one), 97);
    assert_int_equal(left(store, &wide, &other), 97);
    assert_int_equal(left(store, &tight, &other), 0);
}

/* The same window and subject twice in one request count twice, and are taken back twice. */
static void test_the_same_counter_twice(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    int i;

    for (i = 0; i < 4; i++) {
        ag_charge_t c[2] = {make_charge(&w, &s), make_charge(&w, &s)};

        assert_int_equal(store->charge(store, c, 2, now, pool), APR_SUCCESS);
        assert_int_equal(ag_charges_allowed(c, 2), i < 2);
    }
    assert_int_equal(left(store, &w, &s), 1);
}

static void test_dry_run(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    ag_window_t watched = make_window(2, 3600, &ag_algo_sliding);
    ag_window_t real = make_window(4, 3600, &ag_algo_sliding);
    ag_subject_t s = new_subject();
    int i;

    for (i = 0; i < 6; i++) {
        ag_charge_t c[2] = {make_charge(&watched, &s), make_charge(&real, &s)};

        c[0].dry_run = 1;
        assert_int_equal(store->charge(store, c, 2, now, pool), APR_SUCCESS);
        assert_int_equal(ag_charges_allowed(c, 2), i < 4);
        assert_int_equal(c[0].allowed, i < 2);
        assert_int_equal(c[1].allowed, i < 4);
    }
    assert_int_equal(left(store, &real, &s), 0);
}

/* A dry run that fits is counted only when the request passes. */
static void test_dry_run_of_a_refused_request(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    ag_window_t watched = make_window(9, 3600, &ag_algo_sliding);
    ag_window_t none = make_window(0, 3600, &ag_algo_sliding);
    ag_subject_t s = new_subject();
    ag_charge_t c[2] = {make_charge(&watched, &s), make_charge(&none, &s)};

    c[0].dry_run = 1;
    assert_int_equal(store->charge(store, c, 2, now, pool), APR_SUCCESS);
    assert_false(ag_charges_allowed(c, 2));
    assert_int_equal(left(store, &watched, &s), 9);
}

static void test_refund(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    size_t a;

    for (a = 0; a < 3; a++) {
        ag_window_t wide = make_window(10, 3600, algos[a]);
        ag_window_t watched = make_window(1, 3600, algos[a]);
        ag_subject_t s = new_subject();
        ag_charge_t c[2] = {make_charge(&wide, &s), make_charge(&watched, &s)};

        assert_int_equal(hit(store, &watched, &s), 1);
        c[0].cost = 4;
        c[1].dry_run = 1;
        assert_int_equal(store->charge(store, c, 2, now, pool), APR_SUCCESS);
        assert_int_equal(left(store, &wide, &s), 6);
        store->refund(store, c, 2, now, now, pool);
        assert_int_equal(left(store, &wide, &s), 10);
        assert_int_equal(left(store, &watched, &s), 0); /* it was not charged by that request */
        c[0].allowed = 0;
        store->refund(store, c, 2, now, now, pool); /* a refused request consumed nothing */
        assert_int_equal(left(store, &wide, &s), 10);
    }
}

/* More windows than a request usually has. */
static void test_many_windows(void **state)
{
    ag_store_t *store = (*(open_fn *)*state)();
    ag_window_t windows[40];
    ag_charge_t c[40];
    ag_subject_t s = new_subject();
    int i;

    for (i = 0; i < 40; i++) {
        windows[i] = make_window(i == 39 ? 1 : 5, 3600, algos[i % 3]);
        c[i] = make_charge(&windows[i], &s);
    }
    assert_int_equal(store->charge(store, c, 40, now, pool), APR_SUCCESS);
    assert_true(ag_charges_allowed(c, 40));
    assert_int_equal(store->charge(store, c, 40, now, pool), APR_SUCCESS);
    assert_false(ag_charges_allowed(c, 40));
    for (i = 0; i < 39; i++) {
        assert_int_equal(left(store, &windows[i], &s), 4);
    }
    assert_int_equal(store->charge(store, c, 0, now, pool), APR_SUCCESS);
}

/* ---- many processes -------------------------------------------------------------------------- */

typedef struct {
    volatile int go;
    int passed[CHILDREN];
    int failed[CHILDREN];
} race_t;

static void run(race_t *race, int child, open_fn open, const ag_window_t *windows, ag_subject_t *subject)
{
    ag_store_t *store = open();
    int i;

    while (!race->go) {
        usleep(100);
    }
    for (i = 0; i < HITS; i++) {
        ag_charge_t c[2] = {make_charge(&windows[0], subject), make_charge(&windows[1], subject)};

        if (store->charge(store, c, 2, now, pool)) {
            race->failed[child]++;
        }
        else {
            race->passed[child] += ag_charges_allowed(c, 2);
        }
    }
    _exit(0);
}

static void test_eight_processes(void **state)
{
    open_fn open = *(open_fn *)*state;
    race_t *race = share(sizeof *race);
    size_t a;
    int i;

    for (a = 0; a < 3; a++) {
        ag_window_t windows[2] = {make_window(300, 3600, algos[a]), make_window(100, 3600, algos[a])};
        ag_subject_t s = new_subject();
        pid_t pids[CHILDREN];
        int passed = 0;

        memset(race, 0, sizeof *race);
        for (i = 0; i < CHILDREN; i++) {
            pids[i] = fork_child();
            if (pids[i] == 0) {
                run(race, i, open, windows, &s);
            }
        }
        race->go = 1;
        for (i = 0; i < CHILDREN; i++) {
            waitpid(pids[i], NULL, 0);
            assert_int_equal(race->failed[i], 0);
            passed += race->passed[i];
        }
        assert_int_equal(passed, 100);
        assert_int_equal(left(open(), &windows[0], &s), 200);
    }
}

/* ---- */

#define EACH(test)                                                                                                   \
    {"shm: " #test, test, NULL, NULL, &stores[0]}, {"memcached: " #test, test, NULL, NULL, &stores[1]},              \
    {                                                                                                                \
        "lease: " #test, test, NULL, NULL, &stores[2]                                                                \
    }

static int stores_start(void **state)
{
    ag_store_t *fresh;
    ag_leases_t *leases;

    memcached_start(state);
    table = share(TABLE_SIZE);
    lease_table = share(TABLE_SIZE);
    return ag_store_shm_attach(&fresh, table, TABLE_SIZE, 1, pool)
           || ag_leases_attach(&leases, lease_table, TABLE_SIZE, 1, pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_exactly_n_pass),
        EACH(test_together_or_not_at_all),
        EACH(test_the_same_counter_twice),
        EACH(test_dry_run),
        EACH(test_dry_run_of_a_refused_request),
        EACH(test_refund),
        EACH(test_many_windows),
        EACH(test_eight_processes),
    };

    return cmocka_run_group_tests(tests, stores_start, memcached_stop);
}
