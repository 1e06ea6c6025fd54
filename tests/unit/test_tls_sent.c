/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counts as a credential where none may be sent in clear, and what the step makes of it.
 */
#include "cred_fixture.h"

#include "../../src/guard/guard.h"

#define NOBODY_S "agk_0000000000000000000000000000000000000000000000000" /* our shape, a wrong checksum */

static char ours[AG_KEY_MAX + 1];

typedef struct {
    const char *field, *value, *args;
    unsigned places; /* where the section reads keys */
    int sent;
    const char *kind; /* NULL: that does not show */
} sent_t;

static void test_sent(void **state)
{
    const sent_t cases[] = {
        {"Accept", "*/*", NULL, ALL, 0, NULL},
        {"X-API-Key", ours, NULL, H, 1, "key"},
        {"x_api_key", ours, NULL, H, 1, "key"},
        {"X-API-Key", "an imported one", NULL, H, 1, "key"},
        {"X-API-Key", "", NULL, H, 0, NULL},
        {"X-API-Key", " \t", NULL, H, 0, NULL},
        {"X-API-Key", ours, NULL, Q, 0, NULL}, /* read by nobody here */
        {"Accept", "x", "a=1&api_key=x", Q, 1, "key"},
        {"Accept", "x", "a=1;api%5Fkey=x", Q, 1, "key"},
        {"Accept", "x", "api_key=", Q, 0, NULL},
        {"Accept", "x", "api_key=x", H, 0, NULL},
        {"Cookie", "a=b; key=x", NULL, C, 1, "key"},
        {"Cookie", "a=b; key=x", NULL, H, 0, NULL},
        {"Cookie", "a=b; key=", NULL, C, 0, NULL},
        /* Authorization always, whatever the section reads */
        {"Authorization", "Bearer a.b.c", NULL, H, 1, "jwt"},
        {"Authorization", "Bearer opaque", NULL, BEARER, 1, "key"},
        {"Authorization", "Bearer opaque", NULL, H, 1, NULL},
        {"Authorization", "bearer", NULL, H, 1, NULL},
        {"Authorization", ours, NULL, H, 1, "key"},
        {"Authorization", "Digest username=\"u\"", NULL, H, 1, NULL},
        {"Authorization", "Digest username=\"u\"", NULL, PLAIN, 1, "key"},
        {"Authorization", "Basic dTpwYXNzd29yZA==", NULL, H, 1, NULL}, /* u:password */
        {"Authorization", "Basic dTpwYXNzd29yZA==", NULL, BASIC, 1, "key"},
        {"Authorization", "Basic dTo=", NULL, H, 1, NULL},
        {"Authorization", "Basic a, Bearer b", NULL, H, 1, NULL},
        {"Authorization", "", NULL, ALL, 0, NULL},
        {"Authorization", " ", NULL, ALL, 0, NULL},
        {"Proxy-Authorization", "Basic dTpwYXNzd29yZA==", NULL, H, 1, NULL},
        {"Proxy-Authorization", "", NULL, H, 0, NULL},
        {"Proxy_Authorization", "x", NULL, H, 1, NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *fields[] = {cases[i].field, cases[i].value, NULL};
        ag_request_t request = make_request(fields, *state);
        ag_key_from_t from = from_of(cases[i].places, *state);
        ag_credential_t found;
        const char *kind;

        request.args = cases[i].args;
        if (!ag_cred_sent(&found, &request, &from) != !cases[i].sent) {
            fail_msg("%s: %s, %s", cases[i].field, cases[i].value, cases[i].args);
        }
        kind = found.type ? found.type->kind->name : NULL;
        if (strcmp(kind ? kind : "", cases[i].kind ? cases[i].kind : "") != 0) {
            fail_msg("%s: %s is a %s", cases[i].field, cases[i].value, kind);
        }
    }
}

/* ---- the step ------------------------------------------------------------------------------------ */

static const char *asked; /* under which name the scheme was asked for */

static int in_clear(const ag_request_t *request, const char *proto)
{
    (void)request;
    asked = proto;
    return 0;
}

static int over_tls(const ag_request_t *request, const char *proto)
{
    (void)request;
    asked = proto;
    return 1;
}

static ag_verdict_t step(int mode, const char *key, int (*secure)(const ag_request_t *, const char *), apr_pool_t *p)
{
    const char **fields = apr_pcalloc(p, 3 * sizeof *fields);
    ag_policy_t *policy = ag_policy_make(p);
    ag_exchange_t *exchange = apr_pcalloc(p, sizeof *exchange);
    ag_check_t check = {.exchange = exchange, .policy = policy};
    ag_reason_e reason;

    fields[0] = key ? "X-API-Key" : NULL;
    fields[1] = key;
    exchange->request = make_request(fields, p);
    exchange->request.secure = secure;
    policy->tls.mode = mode;
    policy->tls.proto = "X-Scheme";
    reason = ag_step_tls(&check);
    assert_int_equal(reason, check.verdict.reason);
    assert_string_equal(asked, "X-Scheme");
    return check.verdict;
}

static void test_step(void **state)
{
    ag_verdict_t verdict = step(AG_TLS_REQUIRE, ours, over_tls, *state);

    assert_int_equal(verdict.reason, AG_R_NONE);
    verdict = step(AG_TLS_REQUIRE, NULL, in_clear, *state);
    assert_int_equal(verdict.reason, AG_R_TLS_REQUIRED);
    assert_false(verdict.over_tls || verdict.detail || verdict.kind || verdict.shown);
    verdict = step(AG_TLS_REDIRECT, NULL, in_clear, *state);
    assert_int_equal(verdict.reason, AG_R_TLS_REQUIRED);
    assert_true(verdict.over_tls);
}

static void test_step_names_a_key(void **state)
{
    int mode;

    for (mode = AG_TLS_REDIRECT; mode <= AG_TLS_REQUIRE; mode++) {
        ag_verdict_t verdict = step(mode, ours, in_clear, *state);

        assert_int_equal(verdict.reason, AG_R_TLS_REQUIRED);
        assert_false(verdict.over_tls);
        assert_non_null(verdict.detail);
        assert_string_equal(verdict.kind, "key");
        assert_int_equal(strlen(verdict.shown->key_id), strlen("agk_") + AG_KEY_PUBLIC_CHARS);
        assert_int_equal(strncmp(verdict.shown->key_id, ours, strlen(verdict.shown->key_id)), 0);
        assert_null(verdict.shown->client);
        /* what is no key of ours may be a password: none of it is shown */
        assert_null(step(mode, NOBODY_S, in_clear, *state).shown);
        assert_null(step(mode, "hunter2", in_clear, *state).shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_sent), TEST(test_step), TEST(test_step_names_a_key)};

    if (apr_initialize() != APR_SUCCESS || ag_key_make(ours, "agk") != APR_SUCCESS) {
        return 1;
    }
    return cmocka_run_group_tests_name("guard: credentials in clear", tests, NULL, NULL);
}
