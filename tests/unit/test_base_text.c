/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_text: words, lists and names in texts.
 */
#include "unit.h"

#include "../../src/base/text.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words), TEST(test_open_quote), TEST(test_one_word),   TEST(test_lists),
        TEST(test_has),   TEST(test_option),     TEST(test_same_field),
    };

    return cmocka_run_group_tests_name("base text", tests, NULL, NULL);
}
