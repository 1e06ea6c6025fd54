/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told: the problem document, the challenges, and the rate limit fields byte for
 * byte.
 */
#include "unit.h"

#include "../../src/base/json.h"
#include "../../src/reply/reply.h"

/* A line; what a window says of itself was put together with the configuration. */
#define FIELD(quoted, q, w) quoted ";q=" #q ";w=" #w
#define BEGIN(quoted)       ", " quoted ";r="
#define LINE(policy_, quoted, subject_, q, w, r, t, retry_, refused_, dry)                                           \
    {                                                                                                                \
        .policy = &(ag_quota_policy_t){policy_,                                                                      \
                                       FIELD(quoted, q, w),                                                          \
                                       BEGIN(quoted),                                                                \
                                       sizeof FIELD(quoted, q, w) - 1,                                               \
                                       sizeof BEGIN(quoted) - 1,                                                     \
                                       w,                                                                            \
                                       APR_UINT64_C(q)},                                                             \
        .subject = subject_, .quota = {APR_UINT64_C(r), t, retry_}, .refused = refused_, .dry_run = dry              \
    }

static ag_quota_line_t lines[] = {
    LINE("100/min", "\"100/min\"", "ip:192.0.2.1", 100, 60, 42, 17, 0, 0, 0),
    LINE("1000/day", "\"1000/day\"", "client:key::acme", 1000, 86400, 7, 3600, 0, 0, 0),
};

static const char *plain(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return json_is_string(value) ? json_string_value(value) : "(none)";
}

/* ---- the problem document -------------------------------------------------------------------- */

static json_t *problem_of(const ag_verdict_t *verdict, int status, const char *id, apr_pool_t *p)
{
    const char *text = ag_problem(verdict, status, id, p);
    json_t *object = ag_json_object(text, strlen(text), p);

    assert_non_null(object);
    assert_int_equal(text[strlen(text) - 1], '\n');
    return object;
}

static void test_problem(void **state)
{
    ag_verdict_t verdict = {.reason = AG_R_KEY_EXPIRED};
    json_t *problem = problem_of(&verdict, 401, "abc123", *state);

    assert_string_equal(plain(problem, "type"), "about:blank");
    assert_string_equal(plain(problem, "title"), "The API key has expired");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), 401);
    assert_string_equal(plain(problem, "code"), "key_expired");
    assert_string_equal(plain(problem, "request_id"), "abc123");
    assert_string_equal(plain(problem, "error"), "The API key has expired");
    assert_string_equal(plain(problem, "message"), "The API key has expired");
    assert_int_equal(json_object_size(problem), 7); /* no detail, no retry_after */
}

static void test_problem_detail(void **state)
{
    ag_verdict_t verdict = {.reason = AG_R_TOKEN_INVALID, .detail = "a \"quoted\"\n\xFF detail", .retry_after = 5};
    json_t *problem = problem_of(&verdict, 403, NULL, *state);

    assert_int_equal(json_integer_value(json_object_get(problem, "status")), 403);
    assert_string_equal(plain(problem, "detail"), "a \"quoted\"\n\xEF\xBF\xBD detail");
    assert_string_equal(plain(problem, "message"), plain(problem, "detail"));
    assert_string_equal(plain(problem, "error"), "The token is not valid");
    assert_int_equal(json_integer_value(json_object_get(problem, "retry_after")), 5);
    assert_null(json_object_get(problem, "request_id"));
    assert_null(json_object_get(problem, "violated-policies"));
}

static void test_problem_limit(void **state)
{
    ag_principal_t acme = {.client = "acme"};
    ag_quota_line_t told[] = {
        LINE("fine", "\"fine\"", "s", 1, 60, 1, 1, 0, 0, 0),
        LINE("watched", "\"watched\"", "s", 2, 60, 0, 1, 1, 1, 1),
        LINE("a\"b", "\"a\\\"b\"", "s", 100, 60, 0, 12, 12, 1, 0),
        LINE("1000/day", "\"1000/day\"", "s", 1000, 86400, 0, 9, 9, 1, 0),
    };
    ag_verdict_t verdict = {
        .reason = AG_R_RATE_EXCEEDED, .lines = told, .n_lines = 4, .retry_after = 12, .who = &acme};
    json_t *problem = problem_of(&verdict, 429, "id", *state);
    json_t *violated = json_object_get(problem, "violated-policies");

    assert_string_equal(plain(problem, "type"), "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert_string_equal(plain(problem, "detail"), "100 per minute for client acme");
    assert_int_equal(json_array_size(violated), 2);
    assert_string_equal(json_string_value(json_array_get(violated, 0)), "a\"b");
    assert_string_equal(json_string_value(json_array_get(violated, 1)), "1000/day");
    verdict.lines = told + 3;
    verdict.n_lines = 1;
    problem = problem_of(&verdict, 429, "id", *state);
    assert_int_equal(json_array_size(json_object_get(problem, "violated-policies")), 1);
    assert_string_equal(plain(problem, "detail"), "1000 per day for client acme");
    verdict.lines = told;
    verdict.n_lines = 4;
    verdict.who = NULL;
    assert_string_equal(ag_problem_detail(&verdict, *state), "100 per minute");
    verdict.detail = "said already";
    assert_string_equal(ag_problem_detail(&verdict, *state), "said already");
    verdict.detail = NULL;
    verdict.n_lines = 2;
    assert_null(ag_problem_detail(&verdict, *state)); /* a dry run refuses nobody */
    verdict.reason = AG_R_KEY_INVALID;
    verdict.n_lines = 4;
    assert_null(ag_problem_detail(&verdict, *state));
    verdict.wanted = "read write";
    assert_null(ag_problem_detail(&verdict, *state));
    verdict.reason = AG_R_SCOPE_INSUFFICIENT;
    assert_string_equal(ag_problem_detail(&verdict, *state), "one of these scopes is needed: read write");
    verdict.detail = "said already";
    assert_string_equal(ag_problem_detail(&verdict, *state), "said already");
}

static void test_problem_periods(void **state)
{
    static const struct {
        apr_uint32_t seconds;
        const char *detail;
    } cases[] = {
        {1, "5 per second"},    {60, "5 per minute"},     {3600, "5 per hour"},       {86400, "5 per day"},
        {604800, "5 per week"}, {2678400, "5 per month"}, {900, "5 per 900 seconds"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_quota_policy_t policy = {.limit = 5, .window = cases[i].seconds};
        ag_quota_line_t told = {.policy = &policy, .refused = 1};
        ag_verdict_t verdict = {.reason = AG_R_RATE_EXCEEDED, .lines = &told, .n_lines = 1};

        assert_string_equal(ag_problem_detail(&verdict, *state), cases[i].detail);
    }
}

/* A document that does not fit is replaced by a whole one. */
static void test_problem_too_long(void **state)
{
    char *detail = apr_palloc(*state, 5001);
    ag_verdict_t verdict = {.reason = AG_R_IP_DENIED, .detail = detail};
    json_t *problem;

    memset(detail, '"', 5000);
    detail[5000] = '\0';
    problem = problem_of(&verdict, 403, "id", *state);
    assert_string_equal(plain(problem, "code"), "ip_denied");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), 403);
    assert_int_equal(json_object_size(problem), 2);
}

static void test_every_reason(void **state)
{
    int i;

    for (i = 1; i < AG_R_COUNT; i++) {
        ag_verdict_t verdict = {.reason = (ag_reason_e)i};
        const ag_reason_t *reason = ag_reason(verdict.reason);
        json_t *problem = problem_of(&verdict, reason->status, "id", *state);
        int key = strncmp(reason->code, "key_", 4) == 0;

        assert_string_equal(plain(problem, "code"), reason->code);
        assert_string_equal(plain(problem, "type"), reason->type);
        assert_string_equal(plain(problem, "title"), reason->title);
        assert_string_equal(plain(problem, "error"), reason->title);
        assert_string_equal(plain(problem, "message"), reason->title);
        assert_int_equal(ag_reply_status(verdict.reason, AG_INVALID_KEY_401), reason->status);
        assert_int_equal(ag_reply_status(verdict.reason, AG_INVALID_KEY_403), key ? 403 : reason->status);
    }
}

/* ---- challenges ------------------------------------------------------------------------------ */

enum {
    APIKEY = AG_FROM_BIT(AG_FROM_APIKEY),
    BEARER = AG_FROM_BIT(AG_FROM_BEARER),
    BASIC = AG_FROM_BIT(AG_FROM_BASIC),
    FIELD = AG_FROM_BIT(AG_FROM_HEADER) | AG_FROM_BIT(AG_FROM_PLAIN)
};

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
        said_t said = {"", *state};

        ag_challenge(&verdict, cases[i].places, cases[i].by_bearer, cases[i].realm, say, &said, *state);
        assert_string_equal(said.text, cases[i].fields);
    }
}

/* ---- rate limit fields ----------------------------------------------------------------------- */

static const char *fields(ag_quota_line_t *told, int n, unsigned forms, apr_pool_t *p)
{
    ag_verdict_t verdict = {.lines = told, .n_lines = n};
    said_t said = {"", p};

    ag_quota_fields(&verdict, forms, 1700000000, say, &said, p);
    return said.text;
}

#define DRAFT_10                                                                                                     \
    "RateLimit-Policy: \"100/min\";q=100;w=60, \"1000/day\";q=1000;w=86400\n"                                        \
    "RateLimit: \"100/min\";r=42;t=17, \"1000/day\";r=7;t=3600\n"
/* pk: base64 of the first 12 hexadecimal digits of SHA-256 of the subject */
#define DRAFT_8                                                                                                      \
    "RateLimit: \"100/min\"; r=42; t=17, \"1000/day\"; r=7; t=3600\n"                                                \
    "RateLimit-Policy: \"100/min\"; q=100; w=60; pk=:NGZhNzk0MjNlZjJm:, "                                            \
    "\"1000/day\"; q=1000; w=86400; pk=:YzFhMjA2YzBmOWVh:\n"
#define DRAFT_7                                                                                                      \
    "RateLimit-Policy: 1000;w=86400\n"                                                                               \
    "RateLimit: limit=1000, remaining=7, reset=3600\n"
#define DRAFT_6                                                                                                      \
    "RateLimit-Policy: 1000;w=86400\n"                                                                               \
    "RateLimit-Limit: 1000\nRateLimit-Remaining: 7\nRateLimit-Reset: 3600\n"
#define LEGACY "X-RateLimit-Limit: 1000\nX-RateLimit-Remaining: 7\nX-RateLimit-Reset: 1700003600\n"

static void test_fields(void **state)
{
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_10, *state), DRAFT_10);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_8, *state), DRAFT_8);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_7, *state), DRAFT_7);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_6, *state), DRAFT_6);
    assert_string_equal(fields(lines, 2, AG_QUOTA_LEGACY, *state), LEGACY);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_10 | AG_QUOTA_LEGACY, *state), DRAFT_10 LEGACY);
    assert_string_equal(fields(lines, 2, 31, *state), DRAFT_10 DRAFT_8 DRAFT_7 DRAFT_6 LEGACY);
    assert_string_equal(fields(lines, 2, 0, *state), "");
    assert_string_equal(fields(NULL, 0, 31, *state), "");
}

/* A name may hold what a structured field string must escape; numbers may be as large as they
 * get. */
static void test_fields_extreme(void **state)
{
    ag_quota_line_t told[] = {
        LINE("a\"b\\c", "\"a\\\"b\\\\c\"", "s", 18446744073709551615, 4294967295, 18446744073709551615, 4294967295, 0,
             0, 0),
        LINE("\"\"\"\"\"\"\"\"", "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"", "s", 18446744073709551615, 4294967295,
             18446744073709551615, 4294967295, 0, 0, 0),
    };

    assert_string_equal(fields(told, 1, AG_QUOTA_DRAFT_10, *state),
                        "RateLimit-Policy: \"a\\\"b\\\\c\";q=18446744073709551615;w=4294967295\n"
                        "RateLimit: \"a\\\"b\\\\c\";r=18446744073709551615;t=4294967295\n");
    assert_non_null(strstr(fields(told, 2, AG_QUOTA_DRAFT_8, *state),
                           ", \"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"; q=18446744073709551615; "
                           "w=4294967295; pk=:MDQzYTcxODc3NGM1:\n"));
}

/* As many windows as a request can have, with names as long as they get: nothing is cut. */
static void test_fields_many(void **state)
{
    char name[80], quoted[82], field[120], begin[120];
    ag_quota_policy_t policy = *lines[0].policy;
    ag_quota_line_t told[32];
    const char *text;
    int i;

    memset(name, 'n', sizeof name);
    name[79] = '\0';
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    snprintf(field, sizeof field, "%s;q=5;w=1", quoted);
    snprintf(begin, sizeof begin, ", %s;r=", quoted);
    policy.name = name;
    policy.field = field;
    policy.field_size = (apr_uint16_t)strlen(field);
    policy.begin = begin;
    policy.begin_size = (apr_uint16_t)strlen(begin);
    for (i = 0; i < 32; i++) {
        told[i] = lines[0];
        told[i].policy = &policy;
    }
    text = fields(told, 32, AG_QUOTA_DRAFT_10 | AG_QUOTA_DRAFT_8, *state);
    for (i = 0; (text = strstr(text, quoted)); i++) {
        text++;
    }
    assert_int_equal(i, 4 * 32);
    text = fields(told, 32, AG_QUOTA_DRAFT_8, *state);
    assert_non_null(strstr(text, "; r=42; t=17\nRateLimit-Policy: "));
    assert_string_equal(text + strlen(text) - 3, "m:\n");
}

/* Windows of one limit share a text: it is told as it is when all of them are told, and copied piece
 * by piece when not. */
static void test_fields_of_one_text(void **state)
{
    static const char text[] = "\"a\";q=5;w=1, \"b\";q=9;w=9, \"c\";q=7;w=7";
    static const char begins[] = ", \"a\";r=, \"b\";r=, \"c\";r=";
    ag_quota_line_t told[3] = {lines[0], lines[0], lines[0]};
    ag_quota_policy_t policies[3];
    int i;

    for (i = 0; i < 3; i++) {
        policies[i] = (ag_quota_policy_t){"x", text + 13 * i, begins + 8 * i, 11, 8, 1, 5};
        told[i].policy = &policies[i];
    }
    assert_string_equal(fields(told, 3, AG_QUOTA_DRAFT_10, *state),
                        "RateLimit-Policy: \"a\";q=5;w=1, \"b\";q=9;w=9, \"c\";q=7;w=7\n"
                        "RateLimit: \"a\";r=42;t=17, \"b\";r=42;t=17, \"c\";r=42;t=17\n");
    assert_string_equal(fields(told, 2, AG_QUOTA_DRAFT_10, *state), "RateLimit-Policy: \"a\";q=5;w=1, \"b\";q=9;w=9\n"
                                                                    "RateLimit: \"a\";r=42;t=17, \"b\";r=42;t=17\n");
    told[1] = told[2];
    assert_string_equal(fields(told, 2, AG_QUOTA_DRAFT_10, *state), "RateLimit-Policy: \"a\";q=5;w=1, \"c\";q=7;w=7\n"
                                                                    "RateLimit: \"a\";r=42;t=17, \"c\";r=42;t=17\n");
}

/* What has room for one limit tells the one that refuses, else the one with least left. */
static void test_tightest(void **state)
{
    static const struct {
        apr_uint64_t left[3];
        unsigned refused[3];
        int told;
    } cases[] = {
        {{5, 5, 5}, {0, 0, 0}, 0}, {{5, 4, 3}, {0, 0, 0}, 2}, {{5, 3, 4}, {0, 0, 0}, 1}, {{3, 4, 5}, {0, 0, 0}, 0},
        {{0, 0, 0}, {0, 1, 0}, 1}, {{9, 0, 9}, {1, 0, 0}, 0}, {{0, 3, 2}, {0, 1, 1}, 2}, {{2, 3, 0}, {1, 1, 0}, 0},
    };
    int i, j;

    for (i = 0; i < N_OF(cases); i++) {
        ag_quota_policy_t policies[3];
        ag_quota_line_t told[3];

        memset(told, 0, sizeof told);
        for (j = 0; j < 3; j++) {
            policies[j] = (ag_quota_policy_t){.name = "x", .limit = 100 + (apr_uint64_t)j};
            told[j].policy = &policies[j];
            told[j].subject = "x";
            told[j].quota.remaining = cases[i].left[j];
            told[j].refused = cases[i].refused[j] & 1u;
        }
        assert_non_null(strstr(fields(told, 3, AG_QUOTA_LEGACY, *state),
                               apr_psprintf(*state, "X-RateLimit-Limit: %d\n", 100 + cases[i].told)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_problem),         TEST(test_problem_detail),   TEST(test_problem_limit),
        TEST(test_problem_periods), TEST(test_problem_too_long), TEST(test_every_reason),
        TEST(test_challenges),      TEST(test_fields),           TEST(test_fields_extreme),
        TEST(test_tightest),        TEST(test_fields_many),      TEST(test_fields_of_one_text),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
