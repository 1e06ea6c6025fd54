/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions as ECMA-262 means them: what they match, and which are refused with which word. RegExp of node 20 with the
 * u flag says the same of all matches, but those that are marked.
 */
#include "unit.h"

#include <jansson.h>

#include "../../src/schema/pattern.h"

typedef struct {
    const char *pattern, *text;
    int matches;
} case_t;

static const case_t cases[] = {
    {"b", "abc", 1},
    {"", "", 1},
    {"^b", "abc", 0},
    {"c$", "abc", 1},
    {"c$", "abc\n", 0},
    {"^b$", "a\nb\nc", 0},
    {"a.c",
     "a\xC3\xA9"
     "c",
     1},
    {"a.c", "a\nc", 0},
    {"a.c", "a\rc", 0},
    {"a.c",
     "a\xE2\x80\xA8"
     "c",
     0},
    {"a.c",
     "a\xE2\x80\xA9"
     "c",
     0},
    {"a.c",
     "a\x0B"
     "c",
     1},
    {"a.c",
     "a\xC2\x85"
     "c",
     1},
    {"^.$", "\xF0\x9F\x98\x80", 1},
    {"^\\d+$", "0123456789", 1},
    {"^\\d$", "\xD9\xA1", 0}, /* an Arabic one */
    {"^\\D$", "\xD9\xA1", 1},
    {"^\\w$", "_", 1},
    {"^\\w$", "\xC3\xA9", 0},
    {"^\\W$", "\xC3\xA9", 1},
    {"^[^\\W]$", "\xC3\xA9", 0},
    {"\\bcole",
     "\xC3\xA9"
     "cole",
     1},
    {"\\Bcole",
     "\xC3\xA9"
     "cole",
     0},
    {"^\\s{8}$", "\t\n\v\f\r \xC2\xA0\xEF\xBB\xBF", 1},
    {"^\\s{6}$", "\xE1\x9A\x80\xE2\x80\x80\xE2\x80\xA8\xE2\x80\xAF\xE2\x81\x9F\xE3\x80\x80", 1},
    {"\\s", "\xC2\x85\xE1\xA0\x8E\xE2\x80\x8B", 0},
    {"^\\S{3}$", "\xC2\x85\xE1\xA0\x8E\xE2\x80\x8B", 1},
    {"^[\\S]$", "\xC2\xA0", 0},
    {"^[^\\s]$", "\xC2\xA0", 0},
    {"^[\\s\\S]$", "\n", 1},
    {"^\\cJ\\ca$", "\n\x01", 1},
    {"^[\\cA-\\cC]$", "\x02", 1},
    {"^\\u00e9\\xe9\\u{1F600}\\u{0000e9}$", "\xC3\xA9\xC3\xA9\xF0\x9F\x98\x80\xC3\xA9", 1},
    {"^\\uD83D\\uDE00$", "\xF0\x9F\x98\x80", 1},
    {"^[\\uD83D\\uDE00-\\uD83D\\uDE4F]$", "\xF0\x9F\x98\x81", 1},
    {"\\uD83D", "\xF0\x9F\x98\x80", 0},
    {"\\u{D83D}\\u{DE00}", "\xF0\x9F\x98\x80", 0},
    {"[\\uD800-\\uDFFF]", "\xF0\x9F\x98\x80", 0},
    {"^[^\\uD800-\\uDFFF]$", "\xF0\x9F\x98\x80", 1},
    {"^[\\uD000-\\uF000]$", "\xED\x80\x80", 1},
    {"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", 1},
    {"^[\\b]$", "\b", 1},
    {"^\\/\\^\\$\\\\\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|$", "/^$\\.*+?()[]{}|", 1},
    {"^[\\-\\]\\^]+$", "-]^", 1},
    {"^[[(*a-]+$", "[(*a-", 1},
    {"^[&&~~/-]+$", "&~-/", 1},
    {"^[[:]+$", "[:", 1},
    {"[]", "a", 0},
    {"a[]*b", "ab", 1},
    {"^[^]$", "\n", 1},
    {"^[^]+$", "\xF0\x9F\x98\x80\r", 1},
    {"^(?<year>\\d{4})-\\k<year>$", "2030-2030", 1},
    {"^(?<year>\\d{4})-\\k<year>$", "2030-2031", 0},
    {"^\\k<a>(?<a>x)$", "x", 1},
    {"^(a)?\\1b$", "b", 1},
    {"^(a\\1)$", "a", 1},
    {"^(?:(a)|b)\\1c$", "bc", 1},
    {"^(?:(.)\\1)+$", "aabb", 1},
    {"^(?!.*(.)\\1)", "abcb", 1},
    {"^(?!.*(.)\\1)", "abb", 0},
    {"^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10$", "abcdefghijj", 1},
    {"(?<=\\$)\\d", "$4", 1},
    {"(?<!\\$|x)\\d", "$4", 0},
    {"a(?=b)", "ab", 1},
    {"a(?!b)", "ab", 0},
    {"^a{2,3}?$", "aaa", 1},
    {"^a{2}$", "aaa", 0},
    {"^a{2,}$", "aaaa", 1},
    {"^a{0}$", "", 1},
    {"^\\p{Lu}\\p{Letter}\\P{L}$", "Aa1", 1},
    {"^\\p{General_Category=Uppercase_Letter}\\p{gc=digit}$", "A\xD9\xA1", 1},
    {"^\\p{Script=Greek}+$", "\xCE\xB1", 1},
    {"^\\p{sc=Grek}+$", "a", 0},
    {"^\\p{Script_Extensions=Deva}$", "\xE0\xA5\xA4", 1},
    {"^\\p{Script=Deva}$", "\xE0\xA5\xA4", 0},
    {"^[\\p{ASCII}]\\p{Any}\\p{Assigned}\\P{Assigned}$", "aaa\xCD\xB8", 1},
    {"^\\p{Emoji_Presentation}\\p{White_Space}\\p{Alpha}$", "\xF0\x9F\x98\x80 x", 1},
    {"^[^\\p{L}\\d]$", "-", 1},
    {"^\\p{Cased_Letter}$", "a", 1},
    /* without the flag alone: there is one way to read them */
    {"^\\-\\@\\_\\'\\\"\\ \\:$", "-@_'\" :", 1},
    {"^[\\w-.]+$", "a-.", 1},
    {"^[\\w-.]+$", "a/", 0},
    {"^{a}]$", "{a}]", 1},
    {"^x{a,2}$", "x{a,2}", 1},
};

static int match(const char *regex, const char *text, apr_pool_t *p)
{
    ag_pattern_t *pattern;
    const char *error = ag_pattern_compile(&pattern, regex, strlen(regex), p);

    if (error) {
        fail_msg("%s: %s", regex, error);
    }
    return ag_pattern_matches(pattern, text, strlen(text), NULL);
}

static void test_matches(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        if (match(cases[i].pattern, cases[i].text, *state) != cases[i].matches) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

/* A NUL stands in patterns and texts as anything else does. */
static void test_nul(void **state)
{
    ag_pattern_t *pattern;

    assert_null(ag_pattern_compile(&pattern, "^a\0.$", 5, *state));
    assert_int_equal(ag_pattern_matches(pattern, "a\0b", 3, NULL), 1);
    assert_int_equal(ag_pattern_matches(pattern, "a", 1, NULL), 0);
    assert_int_equal(match("^\\0\\x00$", "", *state), 0);
}

static void test_no_utf8(void **state)
{
    ag_pattern_t *pattern;

    assert_int_equal(match("^.*$", "a\xFF", *state), -1);
    assert_non_null(ag_pattern_compile(&pattern, "\xFF", 1, *state));
    assert_null(pattern);
}

typedef struct {
    const char *pattern, *why;
} refused_t;

static const refused_t refused[] = {
    {"a++", "possessive"},
    {"a{2}+", "possessive"},
    {"*a", "repeated"},
    {"^*", "repeated"},
    {"(?=a)*", "repeated"},
    {"\\b+", "repeated"},
    {"a{3,2}", "smaller"},
    {"{2}", "repeated"},
    {"(?:a){70000}", "65535"},
    {"(a", "closing parenthesis"},
    {"a)", "opening parenthesis"},
    {"[a", "closing bracket"},
    {"a\\", "backslash"},
    {"(?i)a", "flags"},
    {"(?i:a)", "flags"},
    {"(?P<n>a)", "Python"},
    {"(?P=n)", "Python"},
    {"(?'n'a)", "quotes"},
    {"(?#a)", "comment"},
    {"(?>a)", "atomic"},
    {"(?|a)", "branch"},
    {"(?(1)a)", "condition"},
    {"(?R)", "recursion"},
    {"(?1)", "flags, or a group"},
    {"(?&n)", "recursion"},
    {"(?C1)", "callout"},
    {"(*UTF)a", "verb"},
    {"a\\Z", "write $"},
    {"\\Aa", "write ^"},
    {"a\\z", "write $"},
    {"\\Qa\\E", "\\Q"},
    {"\\a", "\\a"},
    {"\\h", "\\h"},
    {"\\y", "unknown"},
    {"[\\y]", "unknown"},
    {"[\\B]", "unknown"},
    {"\\C", "unknown"},
    {"[[:alpha:]]", "POSIX"},
    {"[^[:^digit:]a]", "POSIX"},
    {"\\c1", "\\c"},
    {"\\x4", "\\x"},
    {"\\u12", "\\u"},
    {"\\u{110000}", "\\u{"},
    {"\\u{}", "\\u{"},
    {"\\00", "octal"},
    {"[\\1]", "unknown"},
    {"[b-a]", "range"},
    {"\\1", "not there"},
    {"(a)\\2", "not there"},
    {"\\k<a>", "not there"},
    {"\\ka", "\\k"},
    {"(?<a>a)(?<a>b)", "second group"},
    {"(?<1>a)", "name"},
    {"(?<a", "name"},
    {"(?:(a)|b)*\\1", "repetition"},
    {"(a*)*\\1", "repetition"},
    {"(?:(a)?\\1)+", "repetition"},
    {"(?:(a)|\\1b)+", "repetition"},
    {"(?<=(a))\\1", "lookbehind"},
    {"(a)(?<=\\1)", "lookbehind"},
    {"(?<=a+)b", "fixed length"},
    {"\\p{Greek}", "Script="},
    {"\\p{letter}", "property"},
    {"\\p{Script=Klingon}", "PCRE2"},
    {"\\p{Script=}", "script"},
    {"\\p{gc=Greek}", "category"},
    {"\\p{Foo=Lu}", "property"},
    {"\\pL", "braces"},
    {"\\p{L", "\\p{"},
};

static void test_refused(void **state)
{
    ag_pattern_t *pattern;
    const char *error;
    int i;

    for (i = 0; i < N_OF(refused); i++) {
        error = ag_pattern_compile(&pattern, refused[i].pattern, strlen(refused[i].pattern), *state);
        if (!error || !strstr(error, refused[i].why)) {
            fail_msg("%s: %s", refused[i].pattern, error ? error : "taken");
        }
        assert_null(pattern);
    }
}

/* The texts of a list all match, or none does. What cannot be run here is refused, which is few of them. */
static void try_texts(const char *regex, const json_t *texts, int matches, int *refused, apr_pool_t *p)
{
    ag_pattern_t *pattern;
    const json_t *text;
    size_t i;

    if (ag_pattern_compile(&pattern, regex, strlen(regex), p)) {
        ++*refused;
        return;
    }
    json_array_foreach (texts, i, text) {
        if (ag_pattern_matches(pattern, json_string_value(text), json_string_length(text), NULL) != matches) {
            fail_msg("%s and %s", regex, json_string_value(text));
        }
    }
}

static json_t *load(const char *file, apr_pool_t *p)
{
    const char *top = getenv("srcdir");
    json_t *json =
        json_load_file(apr_pstrcat(p, top ? top : ".", "/tests/suites/", file, NULL), JSON_ALLOW_NUL, NULL);

    if (!json) {
        fail_msg("%s cannot be read", file);
    }
    return json;
}

static void test_random(void **state)
{
    json_t *all = load("patterns.json", *state), *one;
    int refused = 0;
    size_t i;

    json_array_foreach (all, i, one) {
        const char *regex = json_string_value(json_array_get(one, 0));

        try_texts(regex, json_array_get(one, 1), 1, &refused, *state);
        try_texts(regex, json_array_get(one, 2), 0, &refused, *state);
    }
    assert_true(i == 400 && refused < 20);
    json_decref(all);
}

/* What the official suite says of patterns, as far as a schema has nothing else; the rest is the schema's test. */
static void try_file(const char *file, int *n, apr_pool_t *p)
{
    json_t *groups = load(apr_pstrcat(p, "json-schema/", file, NULL), p), *group, *test, *data;
    const char *regex;
    size_t i, j;

    json_array_foreach (groups, i, group) {
        regex = json_string_value(json_object_get(json_object_get(group, "schema"), "pattern"));
        json_array_foreach (json_object_get(group, "tests"), j, test) {
            data = json_object_get(test, "data");
            if (regex && json_is_string(data)) {
                assert_int_equal(match(regex, json_string_value(data), p),
                                 json_is_true(json_object_get(test, "valid")));
                ++*n;
            }
        }
    }
    json_decref(groups);
}

static void test_suite(void **state)
{
    static const char *const files[] = {
        "draft2020-12/pattern.json",
        "draft7/pattern.json",
        "draft2020-12/optional/ecmascript-regex.json",
        "draft7/optional/ecmascript-regex.json",
        "draft2020-12/optional/non-bmp-regex.json",
        "draft7/optional/non-bmp-regex.json",
    };
    int i, n = 0;

    for (i = 0; i < N_OF(files); i++) {
        try_file(files[i], &n, *state);
    }
    assert_true(n > 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_matches), TEST(test_nul),    TEST(test_no_utf8),
        TEST(test_refused), TEST(test_random), TEST(test_suite),
    };

    return cmocka_run_group_tests_name("patterns", tests, NULL, NULL);
}
