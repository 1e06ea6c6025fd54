/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words, lists, paths, options, the names of fields and what is visible.
 */
#include "unit.h"

#include "../../src/base/text.h"

typedef struct {
    const char *pattern, *text;
    int fits;
} fit_t;

/* A word without quotes shows what was read; commas part words. */
static void test_words(void **state)
{
    static const struct {
        const char *line;
        int n;
        const char *words;
    } cases[] = {
        {"", 0, ""},
        {" \t\r\n", 0, ""},
        {"a", 1, "a"},
        {"  a \t b\r\nc ", 3, "a,b,c"},
        {"\"a b\" c", 2, "a b,c"},
        {"k=\"a b\" c", 2, "k=a b,c"},
        {"a\"b c\"d", 1, "ab cd"},
        {"cost=expr=\"%{X} y\"", 1, "cost=expr=%{X} y"},
        {"\"\"", 1, ""},
        {"a \"\" b", 3, "a,,b"},
        {"\"a\\\"b\"", 1, "a\"b"},
        {"\"a\\\\b\"", 1, "a\\b"},
        {"\"a\\.b\"", 1, "a\\.b"},
        {"a\\\\b", 1, "a\\\\b"},
        {"a\\.b", 1, "a\\.b"},
        {"\"a\tb\"", 1, "a\tb"},
        {"'a b'", 2, "'a,b'"},
    };
    ag_words_t words;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_null(ag_text_words(&words, cases[i].line, *state));
        assert_int_equal(words.n, cases[i].n);
        assert_string_equal(joined(&words, *state), cases[i].words);
        assert_int_equal(words.v == NULL, words.n == 0);
    }
}

static void test_open_quote(void **state)
{
    static const char *const lines[] = {"\"", "a \"b", "\"a\\\"", "k=\"a b", "\"a\" b\"c"};
    ag_words_t words;
    int i;

    for (i = 0; i < N_OF(lines); i++) {
        assert_string_equal(ag_text_words(&words, lines[i], *state), "a quote is not closed");
    }
}

static void test_one_word(void **state)
{
    const char *line = "  one \"t w o\"three ";
    const char *error = NULL;

    assert_string_equal(ag_text_word(&line, &error, *state), "one");
    assert_string_equal(line, " \"t w o\"three ");
    assert_string_equal(ag_text_word(&line, &error, *state), "t w othree");
    assert_null(ag_text_word(&line, &error, *state));
    assert_string_equal(line, "");
    assert_null(error);
}

static void test_lists(void **state)
{
    static const struct {
        const char *text;
        int n;
        const char *words; /* NULL: an error */
    } cases[] = {
        {NULL, 0, ""},
        {"", 0, ""},
        {"  ", 0, ""},
        {"read write", 2, "read,write"},
        {" \"a b\" c", 2, "a b,c"},
        {"[]", 0, ""},
        {"[\"read\", \"orders:*\"]", 2, "read,orders:*"},
        {" \n[\"a b\"]", 1, "a b"},
        {"[\"\"]", 1, ""},
        {"[1]", 0, NULL},
        {"[\"a\", null]", 0, NULL},
        {"[\"a\"", 0, NULL},
        {"[\"a\"] x", 0, NULL},
        {"[[\"a\"]]", 0, NULL},
        {"[\"a\\u0000b\"]", 0, NULL},
        {"\"a", 0, NULL},
    };
    ag_words_t words;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        static const char *stale[] = {"stale"};
        const char *error;

        words.n = 1;
        words.v = stale;
        error = ag_text_list(&words, cases[i].text, *state);
        assert_int_equal(error == NULL, cases[i].words != NULL);
        if (!error) {
            assert_int_equal(words.n, cases[i].n);
            assert_string_equal(joined(&words, *state), cases[i].words);
            assert_int_equal(words.v == NULL, words.n == 0);
        }
    }
}

static void test_has(void **state)
{
    const char *v[] = {"read", "write"};
    ag_words_t words = {2, v}, none = {0, NULL};

    (void)state;
    assert_true(ag_words_has(&words, "read"));
    assert_true(ag_words_has(&words, "write"));
    assert_false(ag_words_has(&words, "Read"));
    assert_false(ag_words_has(&words, "rea"));
    assert_false(ag_words_has(&words, "reads"));
    assert_false(ag_words_has(&words, ""));
    assert_false(ag_words_has(&none, ""));
}

static void test_starts(void **state)
{
    static const fit_t cases[] = {
        {"acme", "acme", 1},
        {"acme", "acme2", 0},
        {"acme", "acm", 0},
        {"acme", "Acme", 0},
        {"", "", 1},
        {"", "a", 0},
        {"*", "", 1},
        {"*", "anything", 1},
        {"orders:*", "orders:read", 1},
        {"orders:*", "orders:", 1},
        {"orders:*", "orders", 0},
        {"orders:*", "order:s", 0},
        {"a*b", "a*b", 1},
        {"a*b", "axb", 0},
        {"orders:read", "orders:*", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_text_starts(cases[i].pattern, cases[i].text) != cases[i].fits) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

static void test_path(void **state)
{
    static const fit_t cases[] = {
        {"/api/me", "/api/me", 1},
        {"/api/me", "/api/me/", 0},
        {"/api/me", "/api/men", 0},
        {"/api/me/", "/api/me", 0},
        {"/api/me", "/API/me", 0},
        {"", "", 1},
        {"", "/", 0},
        {"/", "", 0},
        {"*", "", 1},
        {"*", "/any/thing", 1},
        {"/api/*", "/api/", 1},
        {"/api/*", "/api/a/b/c", 1},
        {"/api/*", "/api", 0},
        {"/api/*", "/apix/a", 0},
        {"/api*", "/apix/a", 1},
        {"/*/me", "/api/me", 1},
        {"/*/me", "//me", 1},
        {"/*/me", "/api/v1/me", 0},
        {"/*/me", "/api/me/", 0},
        {"/*/me", "/api/mex", 0},
        {"/a/*/c/*/e", "/a/b/c/d/e", 1},
        {"/a/*/c/*/e", "/a/b/c/d/f", 0},
        {"/a/*/c/*/e", "/a/b/c/c/d/e", 0},
        {"/a/*/c/*", "/a/b/c/d/e", 1},
        {"/a/*/c/*", "/a/b/d/c/e", 0},
        {"/f*.json", "/files.json", 1},
        {"/f*.json", "/f.json.json", 1},
        {"/f*.json", "/f.jsonx", 0},
        {"/f*.json", "/f/x.json", 0},
        {"/*a*b/c", "/xaab/c", 1},
        {"/*a*b/c", "/xaabx/c", 0},
        {"/*ab/c", "/aab/c", 1},
        {"**", "/a/b", 1},
        {"/**/b", "/a/b", 1},
        {"/**/b", "/a/a/b", 0},
        {"/a*", "/a", 1},
        {"/x*y", "/x", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_text_path(cases[i].pattern, cases[i].text) != cases[i].fits) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

/* What ag_text_path() promises, written without care for time. */
static int fits_slowly(const char *pattern, const char *path)
{
    if (*pattern == '*' && !pattern[1]) {
        return 1;
    }
    if (*pattern == '*') {
        return fits_slowly(pattern + 1, path) || (*path && *path != '/' && fits_slowly(pattern, path + 1));
    }
    return *pattern == *path && (!*path || fits_slowly(pattern + 1, path + 1));
}

static void test_path_random(void **state)
{
    static const char letters[] = "ab/*";
    char pattern[9], path[9];
    int i, j, fitted = 0;

    (void)state;
    srand(1);
    for (i = 0; i < 200000; i++) {
        int n = rand() % 9, m = rand() % 9;

        for (j = 0; j < n; j++) {
            pattern[j] = letters[rand() % 4];
        }
        pattern[n] = '\0';
        for (j = 0; j < m; j++) {
            path[j] = letters[rand() % 3];
        }
        path[m] = '\0';
        if (ag_text_path(pattern, path) != fits_slowly(pattern, path)) {
            fail_msg("%s and %s", pattern, path);
        }
        fitted += ag_text_path(pattern, path);
    }
    assert_in_range(fitted, 1000, 199000);
}

/* 10,000 stars would take for ever if each was tried again. */
static void test_path_cost(void **state)
{
    char *pattern = apr_palloc(*state, 20002);
    char *path = apr_palloc(*state, 20001);
    int i;

    for (i = 0; i < 20000; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    memcpy(pattern + 20000, "b", 2);
    memset(path, 'a', 20000);
    path[20000] = '\0';
    assert_false(ag_text_path(pattern, path));
}

static void test_option(void **state)
{
    (void)state;
    assert_string_equal(ag_text_option("by=ip", "by"), "ip");
    assert_string_equal(ag_text_option("by=", "by"), "");
    assert_string_equal(ag_text_option("by=a=b", "by"), "a=b");
    assert_null(ag_text_option("by", "by"));
    assert_null(ag_text_option("bye=ip", "by"));
    assert_null(ag_text_option("b=ip", "by"));
    assert_null(ag_text_option("By=ip", "by"));
}

/* Names that whoever reads them may take for one another. */
static void test_same_field(void **state)
{
    static const struct {
        const char *a, *b;
        int same;
    } cases[] = {
        {"X-API-Key", "x_api.KEY", 1},
        {"X-API-Key", "X-API-Key", 1},
        {"a", "A", 1},
        {"k1", "K1", 1},
        {"a-b",
         "a\xff"
         "b",
         1},
        {"-k", "_k", 1},
        {"a-b", "ab", 0},
        {"a-b", "a--b", 0},
        {"a-b", "a1b", 0},
        {"a1b", "a-b", 0},
        {"ab", "abc", 0},
        {"abc", "ab", 0},
        {"a-", "a", 0},
        {"a", "a-", 0},
        {"", "a", 0},
        {"@", "`", 1},
        {"[", "{", 1},
        {"a", "\x01", 0},
        {"1", "\x11", 0},
        {"\x11", "1", 0},
        {"k", "\xeb", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        if (ag_text_same_field(cases[i].a, cases[i].b) != cases[i].same) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
    }
    assert_string_equal(ag_text_behind("x_apiguard.client", "X-ApiGuard-"), "client");
    assert_string_equal(ag_text_behind("X-ApiGuard-", "X-ApiGuard-"), "");
    assert_null(ag_text_behind("X-ApiGuard", "X-ApiGuard-"));
    assert_true(ag_text_nothing("") && ag_text_nothing(" \t\r\n"));
    assert_false(ag_text_nothing(" a") || ag_text_nothing("-"));
}

static void test_visible(void **state)
{
    int c;

    (void)state;
    assert_false(ag_text_visible("", 0, 0));
    assert_false(ag_text_visible("", 0, 1));
    assert_true(ag_text_visible("a b", 1, 0));
    assert_false(ag_text_visible("a b", 3, 0));
    assert_true(ag_text_visible("a b", 3, 1));
    for (c = 0; c < 256; c++) {
        char text[] = {'a', 'b', 'c'};

        text[c % 3] = (char)c;
        assert_int_equal(ag_text_visible(text, 3, 0), c > 0x20 && c < 0x7F);
        text[c % 3] = 'a';
        text[(c + 1) % 3] = (char)c;
        assert_int_equal(ag_text_visible(text, 3, 1), c >= 0x20 && c < 0x7F);
    }
}

/* ---- blanks ---------------------------------------------------------------------------------- */

static void test_blank(void **state)
{
    static const struct {
        const char *text;
        ag_blank_e blank;
    } cases[] = {
        {"", AG_BLANK_NONE},
        {"acme", AG_BLANK_NONE},
        {"J\xC3\xB6rg", AG_BLANK_NONE},
        {"a b", AG_BLANK_INSIDE},
        {" a", AG_BLANK_END},
        {"a ", AG_BLANK_END},
        {"a b ", AG_BLANK_END},
        {" ", AG_BLANK_END},
        {"a\tb", AG_BLANK_INSIDE},
        {"a\r", AG_BLANK_END},
        {"a\xC2\xA0", AG_BLANK_END},
        {"a\xC2\xA0"
         "b",
         AG_BLANK_INSIDE},
        {"\xE3\x80\x80"
         "a",
         AG_BLANK_END},
        {"\xEF\xBB\xBF"
         "a",
         AG_BLANK_END},
        {"a\xE2\x80\x83"
         "b",
         AG_BLANK_INSIDE},
        {"\xC2", AG_BLANK_NONE},
        {"\xE2\x80", AG_BLANK_NONE},
        {"\xC2\xA1", AG_BLANK_NONE},
    };
    ag_words_t words;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_int_equal(ag_text_blank(cases[i].text), cases[i].blank);
    }
    assert_null(ag_text_list(&words, "[\"a\",\"b c\",\"\",\"d\",\" e\"]", *state));
    assert_int_equal(ag_words_leave_blank(&words), 3);
    assert_int_equal(words.n, 2);
    assert_string_equal(words.v[1], "d");
    assert_null(ag_text_list(&words, "[\"b c\"]", *state));
    assert_int_equal(ag_words_leave_blank(&words), 1);
    assert_null(words.v);
}

static void test_token(void **state)
{
    static const char *const good[] = {"X-API-Key", "a", "!#$%&'*+-.^_`|~09azAZ"};
    static const char *const bad[] = {"",         "a b",   "a:",  "(a)", "a/b", "\"a\"", "a\t",
                                      "\xc3\xa9", "a\x7f", "a@b", "[a]", "{a}", "a,",    "a;b=c"};
    int i;

    (void)state;
    for (i = 0; i < N_OF(good); i++) {
        assert_true(ag_text_token(good[i]));
    }
    for (i = 0; i < N_OF(bad); i++) {
        assert_false(ag_text_token(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),  TEST(test_token),      TEST(test_open_quote), TEST(test_one_word),    TEST(test_lists),
        TEST(test_has),    TEST(test_starts),     TEST(test_path),       TEST(test_path_random), TEST(test_path_cost),
        TEST(test_option), TEST(test_same_field), TEST(test_visible),    TEST(test_blank),
    };

    return cmocka_run_group_tests_name("base text, regex, log", tests, NULL, NULL);
}
