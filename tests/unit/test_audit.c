/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit line: whatever a client sends, it stays one line of JSON, of bounded length, and holds
 * what happened.
 */
#include "unit.h"

#include "../../src/base/json.h"
#include "../../src/watch/audit.h"

#define LONGEST 7000

static json_t *read_line(const char *line, apr_pool_t *p)
{
    json_t *object = ag_json_object(line, strlen(line), p);
    const char *at;

    if (!object) {
        fail_msg("no JSON: %s", line);
    }
    assert_true(strlen(line) < LONGEST);
    for (at = line; *at; at++) {
        assert_true(*at >= 0x20 && *at < 0x7F); /* nothing that a log writes in its own way */
    }
    return object;
}

static const char *text(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return json_is_string(value) ? json_string_value(value) : "(none)";
}

static void test_whole(void **state)
{
    ag_principal_t who = {.client = "acme", .user = "joe", .key_id = "agk_0uN4kLm2", .issuer = "https://a"};
    ag_verdict_t verdict = {.reason = AG_R_ENDPOINT_DENIED, .kind = "key", .who = &who};
    ag_request_t request = make_request(NULL, *state);
    json_t *line = read_line(ag_audit_line(&verdict, &request, 403, "why", "id1", 0, *state), *state);

    assert_string_equal(text(line, "event"), "denied");
    assert_string_equal(text(line, "code"), "endpoint_denied");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 403);
    assert_string_equal(text(line, "ip"), "192.0.2.1");
    assert_string_equal(text(line, "method"), "GET");
    assert_string_equal(text(line, "path"), "/api/orders");
    assert_string_equal(text(line, "credential"), "key");
    assert_string_equal(text(line, "client"), "acme");
    assert_string_equal(text(line, "user"), "joe");
    assert_string_equal(text(line, "issuer"), "https://a");
    assert_string_equal(text(line, "key_id"), "agk_0uN4kLm2");
    assert_string_equal(text(line, "detail"), "why");
    assert_string_equal(text(line, "request_id"), "id1");
    assert_int_equal(json_object_size(line), 13);
    line = read_line(ag_audit_line(&verdict, &request, 403, "why", "id1", 4000000000U, *state), *state);
    assert_int_equal(json_integer_value(json_object_get(line, "repeats")), 4000000000);
    assert_int_equal(json_object_size(line), 14);
}

/* What is not known is left out; whose credential was refused is told where it is known. */
static void test_parts(void **state)
{
    ag_principal_t shown = {.client = "shown"}, who = {.client = "who"};
    ag_verdict_t verdict = {.reason = AG_R_CREDENTIAL_MISSING};
    ag_request_t request = make_request(NULL, *state);
    json_t *line = read_line(ag_audit_line(&verdict, &request, 401, NULL, NULL, 0, *state), *state);

    assert_int_equal(json_object_size(line), 6);
    verdict.shown = &shown;
    line = read_line(ag_audit_line(&verdict, &request, 401, NULL, NULL, 0, *state), *state);
    assert_string_equal(text(line, "client"), "shown");
    verdict.who = &who;
    line = read_line(ag_audit_line(&verdict, &request, 401, NULL, NULL, 0, *state), *state);
    assert_string_equal(text(line, "client"), "who");
}

/* The query string may hold a key: no part of the request but its path is told. */
static void test_no_query(void **state)
{
    ag_verdict_t verdict = {.reason = AG_R_KEY_INVALID, .kind = "key"};
    ag_request_t request = make_request(NULL, *state);
    const char *line;

    request.args = "api_key=agk_secret";
    line = ag_audit_line(&verdict, &request, 401, NULL, NULL, 0, *state);
    assert_null(strstr(line, "secret"));
}

static void test_hostile(void **state)
{
    static const struct {
        const char *path, *told;
    } cases[] = {
        {"/a\nb", "/a%0Ab"},
        {"/\",\"code\":\"ok", "/%22,%22code%22:%22ok"},
        {"/a\\", "/a%5C"},
        {"/\x7F\x01\x1F ", "/%7F%01%1F "},
        {"/\xC3\xA9\xFF", "/%C3%A9%FF"},
        {"", ""},
    };
    ag_verdict_t verdict = {.reason = AG_R_IP_DENIED};
    ag_request_t request = make_request(NULL, *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        json_t *line;

        request.path = cases[i].path;
        line = read_line(ag_audit_line(&verdict, &request, 403, NULL, NULL, 0, *state), *state);
        assert_string_equal(text(line, "path"), cases[i].told);
        assert_string_equal(text(line, "code"), "ip_denied");
    }
}

/* Every text at its longest, of bytes that take the most room. */
static void test_bounded(void **state)
{
    char *big = apr_palloc(*state, 100001);
    ag_principal_t who = {.client = big, .user = big, .key_id = big};
    ag_verdict_t verdict = {.reason = AG_R_IP_DENIED, .kind = big, .who = &who};
    ag_request_t request = make_request(NULL, *state);
    int c;

    request.method = request.path = big;
    big[100000] = '\0';
    for (c = 1; c < 256; c++) {
        const char *line;

        memset(big, c, 100000);
        line = ag_audit_line(&verdict, &request, 403, big, big, 0, *state);
        assert_int_equal(strlen(text(read_line(line, *state), "request_id")),
                         c < 0x20 || c >= 0x7F || c == '"' || c == '\\' ? 600 : 200);
        assert_int_equal(line[strlen(line) - 1], '}');
    }
}

static void test_random(void **state)
{
    ag_verdict_t verdict = {.reason = AG_R_IP_DENIED};
    int i, j;

    srand(5);
    for (i = 0; i < 20000; i++) {
        char path[301] = "", detail[301] = "";
        apr_pool_t *p;
        ag_request_t request;

        apr_pool_create(&p, *state);
        request = make_request(NULL, p);
        for (j = rand() % 300; j > 0; j--) {
            path[j - 1] = (char)(1 + rand() % 255);
            detail[j - 1] = (char)(1 + rand() % 255);
        }
        request.path = path;
        assert_int_equal(json_object_size(read_line(ag_audit_line(&verdict, &request, 403, detail, path, 0, p), p)),
                         8);
        apr_pool_destroy(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),   TEST(test_parts),   TEST(test_no_query),
        TEST(test_hostile), TEST(test_bounded), TEST(test_random),
    };

    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
