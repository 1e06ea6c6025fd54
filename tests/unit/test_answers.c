/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_answers: the table of an answer's fields: which rows run when, in which order, and what each of them
 * says. The rate limit fields are test_quota's.
 */
#include "answer_fixture.h"

#include "../../src/reply/cors.h"

static ag_quota_line_t line = LINE("5/min", "\"5/min\"", "ip:192.0.2.1", 5, 60, 0, 9, 9, 1, 0);
enum {
    APIKEY = AG_FROM_BIT(AG_FROM_APIKEY),
    BEARER = AG_FROM_BIT(AG_FROM_BEARER),
    BASIC = AG_FROM_BIT(AG_FROM_BASIC),
    FIELD = AG_FROM_BIT(AG_FROM_HEADER) | AG_FROM_BIT(AG_FROM_PLAIN)
};

static const ag_cors_t anybody = {.any = 1, .methods = "GET", .max_age = "600"};
static const ag_challenge_t apikey = {.field = "WWW-Authenticate", .places = APIKEY};
static const ag_deprecated_t deprecated = {.since = "@1", .link = "</v2/>"};
static ag_verdict_t refused = {.reason = AG_R_RATE_EXCEEDED,
                               .retry_after = 9,
                               .lines = &line,
                               .n_lines = 1,
                               .field = "Accept",
                               .field_value = "application/json"};

#define ENDS "Deprecation: @1\nLink: </v2/>\n"
#define CORS "Access-Control-Allow-Origin: *\nAccess-Control-Expose-Headers: Retry-After\n"
#define CSP                                                                                                          \
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\n"
#define DO    "Accept: application/json\n"
#define QUOTA "RateLimit-Policy: \"5/min\";q=5;w=60\nRateLimit: \"5/min\";r=0;t=9\n"

#define HARD                                                                                                         \
    "Cross-Origin-Resource-Policy: same-origin\nReferrer-Policy: no-referrer\nX-Content-Type-Options: nosniff\n"
#define HSTS "Strict-Transport-Security: max-age=31536000; includeSubDomains\n"

/* ---- the table ------------------------------------------------------------------------------- */

/* An answer about which every row has something to say. */
static ag_answer_t full(unsigned moments, apr_pool_t *p)
{
    ag_answer_t a = page_make(NULL, moments, p);

    a.verdict = a.refused = a.limited = &refused;
    a.personal = 1;
    a.parts = "X-Part";
    a.forms = AG_QUOTA_DRAFT_11;
    a.challenge = &apikey;
    a.deprecated = &deprecated;
    a.cors = &anybody;
    a.page = 1;
    a.preset = ag_hardening_preset(AG_HARDEN_API, 0);
    a.secure = 1;
    return a;
}

/* All of it where nothing of it is wanted. */
static ag_answer_t empty(unsigned moments, apr_pool_t *p)
{
    static ag_verdict_t passed;
    ag_answer_t a = page_make(NULL, moments, p);

    a.verdict = &passed;
    return a;
}

static const struct {
    const char *name;
    unsigned moments;
} rows[] = {
#define AG_ANSWER(name, moments, wanted) {#name, moments},
#include "../../src/reply/answers.def"
#undef AG_ANSWER
};

static const unsigned moments[] = {AG_AT_ANSWER, AG_AT_SENDING, AG_AT_PARTS, AG_AT_REFUSAL, AG_AT_STATUS};

/* Each moment is some row's, and each row has one. */
static void test_moments(void **state)
{
    unsigned all = 0, every = 0;
    int i;

    (void)state;
    for (i = 0; i < N_OF(rows); i++) {
        assert_true(rows[i].moments != 0);
        all |= rows[i].moments;
    }
    for (i = 0; i < N_OF(moments); i++) {
        every |= moments[i];
    }
    assert_int_equal(all, every);
}

/* Each row alone, at each of its moments: it adds something; at others, and where it is not wanted, the answer
 * stays as it is, and nobody is told that there would be anything. */
static void run_row(int number, apr_pool_t *p)
{
    static void (*const run[])(const ag_answer_t *a) = {
#define AG_ANSWER(name, moments, wanted) ag_answer_##name,
#include "../../src/reply/answers.def"
#undef AG_ANSWER
    };
    ag_answer_t a = full(rows[number].moments, p);
    int before = apr_table_elts(a.ctx)->nelts;

    run[number](&a);
    assert_true(apr_table_elts(a.ctx)->nelts > before);
}

static void test_each_row(void **state)
{
    int i;

    for (i = 0; i < N_OF(rows); i++) {
        run_row(i, *state);
    }
}

static void test_nothing_wanted(void **state)
{
    int i;

    for (i = 0; i < N_OF(moments); i++) {
        ag_answer_t a = empty(moments[i], *state);
        const char *no_store = moments[i] == AG_AT_REFUSAL ? "Cache-Control: no-store\n" : "";

        assert_int_equal(ag_answer_any(&a), *no_store != '\0');
        assert_string_equal(page_say(&a), no_store);
    }
}

static void test_order(void **state)
{
    static const struct {
        unsigned moments;
        const char *fields;
    } cases[] = {
        {0, ""},
        {AG_AT_ANSWER, "Cache-Control: private, no-cache\n" DO ENDS CORS CSP HARD},
        {AG_AT_SENDING, QUOTA HSTS},
        {AG_AT_ANSWER | AG_AT_SENDING, "Cache-Control: private, no-cache\n" QUOTA DO ENDS CORS CSP HARD HSTS},
        {AG_AT_PARTS, "Cache-Control: private, no-cache\nVary: X-Part\n"},
        {AG_AT_REFUSAL,
         "Retry-After: 9\n" QUOTA "Cache-Control: no-store\n" DO "WWW-Authenticate: ApiKey realm=\"API\"\n"},
        {AG_AT_STATUS, "WWW-Authenticate: ApiKey realm=\"API\"\n"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_answer_t a = full(cases[i].moments, *state);

        assert_int_equal(ag_answer_any(&a), *cases[i].fields != '\0');
        assert_string_equal(page_say(&a), cases[i].fields);
    }
}

/* A request that is refused twice, in another pass through the hooks, has each field once. */
static void test_twice(void **state)
{
    ag_answer_t a = full(AG_AT_REFUSAL, *state);
    const char *once = page_say(&a);

    assert_string_equal(page_say(&a), once);
}

/* ---- caching --------------------------------------------------------------------------------- */

#define VARY "Vary: X-API-Key, Authorization\n"

static void test_whose_answer(void **state)
{
    static const struct {
        const char *said[5];
        const char *own, *parts;
    } cases[] = {
        {{NULL}, "Cache-Control: private, no-cache\n", "Cache-Control: private, no-cache\nVary: X\n"},
        {{"Expires", "0", NULL},
         "Expires: 0\nCache-Control: private\n" VARY,
         "Expires: 0\nCache-Control: private, no-cache\nVary: X\n"},
        {{"Cache-Control", "max-age=60", NULL},
         "Cache-Control: max-age=60, private\n" VARY,
         "Cache-Control: private, no-cache\nVary: X\n"},
        {{"Cache-Control", "Public, max-age=60", NULL},
         "Cache-Control: Public, max-age=60\n" VARY,
         "Cache-Control: private, no-cache\nVary: X\n"},
        {{"Cache-Control", "s-maxage=5", NULL},
         "Cache-Control: s-maxage=5\n" VARY,
         "Cache-Control: private, no-cache\nVary: X\n"},
        {{"Cache-Control", "must-revalidate", NULL},
         "Cache-Control: must-revalidate\n" VARY,
         "Cache-Control: private, no-cache\nVary: X\n"},
        {{"Cache-Control", "PRIVATE", "Vary", "Accept", NULL},
         "Cache-Control: PRIVATE\nVary: Accept, X-API-Key, Authorization\n",
         "Cache-Control: PRIVATE\nVary: Accept, X\n"},
        {{"Cache-Control", "no-store", NULL}, "Cache-Control: no-store\n" VARY, "Cache-Control: no-store\nVary: X\n"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_answer_t own = page_make(cases[i].said, AG_AT_ANSWER, *state);
        ag_answer_t parts = page_make(cases[i].said, AG_AT_PARTS, *state);

        own.personal = 1;
        parts.parts = "X";
        assert_string_equal(page_say(&own), cases[i].own);
        assert_string_equal(page_say(&parts), cases[i].parts);
    }
}

static void test_refusals_are_not_kept(void **state)
{
    static const char *const said[] = {"Cache-Control", "public, max-age=60", NULL};
    ag_answer_t a = page_make(said, AG_AT_REFUSAL, *state);

    a.verdict = &refused;
    assert_string_equal(page_say(&a), "Cache-Control: no-store\nRetry-After: 9\n");
}

/* ---- challenges ------------------------------------------------------------------------------ */

static void test_challenges(void **state)
{
    static const struct {
        ag_reason_e reason;
        const char *detail, *wanted;
        unsigned places;
        int by_bearer;
        const char *realm, *fields;
    } cases[] = {
        {AG_R_CREDENTIAL_MISSING, NULL, NULL, APIKEY, 0, NULL, "WWW-Authenticate: ApiKey realm=\"API\"\n"},
        {AG_R_CREDENTIAL_MISSING, NULL, NULL, APIKEY | BEARER | BASIC, 0, "Acme API",
         "WWW-Authenticate: ApiKey realm=\"Acme API\"\n"
         "WWW-Authenticate: Bearer realm=\"Acme API\"\n"
         "WWW-Authenticate: Basic realm=\"Acme API\"\n"},
        {AG_R_CREDENTIAL_MISSING, NULL, NULL, 0, 1, "A", ""},
        {AG_R_CREDENTIAL_MISSING, NULL, NULL, FIELD, 1, "A", ""},
        {AG_R_CREDENTIAL_MISSING, NULL, NULL, BEARER, 1, "A",
         "WWW-Authenticate: Bearer realm=\"A\"\n"}, /* RFC 6750 s3.1: no error= then */
        {AG_R_KEY_INVALID, NULL, NULL, APIKEY | BEARER, 0, "A",
         "WWW-Authenticate: ApiKey realm=\"A\"\nWWW-Authenticate: Bearer realm=\"A\"\n"},
        {AG_R_KEY_INVALID, NULL, NULL, APIKEY | BEARER, 1, "A",
         "WWW-Authenticate: ApiKey realm=\"A\"\nWWW-Authenticate: Bearer realm=\"A\", "
         "error=\"invalid_token\", error_description=\"The API key is not valid\"\n"},
        {AG_R_TOKEN_EXPIRED, "the token has expired", NULL, BEARER, 1, "A",
         "WWW-Authenticate: Bearer realm=\"A\", error=\"invalid_token\", "
         "error_description=\"the token has expired\"\n"},
        {AG_R_TOKEN_INVALID, "a\"b\\c\r\nX-Evil: 1\x7F", NULL, BEARER, 1, "A",
         "WWW-Authenticate: Bearer realm=\"A\", error=\"invalid_token\", "
         "error_description=\"a\\\"b\\\\c  X-Evil: 1 \"\n"},
        {AG_R_SCOPE_INSUFFICIENT, NULL, "read orders:\"x\"", BEARER, 1, "A",
         "WWW-Authenticate: Bearer realm=\"A\", error=\"insufficient_scope\", "
         "error_description=\"The credential lacks a required scope\", "
         "scope=\"read orders:\\\"x\\\"\"\n"},
        {AG_R_SCOPE_INSUFFICIENT, NULL, "read", BEARER, 0, "A", "WWW-Authenticate: Bearer realm=\"A\"\n"},
        {AG_R_ROLE_INSUFFICIENT, NULL, "read", BEARER, 1, "A",
         "WWW-Authenticate: Bearer realm=\"A\", error=\"insufficient_scope\", "
         "error_description=\"The credential lacks a required role\"\n"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_verdict_t verdict = {.reason = cases[i].reason, .detail = cases[i].detail, .wanted = cases[i].wanted};
        ag_challenge_t challenge = {.field = "WWW-Authenticate",
                                    .places = cases[i].places,
                                    .by_bearer = cases[i].by_bearer,
                                    .realm = cases[i].realm};
        ag_answer_t a = page_make(NULL, AG_AT_STATUS, *state);

        a.verdict = &verdict;
        a.challenge = &challenge;
        assert_string_equal(page_say(&a), cases[i].fields);
    }
}

/* Where a client learns who gives tokens (RFC 9728 s5.1) stands on Bearer alone, with all scopes instead of the failed
 * rule's. */
static void test_metadata(void **state)
{
    ag_challenge_t challenge = {
        .field = "WWW-Authenticate", .places = BEARER | BASIC | APIKEY, .metadata = "https://a/doc", .scopes = "a b"};
    ag_verdict_t verdict = {.reason = AG_R_SCOPE_INSUFFICIENT, .wanted = "a"};
    ag_answer_t a = page_make(NULL, AG_AT_STATUS, *state);

    a.verdict = &verdict;
    a.challenge = &challenge;
    assert_string_equal(page_say(&a), "WWW-Authenticate: Bearer realm=\"API\", scope=\"a b\", "
                                      "resource_metadata=\"https://a/doc\"\n"
                                      "WWW-Authenticate: ApiKey realm=\"API\"\n"
                                      "WWW-Authenticate: Basic realm=\"API\"\n");
    challenge.by_bearer = 1;
    challenge.scopes = NULL;
    challenge.places = BEARER;
    a = page_make(NULL, AG_AT_STATUS, *state);
    a.verdict = &verdict;
    a.challenge = &challenge;
    assert_string_equal(page_say(&a), "WWW-Authenticate: Bearer realm=\"API\", error=\"insufficient_scope\", "
                                      "error_description=\"The credential lacks a required scope\", "
                                      "resource_metadata=\"https://a/doc\"\n");
}

/* A proxy's challenge has a name of its own; what stands there is replaced, or kept where there is to be none. */
static void test_whose_challenge(void **state)
{
    static const char *const said[] = {"WWW-Authenticate", "Basic", "Proxy-Authenticate", "Basic", NULL};
    static const ag_challenge_t challenge = {.field = "Proxy-Authenticate", .places = BASIC};
    ag_answer_t a = page_make(said, AG_AT_STATUS, *state);

    a.verdict = &refused;
    assert_string_equal(page_say(&a), "WWW-Authenticate: Basic\nProxy-Authenticate: Basic\n");
    a.challenge = &challenge;
    assert_string_equal(page_say(&a), "WWW-Authenticate: Basic\nProxy-Authenticate: Basic realm=\"API\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_moments),         TEST(test_each_row),     TEST(test_nothing_wanted),        TEST(test_order),
        TEST(test_twice),           TEST(test_whose_answer), TEST(test_refusals_are_not_kept), TEST(test_challenges),
        TEST(test_whose_challenge), TEST(test_metadata),
    };

    return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
