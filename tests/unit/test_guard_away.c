/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_guard_away: charging limits in memcached, while it is there and when it is away: another store goes on,
 * or nobody, or everybody is refused.
 */
#include "charge_fixture.h"

/* ---- memcached ------------------------------------------------------------------------------- */

static void test_memcached(void **state)
{
    house_t *h = *state;

    h->engine.memcached = &h->memcached.store;
    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 0);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->memcached.said, "mc+1 mc+2 mc-1 ");
    assert_int_equal(h->shm.asked, 0);
    assert_int_equal(h->check.verdict.degraded, 0);
}

static void away(house_t *h, int policy, int nodes)
{
    h->engine.memcached = &h->memcached.store;
    h->memcached.down = 1;
    h->policy->store_failure.policy = policy;
    h->policy->store_failure.nodes = nodes;
}

static void test_away_local(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_LOCAL, 4);
    limit_of(h, 1, AG_BY_GLOBAL, 20)->windows->burst = 8;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(h->shm.said, "shm+1 ");
    assert_int_equal(h->memcached.asked, 1);
    assert_int_equal(h->check.verdict.degraded, 1);
    assert_int_equal(ag_counted(AG_COUNT_LIMIT_DEGRADED), 1);
    assert_int_equal(lines(h)[0].policy->limit, 5); /* a quarter */
    assert_string_equal(lines(h)[0].policy->field, "\"w1\";q=5;w=60");
    assert_int_equal(h->exchange.bills->charges[0].window->burst, 2);
    /* the limit itself is as it was */
    assert_int_equal(APR_ARRAY_IDX(h->policy->limits.list, 0, ag_limit_t *)->windows->rate.n, 20);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_int_equal(h->memcached.asked, 1); /* the same count, not another one */
}

/* A part of a small burst is never none: that would mean as much as the rate. */
static void test_away_small_burst(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_LOCAL, 4);
    limit_of(h, 1, AG_BY_GLOBAL, 20)->windows->burst = 1;
    limit_of(h, 2, AG_BY_GLOBAL, 20)->windows->burst = 0;
    limit_of(h, 3, AG_BY_GLOBAL, 20)->windows->burst = 5;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->exchange.bills->charges[0].window->burst, 1);
    assert_int_equal(h->exchange.bills->charges[1].window->burst, 0);
    assert_int_equal(h->exchange.bills->charges[2].window->burst, 2);
}

static void test_away_local_alone(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_LOCAL, 1);
    limit_of(h, 1, AG_BY_IP, 1);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    assert_int_equal(lines(h)[0].policy->limit, 1);
    limit_of(h, 2, AG_BY_GLOBAL, 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->shm.said, "shm+1 shm+2 shm-1 "); /* back to the store that took it */
    assert_string_equal(h->memcached.said, "");
}

static void test_away_allow(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_ALLOW, 1);
    limit_of(h, 1, AG_BY_GLOBAL, 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.asked, 0);
    lines(h);
    assert_int_equal(h->check.verdict.n_lines, 0); /* nothing was evaluated */
    assert_int_equal(h->check.verdict.degraded, 1);
    assert_int_equal(ag_counted(AG_COUNT_LIMIT_DEGRADED), 1);
}

static void test_away_deny(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_DENY, 1);
    limit_of(h, 1, AG_BY_GLOBAL, 5);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_COUNTERS_UNAVAILABLE);
    assert_int_equal(h->check.verdict.reason, AG_R_COUNTERS_UNAVAILABLE);
    assert_int_equal(h->check.verdict.retry_after, 1);
    assert_int_equal(h->check.verdict.degraded, 1);
    assert_int_equal(h->shm.asked, 0);
}

/* Taken from memcached, then it goes away and the policy denies: what was taken is given back. */
static void test_goes_away(void **state)
{
    house_t *h = *state;

    away(h, AG_FAIL_DENY, 1);
    h->memcached.down = 0;
    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    h->memcached.down = 1;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_COUNTERS_UNAVAILABLE);
    assert_string_equal(h->memcached.said, "mc+1 mc-1 ");
}

/* Shared memory that cannot tell is a fault, never a pass. */
static void test_shm_fails(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 5);
    h->shm.down = 1;
    h->check.verdict.degraded = 1; /* by something else, an earlier step perhaps */
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_INTERNAL_ERROR);
    h->check.verdict.reason = AG_R_NONE;
    away(h, AG_FAIL_LOCAL, 1);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_INTERNAL_ERROR);
    assert_int_equal(h->check.verdict.reason, AG_R_INTERNAL_ERROR);
    lines(h);
    assert_int_equal(h->check.verdict.n_lines, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE(test_memcached),  HOUSE(test_away_local), HOUSE(test_away_local_alone), HOUSE(test_away_small_burst),
        HOUSE(test_away_allow), HOUSE(test_away_deny),  HOUSE(test_goes_away),        HOUSE(test_shm_fails),
    };

    return cmocka_run_group_tests_name("guard: charge, memcached", tests, NULL, NULL);
}
