/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_single_flight: one question is asked once, whoever asks may die or be late, and no more than so many
 * ask at all.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/keys/single_flight.h"
#include "unit.h"

#define LATE   APR_USEC_PER_SEC
#define PLACES 4

typedef struct {
    ag_single_flights_t *flights;
} fixture_t;

static apr_time_t ahead;

/* In the place of APR's. */
apr_time_t apr_time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000 + ahead;
}

static int set_up(void **state)
{
    fixture_t *f;

    pool_start(state);
    ahead = 0;
    f = apr_pcalloc(*state, sizeof *f);
    f->flights = mmap(NULL, AG_SINGLE_FLIGHT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_int_equal(ag_single_flights_init(f->flights), APR_SUCCESS);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    munmap(((fixture_t *)*state)->flights, AG_SINGLE_FLIGHT_BYTES);
    apr_terminate();
    return 0;
}

static ag_single_flight_t ask(fixture_t *f, apr_uint64_t store, apr_uint64_t what)
{
    ag_single_flight_t flight = {.flights = f->flights,
                                 .store = {store, store},
                                 .what = {what, what},
                                 .places = PLACES,
                                 .late = LATE,
                                 .patience = 2 * LATE};

    return flight;
}

static ag_single_flight_t fly(fixture_t *f, apr_uint64_t store, apr_uint64_t what)
{
    ag_single_flight_t flight = ask(f, store, what);

    assert_int_equal(ag_single_flight_turn(&flight), AG_SINGLE_FLIGHT_MINE);
    return flight;
}

static void test_one_asks_and_others_look(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t first = fly(f, 1, 7);
    ag_single_flight_t second = ask(f, 1, 7);
    ag_single_flight_t other = fly(f, 1, 8);

    assert_int_equal(ag_single_flight_turn(&second), AG_SINGLE_FLIGHT_LOOK);
    assert_false(ag_single_flight_try(&second));
    assert_int_equal(ag_single_flight_turn(&second), AG_SINGLE_FLIGHT_LOOK);
    ag_single_flight_end(&first);
    assert_int_equal(ag_single_flight_turn(&second), AG_SINGLE_FLIGHT_MINE);
    ag_single_flight_end(&second);
    ag_single_flight_end(&other);
}

/* The first one's answer could not be kept: nobody waits a second time. */
static void test_nobody_queues_for_what_cannot_be_kept(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t first = fly(f, 1, 7);
    ag_single_flight_t second = ask(f, 1, 7), third = ask(f, 1, 7);

    assert_int_equal(ag_single_flight_turn(&second), AG_SINGLE_FLIGHT_LOOK);
    assert_int_equal(ag_single_flight_turn(&third), AG_SINGLE_FLIGHT_LOOK);
    ag_single_flight_end(&first);
    assert_int_equal(ag_single_flight_turn(&second), AG_SINGLE_FLIGHT_MINE);
    assert_int_equal(ag_single_flight_turn(&third), AG_SINGLE_FLIGHT_MINE);
    ag_single_flight_end(&second);
    ag_single_flight_end(&third);
}

static void test_an_asker_that_died_is_not_waited_for(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t mine;
    pid_t pid = fork();

    if (pid == 0) {
        fly(f, 1, 7);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    mine = fly(f, 1, 7); /* at the first try */
    ag_single_flight_end(&mine);
}

static void test_a_late_asker_is_not_waited_for(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t late = fly(f, 1, 7);
    ag_single_flight_t mine = ask(f, 1, 7);
    apr_time_t start = apr_time_now();
    ag_single_flight_e turn;

    while ((turn = ag_single_flight_turn(&mine)) == AG_SINGLE_FLIGHT_LOOK) {
    }
    assert_int_equal(turn, AG_SINGLE_FLIGHT_MINE);
    assert_true(apr_time_now() - start >= LATE * 9 / 10);
    assert_true(apr_time_now() - start < LATE * 3 / 2);
    ag_single_flight_end(&late);
    ag_single_flight_end(&mine);
}

/* Four hang: the fifth waits a second at most, the sixth not at all. */
static void test_a_database_that_hangs(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t hanging[PLACES], fifth = ask(f, 1, 100), sixth = ask(f, 1, 101), elsewhere;
    apr_time_t start = apr_time_now();
    int i;

    for (i = 0; i < PLACES; i++) {
        hanging[i] = fly(f, 1, (apr_uint64_t)i);
    }
    assert_false(ag_single_flight_try(&fifth));
    while (ag_single_flight_turn(&fifth) == AG_SINGLE_FLIGHT_LOOK) {
    }
    assert_true(apr_time_now() - start < LATE * 3 / 2);
    start = apr_time_now();
    assert_int_equal(ag_single_flight_turn(&sixth), AG_SINGLE_FLIGHT_REFUSED);
    assert_true(apr_time_now() - start < LATE / 4);
    elsewhere = fly(f, 2, 100); /* another store has places of its own */
    ag_single_flight_end(&hanging[0]);
    assert_int_equal(ag_single_flight_turn(&sixth), AG_SINGLE_FLIGHT_MINE);
    ag_single_flight_end(&sixth);
    ag_single_flight_end(&elsewhere);
}

/* Their places were given to others after ten minutes: a database that hung for an hour had all workers. */
static void test_who_hangs_for_hours_keeps_his_place(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t flights[PLACES], mine = ask(f, 1, 100);
    int i;

    for (i = 0; i < PLACES; i++) {
        flights[i] = fly(f, 1, (apr_uint64_t)i);
    }
    ahead = apr_time_from_sec(2 * 3600);
    assert_int_equal(ag_single_flight_turn(&mine), AG_SINGLE_FLIGHT_REFUSED);
    ag_single_flight_end(&flights[0]);
    mine = fly(f, 1, 100);
}

/* Another program has the number of an asker that was killed. */
static void test_a_number_that_went_to_another_program(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t mine = ask(f, 1, 7);
    int there[2];
    char byte = 0;
    pid_t pid;

    assert_int_equal(pipe(there), 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (ag_single_flight_turn(&mine) == AG_SINGLE_FLIGHT_MINE && write(there[1], &byte, 1) == 1) {
            pause();
        }
        _exit(1);
    }
    close(there[1]);
    assert_int_equal(read(there[0], &byte, 1), 1);
    close(there[0]);
    ahead = apr_time_from_sec(60);
    mine = ask(f, 1, 7);
    mine.places = 1;
    assert_int_equal(ag_single_flight_turn(&mine), AG_SINGLE_FLIGHT_REFUSED);
    ahead = apr_time_from_sec(601);
    mine = ask(f, 1, 7);
    mine.places = 1;
    assert_int_equal(ag_single_flight_turn(&mine), AG_SINGLE_FLIGHT_MINE);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_all_stores_together_have_twice_as_many_places(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t third = ask(f, 3, 100);
    int i;

    for (i = 0; i < PLACES; i++) {
        fly(f, 1, (apr_uint64_t)i);
        fly(f, 2, (apr_uint64_t)i);
    }
    assert_false(ag_single_flight_try(&third));
}

/* Who comes back when his place was given away ends nobody else's turn. */
static void test_an_end_that_comes_too_late(void **state)
{
    fixture_t *f = *state;
    ag_single_flight_t first = fly(f, 1, 7), second, third = ask(f, 1, 7);

    ag_single_flight_end(&first);
    second = fly(f, 1, 7);
    ag_single_flight_end(&first);
    assert_int_equal(ag_single_flight_turn(&third), AG_SINGLE_FLIGHT_LOOK);
    ag_single_flight_end(&second);
}

/* ---- many at once ---------------------------------------------------------------------------- */

typedef struct {
    fixture_t *f;
    int *answer, *asked;
} crowd_t;

static void *want(void *data)
{
    crowd_t *crowd = data;
    ag_single_flight_t flight = ask(crowd->f, 1, 7);
    ag_single_flight_e turn;

    do {
        turn = ag_single_flight_turn(&flight);
    } while (turn == AG_SINGLE_FLIGHT_LOOK && !__atomic_load_n(crowd->answer, __ATOMIC_SEQ_CST));
    if (turn == AG_SINGLE_FLIGHT_MINE) {
        if (!__atomic_load_n(crowd->answer, __ATOMIC_SEQ_CST)) {
            __atomic_add_fetch(crowd->asked, 1, __ATOMIC_SEQ_CST);
            usleep(2000);
            __atomic_store_n(crowd->answer, 1, __ATOMIC_SEQ_CST);
        }
        ag_single_flight_end(&flight);
    }
    return NULL;
}

/* Often, since a few of them must meet in the middle of a turn. */
static void test_a_crowd_asks_once(void **state)
{
    pthread_t threads[16];
    int i, round;

    for (round = 0; round < 100; round++) {
        int answer = 0, asked = 0;
        crowd_t crowd = {*state, &answer, &asked};

        for (i = 0; i < N_OF(threads); i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, want, &crowd), 0);
        }
        for (i = 0; i < N_OF(threads); i++) {
            pthread_join(threads[i], NULL);
        }
        assert_int_equal(asked, 1);
    }
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_asks_and_others_look),
        TEST(test_nobody_queues_for_what_cannot_be_kept),
        TEST(test_an_asker_that_died_is_not_waited_for),
        TEST(test_a_late_asker_is_not_waited_for),
        TEST(test_a_database_that_hangs),
        TEST(test_all_stores_together_have_twice_as_many_places),
        TEST(test_who_hangs_for_hours_keeps_his_place),
        TEST(test_a_number_that_went_to_another_program),
        TEST(test_an_end_that_comes_too_late),
        TEST(test_a_crowd_asks_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
