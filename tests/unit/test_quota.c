/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_quota: the rate limit fields, byte for byte.
 */
#include "answer_fixture.h"

static ag_quota_line_t lines[] = {
    LINE("100/min", "\"100/min\"", "ip:192.0.2.1", 100, 60, 42, 17, 0, 0, 0),
    LINE("1000/day", "\"1000/day\"", "client:key::acme", 1000, 86400, 7, 3600, 0, 0, 0),
};

/* Forms that share a name replace each other; here all that is put is seen. */
static void put_beside(void *ctx, ag_put_e how, const char *name, const char *value)
{
    assert_int_equal(how, AG_PUT_ALONE);
    apr_table_add(ctx, name, value);
}

static const ag_answer_port_t each = {.put = put_beside};

static const char *fields_of(const ag_verdict_t *verdict, unsigned forms, apr_pool_t *p)
{
    ag_answer_t a = page_make(NULL, AG_AT_SENDING, p);

    a.port = &each;
    a.limited = verdict;
    a.forms = forms;
    a.now = 1700000000;
    return page_say(&a);
}

static const char *fields(ag_quota_line_t *told, int n, unsigned forms, apr_pool_t *p)
{
    ag_verdict_t verdict = {.lines = told, .n_lines = n};

    return fields_of(&verdict, forms, p);
}

#define DRAFT_11                                                                                                     \
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
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_11, *state), DRAFT_11);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_8, *state), DRAFT_8);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_7, *state), DRAFT_7);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_6, *state), DRAFT_6);
    assert_string_equal(fields(lines, 2, AG_QUOTA_LEGACY, *state), LEGACY);
    assert_string_equal(fields(lines, 2, AG_QUOTA_DRAFT_11 | AG_QUOTA_LEGACY, *state), DRAFT_11 LEGACY);
    assert_string_equal(fields(lines, 2, 31, *state), DRAFT_11 DRAFT_8 DRAFT_7 DRAFT_6 LEGACY);
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

    assert_string_equal(fields(told, 1, AG_QUOTA_DRAFT_11, *state),
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
    text = fields(told, 32, AG_QUOTA_DRAFT_11 | AG_QUOTA_DRAFT_8, *state);
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
    assert_string_equal(fields(told, 3, AG_QUOTA_DRAFT_11, *state),
                        "RateLimit-Policy: \"a\";q=5;w=1, \"b\";q=9;w=9, \"c\";q=7;w=7\n"
                        "RateLimit: \"a\";r=42;t=17, \"b\";r=42;t=17, \"c\";r=42;t=17\n");
    assert_string_equal(fields(told, 2, AG_QUOTA_DRAFT_11, *state), "RateLimit-Policy: \"a\";q=5;w=1, \"b\";q=9;w=9\n"
                                                                    "RateLimit: \"a\";r=42;t=17, \"b\";r=42;t=17\n");
    told[1] = told[2];
    assert_string_equal(fields(told, 2, AG_QUOTA_DRAFT_11, *state), "RateLimit-Policy: \"a\";q=5;w=1, \"c\";q=7;w=7\n"
                                                                    "RateLimit: \"a\";r=42;t=17, \"c\";r=42;t=17\n");
}

#define IN_FLIGHT "\"2 concurrent\";q=2;qu=\"concurrent-requests\""

/* A limit on requests in flight has a policy and no window; older forms have no word for it. */
static void test_in_flight(void **state)
{
    static const ag_quota_policy_t policy = {
        .name = "2 concurrent", .field = IN_FLIGHT, .field_size = sizeof IN_FLIGHT - 1, .limit = 2};
    ag_quota_in_flight_t second = {&policy, 1, 0, NULL}, first = {&policy, 0, 0, &second};
    ag_verdict_t verdict = {.in_flight = &second};

    assert_string_equal(fields_of(&verdict, 31, *state), "RateLimit-Policy: " IN_FLIGHT "\n");
    assert_string_equal(fields_of(&verdict, 30, *state), "");
    verdict.in_flight = &first;
    verdict.lines = lines;
    verdict.n_lines = 1;
    assert_string_equal(fields_of(&verdict, AG_QUOTA_DRAFT_11, *state),
                        "RateLimit-Policy: \"100/min\";q=100;w=60, " IN_FLIGHT ", " IN_FLIGHT
                        "\nRateLimit: \"100/min\";r=42;t=17\n");
    assert_string_equal(fields_of(&verdict, AG_QUOTA_DRAFT_7, *state),
                        "RateLimit-Policy: 100;w=60\nRateLimit: limit=100, remaining=42, reset=17\n");
    assert_null(strstr(fields_of(&verdict, AG_QUOTA_DRAFT_8, *state), "concurrent"));
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
        TEST(test_fields),   TEST(test_fields_extreme),     TEST(test_fields_many),
        TEST(test_tightest), TEST(test_fields_of_one_text), TEST(test_in_flight),
    };

    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
