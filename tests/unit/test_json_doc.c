/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader: what it takes, what it refuses, where, and what it costs at most.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_time.h>

#include "json_fixture.h"

static void test_nodes(void **state)
{
    static const struct {
        int kind, n, next;
        const char *text;
    } nodes[] = {
        {AG_JSON_OBJECT, 3, 13, NULL}, {AG_JSON_STRING, 1, 2, "a"},
        {AG_JSON_ARRAY, 4, 7, NULL},   {AG_JSON_NUMBER, 1, 4, "1"},
        {AG_JSON_TRUE, 0, 5, NULL},    {AG_JSON_NULL, 0, 6, NULL},
        {AG_JSON_OBJECT, 0, 7, NULL},  {AG_JSON_STRING, 4, 8, "b\"\xC3\xA9"},
        {AG_JSON_STRING, 1, 9, "c"},   {AG_JSON_STRING, 0, 10, ""},
        {AG_JSON_ARRAY, 2, 13, NULL},  {AG_JSON_NUMBER, 7, 12, "-1.5e+3"},
        {AG_JSON_ARRAY, 0, 13, NULL},
    };
    ag_doc_t doc =
        doc_of(" {\"a\" : [1,true ,null,{ }],\r\n\t\"\\u0062\\\"\\u00e9\":\"c\",\"\":[-1.5e+3,[]]} ", *state);
    int i;

    assert_int_equal(doc.n, N_OF(nodes));
    for (i = 0; i < N_OF(nodes); i++) {
        assert_int_equal(doc.nodes[i].kind, nodes[i].kind);
        assert_int_equal(doc.nodes[i].n, nodes[i].n);
        assert_int_equal(doc.nodes[i].next, nodes[i].next);
        if (nodes[i].text) {
            assert_memory_equal(ag_doc_text(&doc, doc.nodes + i), nodes[i].text, strlen(nodes[i].text));
        }
    }
}

/* A root of each kind, alone. */
static void test_roots(void **state)
{
    static const char *const texts[] = {"null", "false", "true", "0", "\"\"", "[]", "{}"};
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        assert_int_equal(doc_of(texts[i], *state).nodes[0].kind, i);
        assert_int_equal(doc_of(texts[i], *state).n, 1);
    }
}

/* Each with the pointer and the byte that the refusal names. */
static const struct {
    const char *text, *what, *pointer;
    int at;
} refused[] = {
    {"", "it is empty", "", 0},
    {" \n", "it is empty", "", 2},
    {"\xEF\xBB\xBF{}", "a byte order mark stands before it", "", 0},
    {"x", "a value is missing or none of JSON's", "", 0},
    {"nul", "a value is missing or none of JSON's", "", 0},
    {"True", "a value is missing or none of JSON's", "", 0},
    {"NaN", "a value is missing or none of JSON's", "", 0},
    {"+1", "a value is missing or none of JSON's", "", 0},
    {".5", "a value is missing or none of JSON's", "", 0},
    {"'a'", "a value is missing or none of JSON's", "", 0},
    {"\v1", "a value is missing or none of JSON's", "", 0},
    {"\xC2\xA0"
     "1",
     "a value is missing or none of JSON's", "", 0},
    {"1 2", "something stands behind the value", "", 2},
    {"{}{}", "something stands behind the value", "", 2},
    {"01", "something stands behind the value", "", 1},
    {"-", "a sign stands without a number", "", 1},
    {"-x", "a sign stands without a number", "", 1},
    {"1.", "a number has no digit behind its point", "", 2},
    {"1.e1", "a number has no digit behind its point", "", 2},
    {"1e", "a number has no digit in its exponent", "", 2},
    {"1e+", "a number has no digit in its exponent", "", 3},
    {"1e1234567890", "a number's exponent is too large", "", 12},
    {"[1,]", "a value is missing or none of JSON's", "", 3},
    {"[1,,2]", "a value is missing or none of JSON's", "", 3},
    {"[,1]", "a value is missing or none of JSON's", "", 1},
    {"[1 2]", "neither a comma nor an end stands behind a value", "", 3},
    {"[1}", "neither a comma nor an end stands behind a value", "", 2},
    {"[0,[1,2", "it breaks off", "/1", 7},
    {"{", "a member has no name", "", 1},
    {"{\"a\":1,}", "a member has no name", "", 7},
    {"{a:1}", "a member has no name", "", 1},
    {"{\"a\"}", "no colon stands behind a member's name", "/a", 4},
    {"{\"a\":}", "a value is missing or none of JSON's", "", 5},
    {"{\"a\":[0,\"b\n\"]}", "a control character stands in a string", "/a/1", 11},
    {"\"a", "a string has no end", "", 2},
    {"\"a\\", "a backslash stands before a character that needs none", "", 3},
    {"\"\\x41\"", "a backslash stands before a character that needs none", "", 2},
    {"\"\\u12g4\"", "\\u has four hexadecimal digits", "", 3},
    {"\"\\u123", "\\u has four hexadecimal digits", "", 3},
    {"\"\\ud800\"", "half of a surrogate pair stands alone", "", 7},
    {"\"\\ud800\\ue000\"", "half of a surrogate pair stands alone", "", 13},
    {"\"\xE2\x82", "it is not UTF-8", "", 1},
    {"\"\xF0\x90\x80", "it is not UTF-8", "", 1},
    {"\"\xC3", "it is not UTF-8", "", 1},
    {"\"\\udc00\\ud800\"", "half of a surrogate pair stands alone", "", 7},
    {"\"\\ud800\\n\"", "half of a surrogate pair stands alone", "", 7},
    {"\"\\ud800\\ud800\"", "half of a surrogate pair stands alone", "", 13},
    {"{\"a\":{\"b\":1,\"c\":2,\"b\":1}}", "a member stands there twice", "/a/b", 23},
    {"{\"a~/\":1,\"\\u0061~\\/\":2}", "a member stands there twice", "/a~0~1", 22},
    {"{\"\":1,\"\":2}", "a member stands there twice", "/", 10},
};

static void test_refused(void **state)
{
    ag_doc_wrong_t wrong;
    ag_doc_t doc;
    int i;

    for (i = 0; i < N_OF(refused); i++) {
        if (!parse_exactly(&doc, &wrong, refused[i].text, strlen(refused[i].text), NULL, *state)) {
            fail_msg("%s is taken", refused[i].text);
        }
        if (strcmp(wrong.what, refused[i].what) != 0 || strcmp(wrong.pointer, refused[i].pointer) != 0
            || (int)wrong.at != refused[i].at) {
            fail_msg("%s: %s, \"%s\", %d", refused[i].text, wrong.what, wrong.pointer, (int)wrong.at);
        }
    }
}

/* At every place within a word of eight bytes, and behind one. */
static void test_strings(void **state)
{
    static const struct {
        const char *inside, *decoded; /* NULL: refused */
        int n;
    } cases[] = {
        {"\x7F", "\x7F", 1},
        {"\xC2\x80", "\xC2\x80", 2},
        {"\xDF\xBF", "\xDF\xBF", 2},
        {"\xE0\xA0\x80", "\xE0\xA0\x80", 3},
        {"\xED\x9F\xBF", "\xED\x9F\xBF", 3},
        {"\xEE\x80\x80", "\xEE\x80\x80", 3},
        {"\xF0\x90\x80\x80", "\xF0\x90\x80\x80", 4},
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", 4},
        {"\\u0000", "\0", 1},
        {"\\u007f\\u0080", "\x7F\xC2\x80", 3},
        {"\\u07FF\\u0800", "\xDF\xBF\xE0\xA0\x80", 5},
        {"\\uFfFf", "\xEF\xBF\xBF", 3},
        {"\\ud800\\udc00", "\xF0\x90\x80\x80", 4},
        {"\\uDBFF\\uDFFF", "\xF4\x8F\xBF\xBF", 4},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8},
        {"\x01", NULL, 0},
        {"\x1F", NULL, 0},
        {"\x80", NULL, 0},
        {"\xBF", NULL, 0},
        {"\xC0\x80", NULL, 0},
        {"\xC1\xBF", NULL, 0},
        {"\xC3", NULL, 0},
        {"\xC3(", NULL, 0},
        {"\xE0\x9F\xBF", NULL, 0},
        {"\xE2\x82", NULL, 0},
        {"\xED\xA0\x80", NULL, 0},
        {"\xED\xBF\xBF", NULL, 0},
        {"\xF0\x8F\xBF\xBF", NULL, 0},
        {"\xF4\x90\x80\x80", NULL, 0},
        {"\xF5\x80\x80\x80", NULL, 0},
        {"\xFF", NULL, 0},
    };
    int i, before, behind;

    for (i = 0; i < N_OF(cases) * 20 * 3; i++) {
        int at = i % N_OF(cases);
        ag_doc_wrong_t wrong;
        ag_doc_t doc;
        const char *text;

        before = i / N_OF(cases) % 20;
        behind = i / N_OF(cases) / 20 * 7;
        text = apr_psprintf(*state, "\"%.*s%s%.*s\"", before, "abcdefghijklmnopqrst", cases[at].inside, behind,
                            "uvwxyzuvwxyzuv");
        if (parse_exactly(&doc, &wrong, text, strlen(text), NULL, *state)) {
            assert_null(cases[at].decoded);
            continue;
        }
        assert_non_null(cases[at].decoded);
        assert_int_equal(doc.nodes[0].n, before + cases[at].n + behind);
        assert_memory_equal(ag_doc_text(&doc, doc.nodes) + before, cases[at].decoded, (size_t)cases[at].n);
    }
}

/* A NUL in the text is no end of it. */
static void test_nul(void **state)
{
    ag_doc_wrong_t wrong;
    ag_doc_t doc;

    assert_int_equal(parse_exactly(&doc, &wrong, "1\0", 2, NULL, *state), -1);
    assert_int_equal(parse_exactly(&doc, &wrong, "\0", 1, NULL, *state), -1);
    assert_int_equal(parse_exactly(&doc, &wrong, "\"a\0\"", 4, NULL, *state), -1);
}

static void test_limits(void **state)
{
    static const ag_doc_limits_t five = {.depth = 5}, digits = {.digits = 6}, nodes = {.nodes = 7};
    static const struct {
        const char *text;
        const ag_doc_limits_t *limits;
        const char *what;
    } cases[] = {
        {"[[[[[1]]]]]", &five, NULL},
        {"[[[[{\"a\":[]}]]]]", &five, "it is nested too deeply"},
        {"[[[[[[", &five, "it is nested too deeply"},
        {"[-1.2e3,12345]", &digits, NULL},
        {"[-1.2e34]", &digits, "a number has too many digits"},
        {"[1,2,3,4,5,6]", &nodes, NULL},
        {"[1,2,3,4,5,6,7]", &nodes, "it has too many values"},
        {"[1,2,3,{\"a\":1}]", &nodes, NULL},
        {"[1,2,3,{\"a\":1},[]]", &nodes, "it has too many values"},
    };
    ag_doc_wrong_t wrong;
    ag_doc_t doc;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        int is = parse_exactly(&doc, &wrong, cases[i].text, strlen(cases[i].text), cases[i].limits, *state);

        assert_int_equal(is, cases[i].what ? -1 : 0);
        if (is) {
            assert_string_equal(wrong.what, cases[i].what);
        }
    }
}

/* 128 levels by default, 1,000 at most whatever is asked for; a million does neither crash nor stall. */
static void test_deep(void **state)
{
    static const ag_doc_limits_t most = {.depth = 1000000};
    static const struct {
        int levels;
        const ag_doc_limits_t *limits;
        int is;
    } cases[] = {{128, NULL, 0}, {129, NULL, -1}, {1000, &most, 0}, {1001, &most, -1}, {1000000, &most, -1}};
    ag_doc_wrong_t wrong;
    ag_doc_t doc;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text =
            apr_pstrcat(*state, times("[", cases[i].levels, *state), times("]", cases[i].levels, *state), NULL);

        assert_int_equal(parse_exactly(&doc, &wrong, text, strlen(text), cases[i].limits, *state), cases[i].is);
    }
    assert_int_equal(strlen(wrong.pointer), 1000 + strlen("…"));
}

static void test_long_numbers(void **state)
{
    const char *good = times("1", 10000, *state), *bad = times("1", 10001, *state);
    ag_doc_wrong_t wrong;
    ag_doc_t doc;

    assert_int_equal(parse_exactly(&doc, &wrong, good, 10000, NULL, *state), 0);
    assert_int_equal(doc.nodes[0].n, 10000);
    assert_int_equal(parse_exactly(&doc, &wrong, bad, 10001, NULL, *state), -1);
}

/* An object of `n` members, the last of which has the name of number `twin`. */
static char *members(int n, int twin, apr_pool_t *p)
{
    size_t room = (size_t)n * 32 + 8;
    char *text = apr_palloc(p, room), *at = text;
    int i;

    for (i = 0; i < n; i++) {
        at += apr_snprintf(at, room - (size_t)(at - text), "%c\"n%d\":%d", i ? ',' : '{', i == n - 1 ? twin : i, i);
    }
    *at++ = '}';
    *at = '\0';
    return text;
}

/* Few and many are looked for in different ways. */
static void test_twice(void **state)
{
    static const int sizes[] = {2, 3, 8, 15, 16, 17, 18, 31, 32, 33, 100, 1000};
    ag_doc_wrong_t wrong;
    ag_doc_t doc;
    int i, twin;

    for (i = 0; i < N_OF(sizes); i++) {
        char *text = members(sizes[i], sizes[i] - 1, *state);

        assert_int_equal(parse_exactly(&doc, &wrong, text, strlen(text), NULL, *state), 0);
        for (twin = 0; twin < sizes[i] - 1; twin += 1 + twin / 7) {
            text = members(sizes[i], twin, *state);
            assert_int_equal(parse_exactly(&doc, &wrong, text, strlen(text), NULL, *state), -1);
            assert_string_equal(wrong.what, "a member stands there twice");
            assert_string_equal(wrong.pointer, apr_psprintf(*state, "/n%d", twin));
        }
    }
}

/* The dearest texts of 3 MB: many names, empty arrays, escapes. A second is a hundred times what they need. */
static void test_linear(void **state)
{
    const char *texts[] = {
        members(200000, 199999, *state),
        apr_pstrcat(*state, "[", times("[],", 1000000, *state), "1]", NULL),
        apr_pstrcat(*state, "[", times("{\"a\":1,\"b\":2,\"c\":3},", 150000, *state), "1]", NULL),
        apr_pstrcat(*state, "\"", times("\\u00e9", 500000, *state), "\"", NULL),
        apr_pstrcat(*state, "\"", times("\xC3\xA9", 1500000, *state), "\"", NULL),
        apr_pstrcat(*state, "[", times("\"\",", 1000000, *state), "1]", NULL),
    };
    ag_doc_t doc;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        apr_time_t start = apr_time_now();

        doc = doc_of(texts[i], *state);
        assert_true(doc.n > 0);
        assert_true(apr_time_now() - start < apr_time_from_sec(1));
    }
}

/* With as much memory more as doc.h allows and not a page beyond, in a process of its own: 0 when it was enough. */
static int parse_within(const char *text, size_t n, size_t most, apr_pool_t *p)
{
    struct rlimit limit;
    ag_doc_wrong_t wrong;
    long pages = 0;
    ag_doc_t doc;
    FILE *statm;
    int status;
    pid_t child = fork();

    if (!child) {
        statm = fopen("/proc/self/statm", "r");
        if (!statm || fscanf(statm, "%ld", &pages) != 1) {
            _exit(3);
        }
        fclose(statm);
        limit.rlim_cur = limit.rlim_max = (size_t)pages * 4096 + most;
        setrlimit(RLIMIT_AS, &limit);
        _exit(ag_doc_parse(&doc, &wrong, text, n, NULL, p) ? 1 : 0);
    }
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Names that differ, as many as need the largest table, behind a string with an escape. It runs first: what others have
 * freed would not be counted. */
static void test_memory(void **state)
{
    enum { MANY = (1 << 18) + 1 };
    char *text = apr_palloc(*state, MANY * 12 + 64), *at = text;
    size_t n;
    int i;

    at += apr_snprintf(at, 32, "[\"\\u0061\",{");
    for (i = 0; i < MANY; i++) {
        at += apr_snprintf(at, 16, "%s\"%x\":1", i ? "," : "", i);
    }
    memcpy(at, "}]", 2);
    n = (size_t)(at - text) + 2;
    assert_int_equal(parse_within(text, n, 13 * n, *state), 0);
    assert_int_equal(parse_within(text, n, 8 * n, *state), 1); /* and it would be told */
    n = (size_t)apr_snprintf(text, MANY * 12, "[%s1]", times("[],", MANY * 2, *state));
    assert_int_equal(parse_within(text, n, 13 * n, *state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_memory),       TEST(test_nodes), TEST(test_roots),  TEST(test_refused),
        TEST(test_strings),      TEST(test_nul),   TEST(test_limits), TEST(test_deep),
        TEST(test_long_numbers), TEST(test_twice), TEST(test_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
