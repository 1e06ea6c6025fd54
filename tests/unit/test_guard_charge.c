/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit steps of the guard: which windows are charged when, all or nothing, what is given back and
 * what is final, and what happens when memcached is away.
 */
#include "charge_fixture.h"

/* ---- order ----------------------------------------------------------------------------------- */

/* Addresses first, and only what an address alone decides; the rest together, later. */
static void test_order(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_CLIENT, 5);
    limit_of(h, 2, AG_BY_IP, 5);
    limit_of(h, 3, AG_BY_IP, 5)->when = expr_of("1");
    limit_of(h, 4, AG_BY_IP, 5)->cost_expr = expr_of("2");
    limit_of(h, 5, AG_BY_GLOBAL, 5);
    limit_of(h, 6, AG_BY_IP, 5);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    assert_string_equal(h->shm.said, "shm+2,6 ");
    assert_string_equal(told(h), "w2 w6");
    h->check.verdict.who = &h->acme;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_string_equal(h->shm.said, "shm+2,6 shm+1,3,4,5 ");
    assert_string_equal(told(h), "w2 w6 w1 w3 w4 w5");
    assert_int_equal(n_taken(h), 6);
    assert_int_equal(h->check.verdict.reason, AG_R_NONE);
}

static void test_no_limits(void **state)
{
    house_t *h = *state;

    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    limit_of(h, 1, AG_BY_IP, 5);
    ag_limits_add(&h->policy->limits, NULL, h->p); /* "off" */
    assert_int_equal(ag_guard_gates(h->policy), 0);
    assert_int_equal(ag_guard_wants(AG_PHASE_ADDRESS, h->policy, 0), 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    h->policy->limits = none;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_NONE);
    assert_int_equal(h->shm.asked, 0);
    lines(h);
    assert_int_equal(h->check.verdict.n_lines, 0);
}

/* What was taken is not taken again, by a redirect or a second section. */
static void test_once(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_string_equal(h->shm.said, "shm+1 shm+2 ");
    limit_of(h, 3, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_string_equal(h->shm.said, "shm+1 shm+2 shm+3 ");
    assert_string_equal(told(h), "w1 w2 w3");
}

/* One window under two subjects is two counts. */
static void test_once_per_subject(void **state)
{
    house_t *h = *state;

    h->policy->rate_headers = AG_QUOTA_DRAFT_8; /* its pk= tells whose count it is */
    limit_of(h, 1, AG_BY_CLIENT, 5);
    ag_guard_run(&h->check, AG_PHASE_GATE); /* by address: nobody is identified */
    h->check.verdict.who = &h->acme;
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_string_equal(h->shm.said, "shm+1 shm+1 ");
    assert_string_equal(lines(h)[0].subject, "ip:192.0.2.1");
    assert_string_equal(lines(h)[1].subject, "client:key::acme");
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* A line holds what the window and the store said. */
static void test_lines(void **state)
{
    house_t *h = *state;
    ag_limit_t *limit = limit_of(h, 9, AG_BY_GLOBAL, 5);
    const ag_quota_line_t *line;

    h->policy->rate_headers = AG_QUOTA_DRAFT_8;
    h->shm.count[9] = 5;
    limit_of(h, 12, AG_BY_GLOBAL, 0)->dry_run = 1; /* would wait longer, and refuses nobody */
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_int_equal(h->check.verdict.retry_after, 9);
    line = lines(h);
    assert_ptr_equal(line->policy, &limit->windows->wire);
    assert_string_equal(line->subject, "global");
    assert_int_equal(line->quota.remaining, 0);
    assert_int_equal(line->quota.reset, 30);
    assert_int_equal(line->quota.retry, 9);
    h->shm.count[9] = 1;
    h->exchange.bills = NULL;
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_int_equal(lines(h)->quota.remaining, 4);
}

static void test_refused_by_address(void **state)
{
    house_t *h = *state;

    limit_of(h, 7, AG_BY_IP, 0);
    limit_of(h, 9, AG_BY_IP, 0);
    limit_of(h, 8, AG_BY_IP, 5);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_RATE_EXCEEDED);
    assert_int_equal(h->check.verdict.reason, AG_R_RATE_EXCEEDED);
    assert_int_equal(h->check.verdict.retry_after, 9); /* the longest */
    assert_string_equal(told(h), "w7! w9! w8");
    assert_int_equal(n_taken(h), 0);
    assert_int_equal(h->shm.count[8], 0);
}

/* All or nothing: what an earlier step took is given back, once. */
static void test_given_back(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 5);
    limit_of(h, 3, AG_BY_CLIENT, 0);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    assert_int_equal(h->shm.count[1], 1);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->shm.said, "shm+1 shm+2,3 shm-1 ");
    assert_int_equal(h->shm.count[1], 0);
    assert_int_equal(h->shm.count[2], 0);
    assert_string_equal(told(h), "w1 w2 w3!");
    assert_int_equal(h->check.verdict.retry_after, 3);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    assert_int_equal(h->shm.count[1], 0);
}

/* A dry run is told and refuses nobody; one that did not fit took nothing to give back. */
static void test_dry_run(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 0)->dry_run = 1;
    limit_of(h, 2, AG_BY_IP, 5)->dry_run = 1;
    limit_of(h, 3, AG_BY_GLOBAL, 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    assert_string_equal(told(h), "w1!? w2?");
    assert_int_equal(h->check.verdict.retry_after, 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->shm.said, "shm+1,2 shm+3 shm-2 ");
    assert_int_equal(h->check.verdict.retry_after, 3);
}

/* A Require refusal counts like an answer: the refusal that stands is Require's, and the lines are
 * told. */
static void test_denied(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_CLIENT, 5);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    h->check.verdict.who = &h->acme;
    h->check.verdict.candidate = AG_R_SCOPE_INSUFFICIENT;
    ag_guard_charge_denied(&h->check);
    assert_int_equal(h->check.verdict.reason, AG_R_NONE); /* the caller's to say */
    assert_int_equal(h->check.verdict.candidate, AG_R_SCOPE_INSUFFICIENT);
    assert_int_equal(h->shm.count[1], 1); /* 403s are not free */
    assert_int_equal(h->shm.count[2], 1);
    assert_string_equal(told(h), "w1 w2");
}

static void test_denied_over_limit(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_CLIENT, 0);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    h->check.verdict.who = &h->acme;
    ag_guard_charge_denied(&h->check);
    assert_int_equal(h->check.verdict.reason, AG_R_NONE);
    assert_int_equal(h->check.verdict.retry_after, 0);
    assert_int_equal(h->shm.count[1], 1); /* the address has paid for this 403 all the same */
    assert_string_equal(told(h), "w1 w2!");
}

/* A refused sub-request gives back its own; the request it belongs to may be answered. */
static void test_below(void **state)
{
    house_t *h = *state;
    ag_check_t below = h->check;

    limit_of(h, 1, AG_BY_IP, 5);
    h->check.number = 1;
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    below.below = 1;
    below.number = 2;
    limit_of(h, 2, AG_BY_IP, 5);
    ag_guard_run(&below, AG_PHASE_ADDRESS);
    limit_of(h, 3, AG_BY_GLOBAL, 0);
    assert_int_equal(ag_guard_run(&below, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->shm.said, "shm+1 shm+2 shm+3 shm-2 ");
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_int_equal(h->shm.count[1], 0); /* the request itself gives back all */
    assert_int_equal(h->shm.count[2], 0);
}

/* Once a handler has begun, work has been done: whatever refuses an ErrorDocument or a redirect later
 * gives nothing of it back. */
static void test_final(void **state)
{
    house_t *h = *state;

    limit_of(h, 1, AG_BY_IP, 5);
    limit_of(h, 2, AG_BY_GLOBAL, 5);
    ag_guard_run(&h->check, AG_PHASE_ADDRESS);
    ag_guard_run(&h->check, AG_PHASE_GATE);
    ag_guard_begin(&h->exchange);
    limit_of(h, 3, AG_BY_IP, 5);
    limit_of(h, 4, AG_BY_GLOBAL, 0);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_GATE), AG_R_RATE_EXCEEDED);
    assert_string_equal(h->shm.said, "shm+1 shm+2 shm+3 shm+4 shm-3 ");
}

/* A sub-request's windows end with it; what is told of them does not. */
static void test_below_window(void **state)
{
    house_t *h = *state;
    char policy[] = "mine", field[] = "\"mine\";q=5;w=60 and more", begin[] = ", \"mine\";r=...";
    ag_limit_t *limit = limit_of(h, 1, AG_BY_IP, 5);
    const ag_window_t *kept;

    limit->windows->wire = (ag_quota_policy_t){policy, field, begin, 15, 11, 60, 5};
    h->check.below = 1;
    assert_int_equal(ag_guard_run(&h->check, AG_PHASE_ADDRESS), AG_R_NONE);
    memset(policy, '?', 4);
    memset(field, '?', 15);
    memset(begin, '?', 11);
    memset(limit->windows, 0, sizeof *limit->windows);
    kept = h->exchange.bills->charges[0].window;
    assert_string_equal(kept->wire.name, "mine");
    assert_string_equal(kept->wire.field, "\"mine\";q=5;w=60");
    assert_string_equal(kept->wire.begin, ", \"mine\";r=");
    assert_int_equal(kept->rate.n, 5);
    assert_int_equal(kept->id.lo, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE(test_order),
        HOUSE(test_no_limits),
        HOUSE(test_once),
        HOUSE(test_once_per_subject),
        HOUSE(test_refused_by_address),
        HOUSE(test_given_back),
        HOUSE(test_dry_run),
        HOUSE(test_denied),
        HOUSE(test_denied_over_limit),
        HOUSE(test_lines),
        HOUSE(test_below_window),
        HOUSE(test_below),
        HOUSE(test_final),
    };

    return cmocka_run_group_tests_name("guard: charge", tests, NULL, NULL);
}
