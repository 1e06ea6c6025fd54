/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cors_values: the lines of ApiGuardCORS: what is made of them, and which of them stop the start.
 */
#include "policy_fixture.h"

#define A "origin=https://a.example"

static const ag_cors_t *cors_of(const char *line, apr_pool_t *p)
{
    conf_t c = conf_of(p);

    return section(AG_POLICY_cors, SAYS(line), &c)->cors;
}

static void test_defaults(void **state)
{
    const ag_cors_t *cors = cors_of(A, *state);

    assert_int_equal(cors->n, 1);
    assert_false(cors->any || cors->credentials || cors->private_network);
    assert_string_equal(cors->methods, "GET, HEAD, PUT, PATCH, POST, DELETE, QUERY");
    assert_null(cors->headers);
    assert_null(cors->expose);
    assert_string_equal(cors->max_age, "600");
    assert_null(ag_policy_make(*state)->cors);
    assert_null(cors_of("off", *state));
    assert_null(cors_of("OFF", *state));
}

static void test_all_of_it(void **state)
{
    const ag_cors_t *cors =
        cors_of("max-age=1h private-network credentials expose=ETag,Link headers=X-A methods=GET,M-SEARCH "
                "origin=https://a.example,https://*.b.example,http://c.example:8080",
                *state);

    assert_int_equal(cors->n, 3);
    assert_true(cors->credentials && cors->private_network && !cors->any);
    assert_string_equal(cors->methods, "GET, M-SEARCH");
    assert_string_equal(cors->headers, "X-A");
    assert_string_equal(cors->expose, "ETag, Link");
    assert_string_equal(cors->max_age, "3600");
    assert_true(ag_cors_lists(cors, "https://a.example"));
    assert_true(ag_cors_lists(cors, "https://x.b.example"));
    assert_true(ag_cors_lists(cors, "http://c.example:8080"));
    assert_false(ag_cors_lists(cors, "https://b.example"));
    assert_false(ag_cors_lists(cors, "null"));
    assert_false(ag_cors_lists(cors, ""));
    assert_false(ag_cors_lists(cors, NULL));
}

static void test_stars(void **state)
{
    const ag_cors_t *cors = cors_of("origin=* methods=* headers=* expose=* max-age=0", *state);

    assert_true(cors->any);
    assert_string_equal(cors->methods, "*");
    assert_string_equal(cors->headers, "*, Authorization"); /* which the star does not stand for */
    assert_string_equal(cors->expose, "*");
    assert_string_equal(cors->max_age, "0");
    assert_true(ag_cors_lists(cors, "https://a.example"));
    assert_true(ag_cors_lists(cors, "null"));
    assert_false(ag_cors_lists(cors, "https://a.example, https://b.example"));
    assert_false(ag_cors_lists(cors, NULL));
}

static void test_mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"on", "\"on\" is not allowed: origin=ORIGIN,..."},
        {"https://a.example", "\"https://a.example\" is not allowed: origin="},
        {"*", "\"*\" is not allowed"},
        {"off " A, "\"off\" is not allowed"},
        {A " off", "\"off\" is not allowed"},
        {"credentials", "origin= is missing"},
        {"methods=GET", "origin= is missing"},
        {"origin=", "origin=: a value is missing"},
        {A " methods=", "methods=: a value is missing"},
        {A " headers=", "headers=: a value is missing"},
        {A " expose=", "expose=: a value is missing"},
        {A " max-age=", "max-age=: a value is missing"},
        {A " " A, "origin stands there twice"},
        {A " credentials credentials", "credentials stands there twice"},
        {A " methods=GET methods=POST", "methods stands there twice"},
        {A " credentials=yes", "\"credentials=yes\" is not allowed"},
        {A " method=GET", "\"method=GET\" is not allowed"},
        {A ",", "origin=: something is missing before or behind a comma"},
        {"origin=,https://a.example", "origin=: something is missing"},
        {A ",,https://b.example", "origin=: something is missing"},
        {A ",https://a.example", "origin=: \"https://a.example\" stands there twice"},
        {A ",*", "origin=: \"*\" stands alone"},
        {"origin=https://A.example", "origin=: \"https://A.example\" is no origin: browsers"},
        {"origin=\"https://a.example, https://b.example\"", "origin=: \" https://b.example\" is no origin"},
        {A " methods=get", "methods=: \"get\" is no method in capital letters"},
        {A " methods=GET,Post", "methods=: \"Post\" is no method"},
        {A " methods=\"GET POST\"", "methods=: \"GET POST\" is no method"},
        {A " methods=GET,*", "methods=: \"*\" stands alone"},
        {A " methods=GET,GET", "methods=: \"GET\" stands there twice"},
        {A " headers=X-A,X:B", "headers=: \"X:B\" is no name of a field"},
        {A " headers=\"X A\"", "headers=: \"X A\" is no name"},
        {A " headers=X-A,x-a", "headers=: \"x-a\" stands there twice"},
        {A " headers=\"X-A\x01\"", "headers=: \"X-A\x01\" is no name"},
        {A " headers=*,X-A", "headers=: \"*\" stands alone"},
        {A " expose=Li(nk", "expose=: \"Li(nk\" is no name"},
        {A " expose=\"a\x7F\"", "expose=: \"a\x7F\" is no name"},
        {A " max-age=soon", "max-age=: \"soon\" is not a duration"},
        {A " max-age=-1", "max-age=: \"-1\" is not a duration"},
        {"origin=* credentials", "with credentials, origin=* is not allowed"},
        {"credentials " A ",null", "with credentials, origin=null"},
        {A " credentials methods=*", "with credentials, a browser takes *"},
        {A " credentials headers=*", "with credentials, a browser takes *"},
        {A " credentials expose=*", "with credentials, a browser takes *"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = ag_policy_make(*state);
        const char *error = policy_reads(policy, AG_POLICY_cors, cases[i][0], &c);
        const char *begin = apr_pstrcat(*state, "ApiGuardCORS: ", cases[i][1], NULL);

        if (!error || strncmp(error, begin, strlen(begin)) != 0) {
            fail_msg("%s: %s", cases[i][0], error ? error : "(none)");
        }
        assert_null(policy->cors);
    }
}

/* The inner line takes the place of the outer one; nothing of that is left. */
static void test_merged(void **state)
{
    conf_t c = conf_of(*state);
    const ag_policy_t *outer = section(AG_POLICY_cors, SAYS(A " credentials max-age=5"), &c);
    const ag_policy_t *inner = section(AG_POLICY_cors, SAYS("origin=https://b.example"), &c);
    const ag_policy_t *off = section(AG_POLICY_cors, SAYS("off"), &c);
    const ag_cors_t *cors = ag_policy_merge(outer, inner, *state)->cors;

    assert_false(ag_cors_lists(cors, "https://a.example"));
    assert_true(ag_cors_lists(cors, "https://b.example"));
    assert_false(cors->credentials);
    assert_null(ag_policy_merge(outer, off, *state)->cors);
    assert_non_null(ag_policy_merge(outer, section(AG_POLICY_leeway, SAYS("5"), &c), *state)->cors);
}

/* What a preflight allows unless headers= says it: where this section reads keys and tokens. */
static void test_headers(void **state)
{
    static const char *const cases[][2] = {
        {"header:X-API-Key bearer", "Authorization, Content-Type, X-API-Key"},
        {"bearer", "Authorization, Content-Type"},
        {"cookie:k query:q header:X-A header:authorization header:X-B", "Authorization, Content-Type, X-A, X-B"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_policy_t *policy = section(AG_POLICY_key_from, SAYS(cases[i][0]), &c);

        assert_null(policy_reads(policy, AG_POLICY_cors, A, &c));
        assert_string_equal(ag_policy_cors_headers(policy, *state), cases[i][1]);
        assert_null(policy_reads(policy, AG_POLICY_cors, A " headers=X-Z", &c));
        assert_string_equal(ag_policy_cors_headers(policy, *state), "X-Z");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults), TEST(test_all_of_it), TEST(test_stars),
        TEST(test_mistakes), TEST(test_merged),    TEST(test_headers),
    };

    return cmocka_run_group_tests_name("cors values", tests, NULL, NULL);
}
