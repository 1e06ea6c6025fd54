/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_text_blank: blanks in texts, also those that nobody sees, and names without any.
 */
#include "unit.h"

#include "../../src/base/text.h"

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
        TEST(test_token),
        TEST(test_visible),
        TEST(test_blank),
    };

    return cmocka_run_group_tests_name("base text, blanks", tests, NULL, NULL);
}
