/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_identify: the guard's credential step.
 */
#include "token_fixture.h"

/* ---- the guard's step ------------------------------------------------------------------------ */

/* Every pointer it leaves behind is the pool's: the house may move. */
static ag_verdict_t identify(house_t *h)
{
    ag_engine_t engine = {.cred = {.tokens = h->tokens, .sip = &h->sip}};
    ag_exchange_t exchange = {.engine = &engine};
    ag_check_t one = {.exchange = &exchange, .policy = h->policy};
    ag_reason_e reason;

    h->request.ctx = h;
    exchange.request = h->request;
    one.verdict.candidate = AG_R_SCOPE_INSUFFICIENT;
    one.verdict.wanted = "a";
    reason = ag_step_identify(&one);
    assert_int_equal(reason, one.verdict.reason);
    return one.verdict;
}

static void test_identify(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict;

    h.authorization = apr_pstrcat(h.p, "Bearer ", token_of(&h, CLAIMS), NULL);
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_NONE);
    assert_string_equal(verdict.kind, "jwt");
    assert_string_equal(verdict.who->client, "acme");
    assert_int_equal(verdict.candidate, AG_R_NONE); /* the Require tree is asked again */
    assert_null(verdict.wanted);
    h.request.now += 1000 * SEC;
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_TOKEN_EXPIRED);
    assert_null(verdict.who);
    assert_string_equal(verdict.kind, "jwt");
    assert_non_null(strstr(verdict.detail, "he token has expired"));
}

static void test_identify_refused(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict = identify(&h);

    assert_int_equal(verdict.reason, AG_R_CREDENTIAL_MISSING);
    assert_null(verdict.who);
    assert_null(verdict.kind);
    h.key_field = "one, two";
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_CREDENTIAL_AMBIGUOUS);
    h.key_field = "one"; /* no database is there */
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_KEYSTORE_UNAVAILABLE);
    assert_string_equal(verdict.kind, "key");
}

/* No credential at all is anonymous; a wrong one never is. */
static void test_anonymous(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict;

    h.policy->anonymous = 1;
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_NONE);
    assert_string_equal(verdict.who->kind->name, "anonymous");
    assert_string_equal(verdict.who->client, "anonymous");
    assert_string_equal(verdict.who->issuer, "");
    assert_null(verdict.who->user);
    assert_int_equal(verdict.who->scopes.n, 0);
    assert_int_equal(verdict.candidate, AG_R_NONE);
    h.authorization = "Bearer a.b.c";
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_TOKEN_INVALID);
    assert_null(verdict.who);
    h.authorization = "Bearer a.b.c, Bearer a.b.c";
    assert_int_equal(identify(&h).reason, AG_R_CREDENTIAL_AMBIGUOUS);
    h.authorization = "Bearer"; /* nothing behind it, and a field without a value: none at all */
    assert_string_equal(identify(&h).who->kind->name, "anonymous");
    h.authorization = NULL;
    h.key_field = "";
    assert_string_equal(identify(&h).who->kind->name, "anonymous");
    h.key_field = "wrong";
    assert_int_not_equal(identify(&h).reason, AG_R_NONE);
}

/* What is kept of a sub-request's refusal is all the keeper's own. */
static void test_keep(void **state)
{
    char detail[] = "why", wanted[] = "read", name[] = "X-Key", vary[] = "X-Key";
    char advice[] = "send", limit[] = "one", field[] = "\"one\";q=1;w=1";
    ag_key_source_t source = {AG_FROM_HEADER, name};
    ag_quota_policy_t wire = {.name = limit, .field = field, .field_size = sizeof field - 1, .begin = ""};
    ag_quota_line_t line = {.policy = &wire, .dry_run = 1};
    house_t h = open_house(*state);
    ag_policy_t *policy = ag_policy_make(h.p);
    ag_check_t check = {
        .policy = policy,
        .verdict = {
            .reason = AG_R_SCOPE_INSUFFICIENT, .detail = detail, .wanted = wanted, .lines = &line, .n_lines = 1}};
    const ag_check_t *kept;

    policy->key_from = (ag_key_from_t){.sources = &source, .n = 1, .vary = vary, .advice = advice};
    policy->providers = AG_KIND(key)->bit;
    policy->invalid_key_status = AG_INVALID_KEY_403;
    kept = ag_check_keep(&check, h.p);
    detail[0] = wanted[0] = name[0] = vary[0] = advice[0] = limit[0] = field[0] = '?';
    memset(&source, 0, sizeof source);
    memset(&wire, 0, sizeof wire);
    memset(&line, 0, sizeof line);
    memset(policy, 0, sizeof *policy);
    memset(&check, 0, sizeof check);
    assert_int_equal(kept->verdict.reason, AG_R_SCOPE_INSUFFICIENT);
    assert_string_equal(kept->verdict.detail, "why");
    assert_string_equal(kept->verdict.wanted, "read");
    assert_null(kept->bill);
    assert_int_equal(kept->verdict.n_lines, 1);
    assert_string_equal(kept->verdict.lines->policy->name, "one");
    assert_string_equal(kept->verdict.lines->policy->field, "\"one\";q=1;w=1");
    assert_int_equal(kept->verdict.lines->dry_run, 1);
    assert_int_equal(kept->policy->invalid_key_status, AG_INVALID_KEY_403);
    assert_int_equal(kept->policy->key_from.n, 1);
    assert_string_equal(kept->policy->key_from.sources[0].name, "X-Key");
    assert_string_equal(kept->policy->key_from.vary, "X-Key");
    assert_string_equal(kept->policy->key_from.advice, "send");
    assert_int_equal(ag_policy_types(kept->policy), AG_KIND(key)->bit);
    check.policy = ag_policy_make(h.p); /* and where nothing was said there is nothing to copy */
    kept = ag_check_keep(&check, h.p);
    assert_null(kept->verdict.detail);
    assert_null(kept->verdict.wanted);
    assert_int_equal(kept->verdict.n_lines, 0);
    assert_int_equal(ag_policy_types(kept->policy), AG_KIND(key)->bit);
}

/* A refusal that stands is not asked away. */
static void test_refused_before(void **state)
{
    house_t h = open_house(*state);
    ag_exchange_t exchange = {0};
    ag_check_t one = {.exchange = &exchange, .policy = h.policy};

    h.policy->anonymous = 1;
    one.verdict.reason = AG_R_RATE_EXCEEDED;
    assert_int_equal(ag_step_identify(&one), AG_R_RATE_EXCEEDED);
    assert_null(one.verdict.who);
}

/* A provider that the section does not name reads nothing. */
static void test_providers(void **state)
{
    house_t h = open_house(*state);

    h.policy->providers = AG_KIND(key)->bit;
    h.policy->key_from.n = 1; /* X-API-Key alone */
    h.policy->key_from.places = AG_FROM_BIT(AG_FROM_HEADER);
    h.authorization = apr_pstrcat(h.p, "Bearer ", token_of(&h, CLAIMS), NULL);
    assert_int_equal(identify(&h).reason, AG_R_CREDENTIAL_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify),  cmocka_unit_test(test_identify_refused),
        cmocka_unit_test(test_anonymous), cmocka_unit_test(test_refused_before),
        cmocka_unit_test(test_providers), cmocka_unit_test(test_keep),
    };

    return cmocka_run_group_tests_name("guard: identify", tests, maker_start, maker_stop);
}
