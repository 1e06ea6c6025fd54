/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cred_introspect_away: tokens whose endpoint cannot be asked: old answers as long as stale= says, else 503.
 */
#include "introspect_fixture.h"

static void test_away(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->error = "Timeout was reached";
    assert_int_equal(told(h, &who, "t", GOOD), AG_R_INTROSPECTION_UNAVAILABLE);
    assert_int_equal(h->call.guess, 0);
    assert_int_equal(h->call.retry, 1);
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
    assert_int_equal(h->asked, 2);
    assert_non_null(
        strstr(h->log, "AG0945: the introspection endpoint https://id/introspect cannot be asked: Timeout"));
    assert_null(strstr(strstr(h->log, "AG0945: ") + 1, "AG0945: "));
    h->error = NULL;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
}

static void test_stale(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->whom.stale = 100;
    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    h->request.now += 70 * SEC;
    h->status = 500;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(h->asked, 2);
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(h->asked, 2); /* a moment after a failure nobody waits for the next */
    h->request.now += 30 * SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
    h->request.now -= 20 * SEC;
    h->whom.stale = 0;
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
    h->whom.stale = 100;
    h->status = 200;
    memset(h->shared.states, 0, sizeof h->shared.states);
    assert_int_equal(told(h, &who, "t", NOT), AG_R_TOKEN_INVALID);
    h->status = 500; /* what it said last counts, whatever it said before */
    h->request.now += 11 * SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
}

/* Whoever can make it answer 400, by a token of his own, does not thereby have old answers believed. */
static void test_bad_question(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->whom.stale = 3600;
    assert_int_equal(told(h, &who, "ended", GOOD), AG_R_NONE);
    h->request.now += 61 * SEC;
    h->status = 400;
    assert_int_equal(check(h, &who, "odd"), AG_R_INTROSPECTION_UNAVAILABLE);
    h->status = 200;
    assert_int_equal(told(h, &who, "ended", NOT), AG_R_TOKEN_INVALID);
}

/* Where no seat is free nobody is asked; an old answer is used only if the endpoint has just failed. */
static void test_no_seat(void **state)
{
    house_t *h = open_house(*state);
    apr_time_t now = apr_time_now();
    ag_principal_t *who;
    int i;

    h->whom.stale = 3600;
    assert_int_equal(told(h, &who, "t", ENDLESS), AG_R_NONE);
    h->request.now += 61 * SEC;
    for (i = 0; i < h->engine.introspect.seats; i++) {
        assert_int_equal(ag_seats_take(&h->shared.seats, h->engine.introspect.seats, now, now + 5 * SEC), i);
    }
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
    h->shared.states[0].failed = (apr_uint64_t)(now - 3 * SEC);
    h->shared.states[0].answered = (apr_uint64_t)(now - 4 * SEC);
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    h->shared.states[0].answered = (apr_uint64_t)(now - 2 * SEC);
    assert_int_equal(check(h, &who, "t"), AG_R_INTROSPECTION_UNAVAILABLE);
    assert_int_equal(h->asked, 1);
    ag_seats_give(&h->shared.seats, 2, now + 5 * SEC);
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(h->asked, 2);
    assert_int_equal(h->shared.seats.until[2], 0); /* given back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_away),
        TEST(test_stale),
        TEST(test_bad_question),
        TEST(test_no_seat),
    };

    return cmocka_run_group_tests_name("cred_introspect_away", tests, NULL, NULL);
}
