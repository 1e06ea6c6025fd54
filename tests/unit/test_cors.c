/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cors: the fields of CORS on answers and on preflights.
 */
#include "answer_fixture.h"

#include "../../src/reply/cors.h"

#define ORIGIN "https://a.example"

static const ag_origin_t listed = {ORIGIN, sizeof ORIGIN - 1, NULL, 0};
static const ag_cors_t one = {.origins = &listed, .n = 1, .methods = "GET, POST", .max_age = "600"};
static const ag_cors_t shared = {.origins = &listed,
                                 .n = 1,
                                 .credentials = 1,
                                 .private_network = 1,
                                 .methods = "GET",
                                 .expose = "ETag",
                                 .max_age = "5"};
static const ag_cors_t anybody = {.any = 1, .methods = "GET", .max_age = "600"};

#define ALLOWED "Access-Control-Allow-Origin: " ORIGIN "\n"
#define EXPOSED "Access-Control-Expose-Headers: Retry-After\n"
#define SHARED  ALLOWED "Access-Control-Allow-Credentials: true\n"

static const char *say(const ag_cors_t *cors, const char *origin, const char *const *said, apr_pool_t *p)
{
    ag_answer_t a = page_make(said, AG_AT_ANSWER, p);

    a.cors = cors;
    a.origin = origin;
    return page_say(&a);
}

static void test_answers(void **state)
{
    static const struct {
        const ag_cors_t *cors;
        const char *origin, *fields;
    } cases[] = {
        {&one, ORIGIN, ALLOWED EXPOSED "Vary: Origin\n"},
        {&one, NULL, "Vary: Origin\n"},
        {&one, "", "Vary: Origin\n"},
        {&one, "https://b.example", "Vary: Origin\n"},
        {&one, ORIGIN ", " ORIGIN, "Vary: Origin\n"},
        {&one, "null", "Vary: Origin\n"},
        {&shared, ORIGIN, SHARED "Access-Control-Expose-Headers: ETag\nVary: Origin\n"},
        {&shared, "https://b.example", "Vary: Origin\n"},
        {&anybody, ORIGIN, "Access-Control-Allow-Origin: *\n" EXPOSED},
        {&anybody, NULL, "Access-Control-Allow-Origin: *\n" EXPOSED},
        {&anybody, "not an origin", "Access-Control-Allow-Origin: *\n" EXPOSED},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(say(cases[i].cors, cases[i].origin, NULL, *state), cases[i].fields);
    }
}

static void test_of_the_application(void **state)
{
    static const char *const said[] = {"Access-Control-Allow-Origin",
                                       "*",
                                       "access-control-allow-origin",
                                       ORIGIN,
                                       "Access-Control-Allow-Credentials",
                                       "true",
                                       "Access-Control-Expose-Headers",
                                       "X",
                                       "Access-Control-Allow-Methods",
                                       "PUT",
                                       "Access-Control-Allow-Headers",
                                       "X",
                                       "Access-Control-Max-Age",
                                       "9",
                                       "Access-Control-Allow-Private-Network",
                                       "true",
                                       "X-Own",
                                       "1",
                                       NULL};

    assert_string_equal(say(&one, "https://b.example", said, *state), "X-Own: 1\nVary: Origin\n");
    assert_string_equal(say(&one, NULL, said, *state), "X-Own: 1\nVary: Origin\n");
    assert_string_equal(say(&one, ORIGIN, said, *state), "X-Own: 1\n" ALLOWED EXPOSED "Vary: Origin\n");
    assert_string_equal(say(NULL, ORIGIN, said + 16, *state), "X-Own: 1\n");
}

static void test_vary(void **state)
{
    static const char *const said[] = {"Vary", "Accept", NULL};

    assert_string_equal(say(&one, NULL, said, *state), "Vary: Accept, Origin\n");
    assert_string_equal(say(&anybody, NULL, said, *state), "Vary: Accept\nAccess-Control-Allow-Origin: *\n" EXPOSED);
}

/* The rate limit fields that answers have are what a page may read. */
static void test_exposed(void **state)
{
#define D10    "RateLimit-Policy, RateLimit, "
#define D6     "RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
#define LEGACY "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    static const struct {
        unsigned forms;
        const char *names;
    } cases[] = {
        {0, ""},
        {AG_QUOTA_DRAFT_11, D10},
        {AG_QUOTA_DRAFT_8, D10},
        {AG_QUOTA_DRAFT_7, D10},
        {AG_QUOTA_DRAFT_6, D6},
        {AG_QUOTA_LEGACY, LEGACY},
        {AG_QUOTA_DRAFT_11 | AG_QUOTA_DRAFT_6, D10 D6},
        {AG_QUOTA_DRAFT_11 | AG_QUOTA_LEGACY, D10 LEGACY},
        {AG_QUOTA_DRAFT_6 | AG_QUOTA_LEGACY, D6 LEGACY},
        {AG_QUOTA_DRAFT_7 | AG_QUOTA_DRAFT_6 | AG_QUOTA_LEGACY, D10 D6 LEGACY},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_answer_t a = page_make(NULL, AG_AT_REFUSAL, *state);

        a.cors = &anybody;
        a.exposed = cases[i].forms;
        ag_answer_cors(&a);
        assert_string_equal(apr_table_get(a.ctx, "Access-Control-Expose-Headers"),
                            apr_pstrcat(*state, cases[i].names, "Retry-After", NULL));
    }
}

static void test_preflights(void **state)
{
#define LISTS(methods, age)                                                                                          \
    "Access-Control-Allow-Methods: " methods "\nAccess-Control-Allow-Headers: X-A\nAccess-Control-Max-Age: " age "\n"
#define PRIVATE "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Private-Network\n"
    static const struct {
        const ag_cors_t *cors;
        int asks_private;
        const char *fields;
    } cases[] = {
        {&one, 0, ALLOWED LISTS("GET, POST", "600") "Vary: Origin, Access-Control-Request-Method\n"},
        {&one, 1, ALLOWED LISTS("GET, POST", "600") "Vary: Origin, Access-Control-Request-Method\n"},
        {&shared, 0, SHARED LISTS("GET", "5") PRIVATE},
        {&shared, 1, SHARED LISTS("GET", "5") "Access-Control-Allow-Private-Network: true\n" PRIVATE},
        {&anybody, 0, "Access-Control-Allow-Origin: *\n" LISTS("GET", "600") "Vary: Access-Control-Request-Method\n"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_answer_t a = page_make(NULL, 0, *state);

        a.cors = cases[i].cors;
        a.origin = ORIGIN;
        ag_cors_preflight(&a, "X-A", cases[i].asks_private);
        a.moments = 0;
        assert_string_equal(page_say(&a), cases[i].fields);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answers), TEST(test_of_the_application), TEST(test_vary), TEST(test_exposed), TEST(test_preflights),
    };

    return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
