/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refused client is told: the problem document.
 */
#include "answer_fixture.h"

#include "../../src/base/json.h"
#include "../../src/reply/reply.h"

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

/* The policies that were violated are those that refuse, of both kinds. */
static void test_problem_in_flight(void **state)
{
    static const ag_quota_policy_t one = {.name = "one"}, two = {.name = "two"}, dry = {.name = "dry"};
    ag_quota_in_flight_t in_flight[] = {{&one, 0, 0, &in_flight[1]}, {&dry, 1, 1, &in_flight[2]}, {&two, 1, 0, NULL}};
    ag_verdict_t verdict = {
        .reason = AG_R_CONCURRENCY_EXCEEDED, .in_flight = in_flight, .retry_after = 1, .detail = "No more than 2"};
    json_t *problem = problem_of(&verdict, 429, "id", *state);
    json_t *violated = json_object_get(problem, "violated-policies");

    assert_string_equal(plain(problem, "title"), "Quota Exceeded");
    assert_string_equal(plain(problem, "error"), "Too many requests at once");
    assert_int_equal(json_array_size(violated), 1);
    assert_string_equal(json_string_value(json_array_get(violated, 0)), "two");
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

/* The titles of draft-ietf-httpapi-ratelimit-headers-11 s5. */
static const char *title_of(const ag_reason_t *reason)
{
    static const char *const titles[][2] = {{"#quota-exceeded", "Quota Exceeded"},
                                            {"#temporary-reduced-capacity", "Temporary Reduced Capacity"},
                                            {"#abnormal-usage-detected", "Abnormal Usage Detected"}};
    const char *fragment = strchr(reason->type, '#');
    int i;

    for (i = 0; fragment && i < N_OF(titles); i++) {
        if (strcmp(titles[i][0], fragment) == 0) {
            return titles[i][1];
        }
    }
    assert_null(fragment);
    return reason->title;
}

/* A title of the type's is no sentence about the reason, so that stands in `detail`, if there is no other. */
static void test_titles_of_types(void **state)
{
    ag_verdict_t verdict = {.reason = AG_R_BANNED, .retry_after = 600};
    json_t *problem = problem_of(&verdict, 429, "id", *state);

    assert_string_equal(plain(problem, "type"),
                        "https://iana.org/assignments/http-problem-types#abnormal-usage-detected");
    assert_string_equal(plain(problem, "title"), "Abnormal Usage Detected");
    assert_string_equal(plain(problem, "error"), "Too many wrong credentials came from this address");
    assert_string_equal(plain(problem, "detail"), plain(problem, "error"));
    assert_string_equal(plain(problem, "message"), plain(problem, "error"));
    verdict.detail = "more of it";
    problem = problem_of(&verdict, 429, "id", *state);
    assert_string_equal(plain(problem, "detail"), "more of it");
    assert_string_equal(plain(problem, "message"), "more of it");
    assert_string_equal(plain(problem, "error"), "Too many wrong credentials came from this address");
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
        assert_string_equal(plain(problem, "title"), title_of(reason));
        assert_string_equal(plain(problem, "error"), reason->title);
        assert_string_equal(plain(problem, "message"), reason->title);
        assert_int_equal(ag_reply_status(verdict.reason, AG_INVALID_KEY_401), reason->status);
        assert_int_equal(ag_reply_status(verdict.reason, AG_INVALID_KEY_403), key ? 403 : reason->status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_problem),           TEST(test_problem_detail),   TEST(test_problem_limit),
        TEST(test_problem_periods),   TEST(test_problem_too_long), TEST(test_titles_of_types),
        TEST(test_problem_in_flight), TEST(test_every_reason),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
