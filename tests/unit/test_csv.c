/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated values: src/ctl/csv. What was read is shown with "|" between fields and "/"
 * behind a record; NULL is "~"; a record that is none is "!".
 */
#include "unit.h"

#include "../../src/ctl/csv.h"

/* Exactly as much memory as csv.h asks for, so that a checker sees the first byte too many. */
static const char *read_all(const char *text, apr_size_t n, apr_pool_t *p)
{
    char *memory = malloc(n + 1);
    apr_array_header_t *fields = apr_array_make(p, 4, sizeof(const char *));
    const char *out = "";
    const char *error = NULL;
    ag_csv_t csv;
    int found, line, i;

    memcpy(memory, text, n);
    ag_csv_init(&csv, memory, n);
    while ((found = ag_csv_next(fields, &line, &error, &csv))) {
        for (i = 0; found > 0 && i < fields->nelts; i++) {
            const char *field = APR_ARRAY_IDX(fields, i, const char *);

            out = apr_pstrcat(p, out, i ? "|" : "", field ? field : "~", NULL);
        }
        out = apr_pstrcat(p, out, found > 0 ? "/" : "!", NULL);
        assert_true(found > 0 || error);
    }
    free(memory);
    return out;
}

static void test_records(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a", "a/"},
        {"a,b,c", "a|b|c/"},
        {"a,b\n", "a|b/"},
        {"a,b\r\nc,d\r\n", "a|b/c|d/"},
        {"a\n\n\nb", "a/b/"},
        {",", "~|~/"},
        {"a,,", "a|~|~/"},
        {"\"\"", "/"},
        {"\"\",\"\"", "|/"},
        {" a , b ", " a | b /"},
        {"\"a\"", "a/"},
        {"\"a\",b\n", "a|b/"},
        {"\"a,b\",c", "a,b|c/"},
        {"\"a\"\"b\"", "a\"b/"},
        {"\"\"\"\"", "\"/"},
        {"\"\"\"\"\"\"\r\n", "\"\"/"},
        {"\"a\nb\",c\nd,e", "a\nb|c/d|e/"},
        {"\"a\r\nb\"", "a\r\nb/"},
        {"\xEF\xBB\xBF"
         "a,b",
         "a|b/"},
        {"\xC3\xBC,b", "\xC3\xBC|b/"},
        /* What is wrong, and that the next line is read again. */
        {"\"a", "!"},
        {"\"", "!"},
        {"\"a\"\"", "!"},
        {"\"a\"b\nc", "!c/"},
        {"\"a\" ,b\nc", "!c/"},
        {"a\"b\nc,d", "!c|d/"},
        {"a\rb\nc", "!c/"},
        {"x,\"a\"b,\ny\n", "!y/"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(read_all(cases[i].text, strlen(cases[i].text), *state), cases[i].shown);
    }
}

static void test_nul(void **state)
{
    assert_string_equal(read_all("a\0b\nc", 5, *state), "!c/");
    assert_string_equal(read_all("\"a\0b\"\nc", 7, *state), "!c/");
}

/* A record is known by the line it begins in, whatever lines its fields hold. */
static void test_lines(void **state)
{
    char text[] = "a\n\"b\nb\"\r\n\n\"c\"x\nd\n";
    static const int lines[] = {1, 2, 5, 6};
    apr_array_header_t *fields = apr_array_make(*state, 4, sizeof(const char *));
    const char *error;
    ag_csv_t csv;
    int line, i;

    ag_csv_init(&csv, text, strlen(text));
    for (i = 0; i < N_OF(lines); i++) {
        assert_int_not_equal(ag_csv_next(fields, &line, &error, &csv), 0);
        assert_int_equal(line, lines[i]);
    }
    assert_int_equal(ag_csv_next(fields, &line, &error, &csv), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_records), TEST(test_nul), TEST(test_lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
