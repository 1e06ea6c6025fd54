/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_guard_origin: from which pages a request may come whose credential is a cookie.
 */
#include "policy_fixture.h"

#include "../../src/guard/guard.h"

static int over_tls;

static int is_secure(const ag_request_t *request, const char *proto)
{
    (void)request;
    return proto ? strcmp(proto, "X-Forwarded-Proto") == 0 : over_tls;
}

#define HOST   "Host", "api.example"
#define OWN    "Origin", "https://api.example"
#define LISTED "Origin", "https://app.example"
#define OTHER  "Origin", "https://evil.test"
#define SITE   "Sec-Fetch-Site"

static const struct {
    const char *fields[8];
    int foreign;
} cases[] = {
    {{HOST}, 0},
    {{HOST, OWN}, 0},
    {{HOST, "Origin", "http://api.example"}, 1},
    {{HOST, OTHER}, 1},
    {{HOST, "Origin", "null"}, 1},
    {{HOST, "Origin", ""}, 1},
    {{HOST, "Origin", "https://api.example, https://api.example"}, 1},
    {{HOST, "Origin", "https://evil.test, https://app.example"}, 1},
    {{HOST, "Origin", "https://www.api.example"}, 1},
    {{OWN}, 1}, /* HTTP/1.0 without Host */
    /* the browser knows better than two names that differ */
    {{HOST, SITE, "same-origin"}, 0},
    {{HOST, OTHER, SITE, "same-origin"}, 0},
    {{HOST, "Origin", "null", SITE, "same-origin"}, 0},
    {{HOST, SITE, "none"}, 0},
    {{HOST, SITE, "cross-site"}, 1},
    {{HOST, OWN, SITE, "cross-site"}, 1}, /* another site has sent it on */
    {{HOST, OTHER, SITE, "cross-site"}, 1},
    {{HOST, SITE, "same-site"}, 0},
    {{HOST, OWN, SITE, "same-site"}, 0},
    {{HOST, "Origin", "https://www.api.example", SITE, "same-site"}, 1},
    {{HOST, SITE, ""}, 1},
    {{HOST, SITE, "Same-Origin"}, 1},
    {{HOST, SITE, "same-origin, cross-site"}, 1},
    {{HOST, SITE, "new-word"}, 1},
    /* those that may use credentials */
    {{HOST, LISTED}, 0},
    {{HOST, LISTED, SITE, "cross-site"}, 0},
    {{HOST, LISTED, SITE, "same-site"}, 0},
    {{HOST, LISTED, SITE, "new-word"}, 0},
    {{HOST, "Origin", "https://app.example.evil.test", SITE, "cross-site"}, 1},
};

static int is_foreign(const ag_policy_t *policy, const char *const *fields, apr_pool_t *p)
{
    ag_exchange_t exchange = {.request = make_request(fields, p)};
    ag_check_t check = {.exchange = &exchange, .policy = policy};

    exchange.request.secure = is_secure;
    return ag_guard_foreign(&check);
}

static const ag_policy_t *with_cors(const char *line, apr_pool_t *p)
{
    conf_t c = conf_of(p);

    return section(AG_POLICY_cors, SAYS(line), &c);
}

static void test_pages(void **state)
{
    const ag_policy_t *policy = with_cors("origin=https://app.example credentials", *state);
    int i;

    over_tls = 1;
    for (i = 0; i < N_OF(cases); i++) {
        if (is_foreign(policy, cases[i].fields, *state) != cases[i].foreign) {
            fail_msg("case %d: %s %s", i, cases[i].fields[2], cases[i].fields[3]);
        }
    }
}

/* Behind a proxy that ends TLS, pages are https; without TLS at all, http. */
static void test_without_tls(void **state)
{
    static const char *const http[] = {HOST, "Origin", "http://api.example", NULL},
                             *const https[] = {HOST, OWN, NULL},
                             *const other[] = {HOST, "Origin", "http://evil.test", NULL};
    const ag_policy_t *policy = ag_policy_make(*state);

    over_tls = 0;
    assert_false(is_foreign(policy, http, *state));
    assert_false(is_foreign(policy, https, *state));
    assert_true(is_foreign(policy, other, *state));
}

/* Whose proxy says that the client used TLS (ApiGuardTLS proto=), has no pages of plain http. */
static void test_a_proxys_word(void **state)
{
    static const char *const http[] = {HOST, "Origin", "http://api.example", NULL};
    static const char *const https[] = {HOST, OWN, NULL};
    conf_t c = conf_of(*state);
    const ag_policy_t *policy = section(AG_POLICY_tls, SAYS("require proto=X-Forwarded-Proto"), &c);

    over_tls = 0;
    assert_true(is_foreign(policy, http, *state));
    assert_false(is_foreign(policy, https, *state));
}

/* An origin whose pages may read answers is none that may use the reader's cookies. */
static void test_without_credentials(void **state)
{
    static const char *const fields[] = {HOST, LISTED, NULL}, *const null[] = {HOST, "Origin", "null", NULL};

    over_tls = 1;
    assert_true(is_foreign(with_cors("origin=https://app.example", *state), fields, *state));
    assert_true(is_foreign(with_cors("origin=*", *state), fields, *state));
    assert_true(is_foreign(with_cors("origin=null", *state), null, *state));
    assert_true(is_foreign(ag_policy_make(*state), fields, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_pages), TEST(test_without_tls), TEST(test_a_proxys_word),
                                       TEST(test_without_credentials)};

    return cmocka_run_group_tests_name("guard origin", tests, NULL, NULL);
}
