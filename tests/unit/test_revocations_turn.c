/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_revocations_turn: who reads the table for a request that asks whether its token is revoked.
 */
#include "unit.h"

#include "../../src/cred/revocations.h"

static int readings;

static apr_status_t read_nothing(void *ctx, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    (void)ctx, (void)now, (void)log, (void)p;
    readings++;
    return APR_SUCCESS;
}

/* Such a request began long before the last reading. It took that for one of a clock that was set back since, read the
 * table itself, and left its own time behind as that of the last reading: so all others read the table as well. */
static void test_a_request_that_waited(void **state)
{
    apr_pool_t *p = *state;
    static const apr_uint64_t signal = 1;
    apr_time_t now = apr_time_now();
    ag_principal_t who = {.issuer = "https://id"};
    ag_revocations_t revocations = {.poll = {.signal = &signal}};
    ag_poll_shared_t *shared;

    assert_int_equal(ag_revoked_make(&revocations.revoked, p), APR_SUCCESS);
    assert_int_equal(ag_revoked_replace(revocations.revoked, NULL, 0, 0, 1), APR_SUCCESS);
    ag_revocations_open(&revocations);
    revocations.poll.read = read_nothing;
    shared = revocations.poll.shared;
    shared->last_good = shared->last_try = now;
    shared->noticed = signal;
    assert_int_equal(ag_revocations_ask(&revocations, &who, now - apr_time_from_sec(20), NULL, p), AG_R_NONE);
    assert_int_equal(readings, 0);
    assert_true(shared->last_good == now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_a_request_that_waited)};

    return cmocka_run_group_tests_name("revocations_turn", tests, NULL, NULL);
}
