/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of query strings and cookies, and how their texts are decoded.
 */
#include "unit.h"

#include "../../src/input/pairs.h"

static const char *all(ag_pairs_t *pairs, apr_pool_t *p)
{
    const char *text = "";
    ag_pair_t pair;

    while (ag_pairs_next(&pair, pairs)) {
        text = apr_psprintf(p, "%s%d(%.*s)(%.*s)", text, pair.number, (int)pair.name.n, pair.name.at,
                            (int)pair.value.n, pair.value.at);
    }
    return text;
}

static void test_pairs(void **state)
{
    static const char *const texts[][2] = {
        {"", ""},
        {"a=1", "1(a)(1)"},
        {"a=1&b=2", "1(a)(1)2(b)(2)"},
        {"&&a=1&&", "1(a)(1)"},
        {"a", "1(a)()"},
        {"a=&=b&=", "1(a)()2()(b)3()()"},
        {"a=b=c", "1(a)(b=c)"},
        {"a=1;b=2", "1(a)(1;b=2)"},
        {" a = 1 ", "1( a )( 1 )"},
        {"a=%26&b", "1(a)(%26)2(b)()"},
    };
    ag_pairs_t pairs;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        ag_pairs_begin(&pairs, texts[i][0], strlen(texts[i][0]));
        assert_string_equal(all(&pairs, *state), texts[i][1]);
    }
    ag_pairs_begin(&pairs, NULL, 0);
    assert_string_equal(all(&pairs, *state), "");
}

static void test_cookies(void **state)
{
    static const char *const texts[][2] = {
        {"a=1; b=2", "1(a)(1)2(b)(2)"},
        {" ;; a=1 2 ;b", "1(a)(1 2)2(b)()"},
        {"a=x&y=z", "1(a)(x&y=z)"},
    };
    ag_pairs_t pairs;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        ag_pairs_begin_cookies(&pairs, texts[i][0]);
        assert_string_equal(all(&pairs, *state), texts[i][1]);
    }
    ag_pairs_begin_cookies(&pairs, NULL);
    assert_string_equal(all(&pairs, *state), "");
}

static ag_span_t span(const char *text)
{
    return ag_span(text, strlen(text));
}

static void test_decode(void **state)
{
    static const struct {
        const char *from, *to;
        ag_encoded_e wrong;
        int keeps; /* a plus sign */
    } cases[] = {
        {"", "", AG_ENCODED_WELL, 0},
        {"abc", "abc", AG_ENCODED_WELL, 0},
        {"a+b%2B%2b", "a b++", AG_ENCODED_WELL, 0},
        {"a+b%2B", "a+b+", AG_ENCODED_WELL, 1},
        {"a+b", "a+b", AG_ENCODED_WELL, 1},
        {"%41%7a", "Az", AG_ENCODED_WELL, 0},
        {"%C3%A4\xC3\xA4", "\xC3\xA4\xC3\xA4", AG_ENCODED_WELL, 0},
        {"a;b", NULL, AG_ENCODED_SEMICOLON, 0},
        {"a%3Bb", "a;b", AG_ENCODED_WELL, 0},
        {"a;b", "a;b", AG_ENCODED_WELL, 1},
        {"%", NULL, AG_ENCODED_ESCAPE, 0},
        {"%4", NULL, AG_ENCODED_ESCAPE, 0},
        {"%4g", NULL, AG_ENCODED_ESCAPE, 0},
        {"%u0041", NULL, AG_ENCODED_ESCAPE, 0},
        {"%-1", NULL, AG_ENCODED_ESCAPE, 0},
        {"% 1", NULL, AG_ENCODED_ESCAPE, 0},
        {"a%00", NULL, AG_ENCODED_NUL, 0},
        {"%C3", NULL, AG_ENCODED_UTF8, 0},
        {"\xC3", NULL, AG_ENCODED_UTF8, 0},
        {"%C0%AF", NULL, AG_ENCODED_UTF8, 0},
        {"%ED%A0%80", NULL, AG_ENCODED_UTF8, 0},
        {"%F4%90%80%80", NULL, AG_ENCODED_UTF8, 0},
        {"%F0%9F%98%80", "\xF0\x9F\x98\x80", AG_ENCODED_WELL, 0},
        {"%F0%9F%98", NULL, AG_ENCODED_UTF8, 0},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_span_t to;
        ag_encoded_e wrong = ag_span_decode(&to, span(cases[i].from), !cases[i].keeps, *state);

        if (wrong != cases[i].wrong
            || (cases[i].to && (to.n != strlen(cases[i].to) || memcmp(to.at, cases[i].to, to.n)))) {
            fail_msg("%s: %d %.*s", cases[i].from, wrong, (int)to.n, to.at);
        }
    }
}

/* What is not encoded is not copied, and nothing behind the text is read. */
static void test_not_copied(void **state)
{
    static const char text[] = "abc%41";
    char *two = malloc(2);
    ag_span_t to;

    assert_int_equal(ag_span_decode(&to, ag_span(text, 3), 1, *state), AG_ENCODED_WELL);
    assert_ptr_equal(to.at, text);
    assert_int_equal(ag_span_decode(&to, ag_span(text, 5), 1, *state), AG_ENCODED_ESCAPE);
    memcpy(two, "a\xF0", 2); /* a checker sees whoever reads on */
    assert_int_equal(ag_span_decode(&to, ag_span(two, 2), 1, *state), AG_ENCODED_UTF8);
    memcpy(two, "%4", 2);
    assert_int_equal(ag_span_decode(&to, ag_span(two, 2), 1, *state), AG_ENCODED_ESCAPE);
    free(two);
}

static void test_parts(void **state)
{
    static const char *const texts[][2] = {
        {"", "()"}, {",", "()()"}, {"a", "(a)"}, {"a,b", "(a)(b)"}, {"a,,b,", "(a)()(b)()"}};
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        ag_span_t rest = span(texts[i][0]), part;
        const char *found = "";

        while (ag_span_part(&part, &rest, ',')) {
            found = apr_psprintf(*state, "%s(%.*s)", found, (int)part.n, part.at);
        }
        assert_string_equal(found, texts[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_pairs), TEST(test_cookies), TEST(test_decode), TEST(test_not_copied),
                                       TEST(test_parts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
