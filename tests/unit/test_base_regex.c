/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: what they match, wrong ones, and what the worst of them costs.
 */
#include "unit.h"

#include "../../src/base/regex.h"

typedef struct {
    const char *pattern, *text;
    int fits;
} fit_t;

static void test_regex(void **state)
{
    static const fit_t cases[] = {
        {"a", "a", 1},        {"a", "ab", 0},       {"a", "ba", 0},    {"a|ab", "ab", 1},
        {"a|b", "bb", 0},     {".*", "", 1},        {"a$", "a\n", 0},  {"^a", "a", 1},
        {"a.c", "a\nc", 0},   {".", "\xC3\xA9", 1}, {".*", "\xFF", 0}, {"(?i)ADMIN", "admin", 1},
        {"[0-9]+", "12a", 0}, {"a\\b.*", "a b", 1},
    };
    ag_regex_t *regex;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_null(ag_regex_compile(&regex, cases[i].pattern, *state));
        if (ag_regex_fits(regex, cases[i].text) != cases[i].fits) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

static void test_regex_wrong(void **state)
{
    ag_regex_t *regex = NULL;
    const char *error = ag_regex_compile(&regex, "a(b", *state);

    assert_non_null(error);
    assert_non_null(strstr(error, "\"a(b\" is not a regular expression: "));
    assert_non_null(strstr(error, "missing closing parenthesis at character 3"));
    assert_null(regex);
}

/* The first branch takes some 2^n steps before it gives up. Where that is little the second is
 * tried and fits; where it is too much, the match ends there. */
static void test_regex_cost(void **state)
{
    ag_regex_t *regex;

    assert_null(ag_regex_compile(&regex, "(?:a+)+b|.*", *state));
    assert_true(ag_regex_fits(regex, "aaaaaaaac"));
    assert_false(ag_regex_fits(regex, "aaaaaaaaaaaaaaaaaaaac"));
    assert_false(ag_regex_fits(regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_regex),
        TEST(test_regex_wrong),
        TEST(test_regex_cost),
    };

    return cmocka_run_group_tests_name("base text, regex, log", tests, NULL, NULL);
}
