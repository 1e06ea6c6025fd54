/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seats: no more than so many are taken at once, by however many processes, and none is taken for ever.
 */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/cred/seats.h"

#define START apr_time_from_sec(1700000000)
#define SEC   APR_USEC_PER_SEC

static ag_seats_t *share(void)
{
    ag_seats_t *seats = mmap(NULL, sizeof *seats, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(seats != MAP_FAILED);
    return seats;
}

static void test_so_many(void **state)
{
    ag_seats_t seats = {{0}};

    (void)state;
    assert_int_equal(ag_seats_take(&seats, 2, START, START + SEC), 0);
    assert_int_equal(ag_seats_take(&seats, 2, START, START + 2 * SEC), 1);
    assert_int_equal(ag_seats_take(&seats, 2, START, START + SEC), -1);
    assert_int_equal(ag_seats_take(&seats, 3, START, START + SEC), 2);
    ag_seats_give(&seats, 1, START + 2 * SEC);
    assert_int_equal(ag_seats_take(&seats, 2, START, START + SEC), 1);
    assert_int_equal(ag_seats_take(&seats, 0, START, START + SEC), -1);
    assert_int_equal(ag_seats_take(&seats, AG_SEATS + 1000, START, START + SEC), 3);
}

static void test_time_is_up(void **state)
{
    ag_seats_t seats = {{0}};

    (void)state;
    assert_int_equal(ag_seats_take(&seats, 1, START, START + SEC), 0);
    assert_int_equal(ag_seats_take(&seats, 1, START + SEC - 1, START + 3 * SEC), -1);
    assert_int_equal(ag_seats_take(&seats, 1, START + SEC, START + 3 * SEC), 0);
    ag_seats_give(&seats, 0, START + SEC); /* who was late gives back nobody else's */
    assert_int_equal(ag_seats_take(&seats, 1, START + SEC, START + 4 * SEC), -1);
    assert_int_equal(ag_seats_take(&seats, 1, START - 7200 * SEC, START), 0); /* the clock was set back */
}

/* Four processes, two seats: each counts how many sit there with it. */
static void test_processes(void **state)
{
    struct shared_t {
        ag_seats_t seats;
        int inside, most, taken;
    } *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int i, k, status;

    (void)state;
    for (i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (k = 0; k < 20000; k++) {
                apr_time_t now = apr_time_now(), until = now + 30 * SEC + i; /* each its own word */
                int seat = ag_seats_take(&s->seats, 2, now, until);

                if (seat >= 0) {
                    int inside = __atomic_add_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);

                    if (inside > __atomic_load_n(&s->most, __ATOMIC_SEQ_CST)) {
                        __atomic_store_n(&s->most, inside, __ATOMIC_SEQ_CST);
                    }
                    __atomic_add_fetch(&s->taken, 1, __ATOMIC_SEQ_CST);
                    __atomic_sub_fetch(&s->inside, 1, __ATOMIC_SEQ_CST);
                    ag_seats_give(&s->seats, seat, until);
                }
            }
            _exit(0);
        }
    }
    for (i = 0; i < 4; i++) {
        wait(&status);
        assert_int_equal(status, 0);
    }
    assert_in_range(s->most, 1, 2);
    assert_true(s->taken > 1000);
    assert_true(s->seats.until[0] == 0 && s->seats.until[1] == 0);
    munmap(s, sizeof *s);
}

static void test_killed(void **state)
{
    ag_seats_t *seats = share();
    apr_time_t now = apr_time_now(), until = now + SEC / 5;
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        ag_seats_take(seats, 1, now, until);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(ag_seats_take(seats, 1, now, now + SEC), -1);
    assert_int_equal(ag_seats_take(seats, 1, until, until + SEC), 0);
    munmap(seats, sizeof *seats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many),
        cmocka_unit_test(test_time_is_up),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
