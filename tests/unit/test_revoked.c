/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_revoked: the revoked tokens in shared memory: what is in is found, also while others write; what cannot be
 * known is never "not revoked".
 */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/cred/revoked.h"

#define SECOND  APR_INT64_C(1700000000) /* NOW */
#define FOREVER APR_INT64_C(4000000000)

static const ag_sip_key_t sip = {3, 4};

static ag_revoked_t *table_of(apr_pool_t *p)
{
    ag_revoked_t *revoked;

    assert_int_equal(ag_revoked_make(&revoked, p), APR_SUCCESS);
    return revoked;
}

static ag_id_t id(int n)
{
    return ag_sip(&sip, &n, sizeof n);
}

static ag_revocation_t *entries_of(int from, int n, apr_pool_t *p)
{
    ag_revocation_t *entries = apr_palloc(p, (apr_size_t)(n + 1) * sizeof *entries);
    int i;

    for (i = 0; i < n; i++) {
        entries[i] = (ag_revocation_t){id(from + i), AG_REVOKED_ALWAYS, FOREVER};
    }
    return entries;
}

static ag_revoked_e ask(const ag_revoked_t *revoked, int n)
{
    ag_id_t ids[3] = {{0, 0}, id(n), id(-1)};

    return ag_revoked_ask(revoked, ids, 3, -1, NOW);
}

static void test_nobody_knows_at_first(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    ag_revocation_t gone = {id(5), AG_REVOKED_ALWAYS, 0};

    assert_false(ag_revoked_is_empty(revoked));
    assert_int_equal(ask(revoked, 1), AG_REVOKED_UNKNOWN);
    assert_int_equal(ag_revoked_change(revoked, NULL, 0, 0, 1), APR_EAGAIN); /* there is nothing to change */
    assert_int_equal(ag_revoked_replace(revoked, NULL, 0, 0, 7), APR_SUCCESS);
    assert_true(ag_revoked_is_empty(revoked));
    assert_int_equal(ag_revoked_change(revoked, &gone, 1, 7, 7), APR_SUCCESS);
    assert_true(ag_revoked_is_empty(revoked)); /* what was not there takes no room when it goes */
    assert_int_equal(ask(revoked, 1), AG_REVOKED_NO);
    assert_true(ag_revoked_revision(revoked) == 7);
}

static void test_replaced(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    int i;

    assert_int_equal(ag_revoked_replace(revoked, entries_of(0, 3000, *state), 3000, 0, 1), APR_SUCCESS);
    assert_false(ag_revoked_is_empty(revoked));
    for (i = 0; i < 6000; i++) {
        assert_int_equal(ask(revoked, i), i < 3000 ? AG_REVOKED_YES : AG_REVOKED_NO);
    }
    assert_int_equal(ag_revoked_replace(revoked, entries_of(1000, 10, *state), 10, 1, 2), APR_SUCCESS);
    assert_int_equal(ask(revoked, 999), AG_REVOKED_NO);
    assert_int_equal(ask(revoked, 1009), AG_REVOKED_YES);
    assert_int_equal(ag_revoked_replace(revoked, entries_of(7000, 10, *state), 10, 2, 3), APR_SUCCESS);
    assert_int_equal(ask(revoked, 5), AG_REVOKED_NO); /* this memory held the first table */
    assert_int_equal(ask(revoked, 7005), AG_REVOKED_YES);
}

static void test_changed(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    ag_revocation_t gone = {id(5), AG_REVOKED_ALWAYS, 0}, never_there = {id(99), AG_REVOKED_ALWAYS, 0};

    ag_revoked_replace(revoked, entries_of(0, 10, *state), 10, 0, 1);
    assert_int_equal(ag_revoked_change(revoked, &gone, 1, 1, 2), APR_SUCCESS);
    assert_int_equal(ag_revoked_change(revoked, &never_there, 1, 2, 3), APR_SUCCESS);
    assert_int_equal(ask(revoked, 5), AG_REVOKED_NO);
    assert_int_equal(ask(revoked, 6), AG_REVOKED_YES);
    assert_int_equal(ag_revoked_change(revoked, entries_of(5, 1, *state), 1, 3, 4), APR_SUCCESS); /* back again */
    assert_int_equal(ask(revoked, 5), AG_REVOKED_YES);
    assert_true(ag_revoked_revision(revoked) == 4);
}

/* Two that read the database at once: what the slower one read may be older. */
static void test_only_from_its_own_revision(void **state)
{
    ag_revoked_t *revoked = table_of(*state);

    ag_revoked_replace(revoked, entries_of(0, 1, *state), 1, 0, 5);
    assert_int_equal(ag_revoked_change(revoked, entries_of(1, 1, *state), 1, 5, 6), APR_SUCCESS);
    assert_int_equal(ag_revoked_replace(revoked, entries_of(0, 1, *state), 1, 5, 5), APR_EAGAIN);
    assert_int_equal(ag_revoked_change(revoked, entries_of(2, 1, *state), 1, 5, 7), APR_EAGAIN);
    assert_int_equal(ask(revoked, 1), AG_REVOKED_YES);
    assert_int_equal(ask(revoked, 2), AG_REVOKED_NO);
}

static ag_revoked_e ask_issued(ag_revoked_t *revoked, apr_time_t issued, apr_time_t now)
{
    ag_id_t one = id(0);

    return ag_revoked_ask(revoked, &one, 1, issued, now);
}

static void test_times(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    ag_revocation_t entry = {id(0), SECOND, SECOND + 10};

    ag_revoked_replace(revoked, &entry, 1, 0, 1);
    assert_int_equal(ask_issued(revoked, NOW - 1, NOW), AG_REVOKED_YES);
    assert_int_equal(ask_issued(revoked, NOW, NOW), AG_REVOKED_NO); /* issued at that moment is not before it */
    assert_int_equal(ask_issued(revoked, -1, NOW), AG_REVOKED_YES); /* nobody knows when */
    assert_int_equal(ask_issued(revoked, 0, NOW + 10 * APR_USEC_PER_SEC - 1), AG_REVOKED_YES);
    assert_int_equal(ask_issued(revoked, 0, NOW + 10 * APR_USEC_PER_SEC), AG_REVOKED_NO);
    entry.before = APR_INT64_MAX / 2; /* more than microseconds can tell */
    ag_revoked_replace(revoked, &entry, 1, 1, 2);
    assert_int_equal(ask_issued(revoked, NOW, NOW), AG_REVOKED_YES);
    entry.before = -5;
    ag_revoked_replace(revoked, &entry, 1, 2, 3);
    assert_int_equal(ask_issued(revoked, -1, NOW), AG_REVOKED_NO);
}

/* One that comes when the table has no slot to spare has it made anew; until then it is not known. */
static void test_grows(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    int i, rev = 1;

    ag_revoked_replace(revoked, entries_of(0, 100, *state), 100, 0, 1);
    for (i = 100; i < 768; i++, rev++) { /* three quarters of 1024 */
        assert_int_equal(ag_revoked_change(revoked, entries_of(i, 1, *state), 1, rev, rev + 1), APR_SUCCESS);
    }
    assert_int_equal(ag_revoked_change(revoked, entries_of(768, 1, *state), 1, rev, rev + 1), APR_ENOSPC);
    assert_true(ag_revoked_revision(revoked) == rev);
    assert_int_equal(ag_revoked_change(revoked, entries_of(7, 1, *state), 1, rev, rev), APR_SUCCESS);
    assert_int_equal(ag_revoked_replace(revoked, entries_of(0, 769, *state), 769, rev, rev + 1), APR_SUCCESS);
    for (i = 0; i < 1000; i++) {
        assert_int_equal(ask(revoked, i), i < 769 ? AG_REVOKED_YES : AG_REVOKED_NO);
    }
}

/* What does not fit leaves no table behind that would say "no". */
static void test_full(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    int most = (int)AG_REVOKED_MAX;
    ag_revocation_t *entries = entries_of(0, most + 1, *state);

    assert_int_equal(ag_revoked_replace(revoked, entries, (apr_size_t)most, 0, 1), APR_SUCCESS);
    assert_int_equal(ask(revoked, most - 1), AG_REVOKED_YES);
    assert_int_equal(ask(revoked, most + 1), AG_REVOKED_NO);
    assert_int_equal(ag_revoked_replace(revoked, entries, (apr_size_t)most + 1, 1, 2), APR_ENOSPC);
    assert_int_equal(ask(revoked, most + 1), AG_REVOKED_UNKNOWN);
    assert_false(ag_revoked_is_empty(revoked));
    assert_int_equal(ag_revoked_replace(revoked, entries, 5, 1, 2), APR_SUCCESS);
    assert_int_equal(ask(revoked, 4), AG_REVOKED_YES);
    assert_int_equal(ask(revoked, 5), AG_REVOKED_NO);
}

/* Many questions at once, so that a table is replaced twice before they are answered. */
static ag_revoked_e ask_long(const ag_revoked_t *revoked, int last)
{
    ag_id_t ids[500];
    int i;

    for (i = 0; i < 499; i++) {
        ids[i] = id(200000 + i);
    }
    ids[499] = id(last);
    return ag_revoked_ask(revoked, ids, 500, -1, NOW);
}

/* An entry that stays is found at every moment, and one that was never there never is, while another process replaces
 * the table and changes it. */
static void test_while_others_write(void **state)
{
    ag_revoked_t *revoked = table_of(*state);
    int i, rev;
    pid_t writer;

    ag_revoked_replace(revoked, entries_of(0, 400, *state), 400, 0, 1);
    writer = fork();
    if (writer == 0) {
        ag_revocation_t *entries = entries_of(0, 2000, *state);

        for (rev = 1;; rev++) {
            apr_size_t n = rev % 3 == 0 ? 400 : 1500;

            if (rev % 2) {
                ag_revoked_replace(revoked, entries, n, rev, rev + 1);
            }
            else {
                ag_revoked_change(revoked, entries + 1500, 10, rev, rev + 1);
            }
        }
    }
    for (i = 0; i < 200000; i++) {
        ag_revoked_e there = i % 20 ? ask(revoked, i % 400) : ask_long(revoked, i % 400);
        ag_revoked_e not_there = ask(revoked, 100000 + i);

        if (there != AG_REVOKED_YES || not_there != AG_REVOKED_NO) {
            kill(writer, SIGKILL);
            fail_msg("%d %d at %d", there, not_there, i);
        }
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    rev = (int)ag_revoked_revision(revoked); /* killed while it held the lock, perhaps */
    assert_true(rev > 10);
    assert_int_equal(ag_revoked_replace(revoked, entries_of(0, 1, *state), 1, rev, rev + 1), APR_SUCCESS);
    assert_int_equal(ask(revoked, 0), AG_REVOKED_YES);
    assert_int_equal(ask(revoked, 1), AG_REVOKED_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_knows_at_first),
        TEST(test_replaced),
        TEST(test_changed),
        TEST(test_only_from_its_own_revision),
        TEST(test_times),
        TEST(test_grows),
        TEST(test_full),
        TEST(test_while_others_write),
    };

    return cmocka_run_group_tests_name("revoked", tests, NULL, NULL);
}
