/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is charged for: which limits apply, whose counts they share, what they cost.
 */
#include "charge_fixture.h"

/* A count that two sections share by name is charged once for a request. */
static void test_shared_count(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 5);
    limit_of(h, 1, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_string_equal(h->shm.said, "shm+1 ");
    assert_int_equal(h->shm.count[1], 1);
}

static void test_when(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 5)->when = expr_of("0");
    limit_of(h, 2, AG_BY_GLOBAL, 5)->when = expr_of("1");
    limit_of(h, 3, AG_BY_GLOBAL, 5)->when = expr_of("-1"); /* one that fails limits */
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_string_equal(h->shm.said, "shm+2,3 ");
}

static void test_cost(void **state)
{
    static const struct {
        const char *text;
        apr_uint64_t cost;
    } cases[] = {
        {"3", 3},
        {"0", 0},
        {"1000000000000", APR_UINT64_C(1000000000000)},
        {"1000000000001", APR_UINT64_C(1000000000000)}, /* more than there is costs all there is */
        {"99999999999999999999", APR_UINT64_C(1000000000000)},
        {"", 1},
        {"-1", 1},
        {"2x", 1},
        {"fails", 1},
    };
    house_t *h = *state;
    int i;

    limit_of(h, 63, AG_BY_GLOBAL, AG_RATE_MAX)->cost = 7;
    for (i = 0; i < N_OF(cases); i++) {
        limit_of(h, 1 + i, AG_BY_GLOBAL, AG_RATE_MAX)->cost_expr = expr_of(cases[i].text);
    }
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.count[63], 7);
    for (i = 0; i < N_OF(cases); i++) {
        assert_int_equal(h->shm.count[1 + i], cases[i].cost);
    }
}

/* Takes any id; everything is allowed. */
static apr_status_t open_charge(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p)
{
    int i;

    (void)store;
    (void)now;
    (void)p;
    for (i = 0; i < n; i++) {
        charges[i].allowed = 1;
        charges[i].quota.remaining = charges[i].window->rate.n;
    }
    return APR_SUCCESS;
}

/* A key's own rates replace every by=client limit of the section and leave the others. */
static void test_own(void **state)
{
    static const ag_rate_t rates[] = {{3, {60, AG_PERIOD_PLAIN}}, {9, {3600, AG_PERIOD_PLAIN}}};
    house_t *h = *state;

    h->shm.store.charge = open_charge;
    h->policy->rate_headers = AG_QUOTA_DRAFT_8;
    limit_of(h, 1, AG_BY_CLIENT, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 5);
    limit_of(h, 3, AG_BY_USER, 5);
    h->acme.rates = rates;
    h->acme.n_rates = 2;
    h->check.verdict.who = &h->acme;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(told(h), "w2 w3 3/min 9/h");
    assert_string_equal(lines(h)[2].subject, "client:key::acme");
    assert_int_equal(lines(h)[2].policy->limit, 3);
    assert_int_equal(lines(h)[3].policy->window, 3600);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(n_taken(h), 4);
    h->policy->limits = none; /* they apply where the section has none */
    h->exchange.bills = NULL;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(told(h), "3/min 9/h");
}

/* 32 windows are charged; one more is refused, not passed over. */
static void test_many(void **state)
{
    house_t *h = *state;
    int i;

    for (i = 0; i < 32; i++) {
        limit_of(h, 1 + i, AG_BY_GLOBAL, 5);
    }
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    lines(h);
    assert_int_equal(h->check.verdict.n_lines, 32);
    limit_of(h, 33, AG_BY_GLOBAL, 5);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE); /* the 32 are taken: one is left */
    h->exchange.bills = NULL;
    h->shm.said = "";
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_INTERNAL_ERROR);
    assert_string_equal(h->shm.said, "");
}

/* Two sections that share a name, and so a count: the higher cost counts, in either order. */
static void test_higher_cost(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 50)->cost = 2;
    limit_of(h, 1, AG_BY_GLOBAL, 50)->cost = 10;
    limit_of(h, 1, AG_BY_GLOBAL, 50)->cost = 3;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(h->shm.said, "shm+1 ");
    assert_int_equal(h->shm.count[1], 10);
}

/* A dry run beside an enforced limit neither raises nor lowers what that one costs. */
static void test_dry_cost(void **state)
{
    house_t *h = *state;
    ag_limit_t *dry = limit_of(h, 1, AG_BY_GLOBAL, 50), *real = limit_of(h, 1, AG_BY_GLOBAL, 50);

    dry->dry_run = 1;
    dry->cost = 40;
    real->cost = 4;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.count[1], 4);
    assert_string_equal(told(h), "w1");
    dry = limit_of(h, 1, AG_BY_GLOBAL, 50); /* in a later pass */
    dry->dry_run = 1;
    dry->cost = 40;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.count[1], 4);
}

/* A redirect into a section of a higher cost pays what is missing, once, and one line is told of it. */
static void test_topped_up(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 50)->cost = 2;
    limit_of(h, 2, AG_BY_GLOBAL, 50);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    limit_of(h, 1, AG_BY_GLOBAL, 50)->cost = 10;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.count[1], 10);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.count[1], 10);
    assert_string_equal(told(h), "w2 w1");
    assert_int_equal(lines(h)[1].quota.remaining, 48); /* the store tells it before the charge */
}

/* What is missing does not fit: refused, and all of it is given back. */
static void test_topped_over(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_GLOBAL, 5)->cost = 2;
    ag_guard_run(&h->check, AG_PHASE_GATE);
    limit_of(h, 1, AG_BY_GLOBAL, 5)->cost = 6;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_int_equal(h->shm.count[1], 0);
    assert_string_equal(told(h), "w1!");
}

/* Something that costs nothing is charged as such. */
static void test_no_cost(void **state)
{
    house_t *h = *state;

    limit_of(h, 2, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    limit_of(h, 1, AG_BY_GLOBAL, 5)->cost_expr = expr_of("0");
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(h->shm.said, "shm+2 shm+1 ");
    assert_string_equal(told(h), "w2 w1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE(test_shared_count), HOUSE(test_when),        HOUSE(test_cost),     HOUSE(test_own),
        HOUSE(test_many),         HOUSE(test_higher_cost), HOUSE(test_dry_cost), HOUSE(test_topped_up),
        HOUSE(test_topped_over),  HOUSE(test_no_cost),
    };

    return cmocka_run_group_tests_name("guard: bill", tests, NULL, NULL);
}
