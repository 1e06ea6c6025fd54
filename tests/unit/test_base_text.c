/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words, lists, patterns and the buffer: src/base/text, and the log that formats them.
 */
#include "unit.h"

#include <inttypes.h>

#include "../../src/base/log.h"
#include "../../src/base/regex.h"

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

typedef struct {
    const char *pattern, *text;
    int fits;
} fit_t;

static void test_starts(void **state)
{
    static const fit_t cases[] = {
        {"acme", "acme", 1},          {"acme", "acme2", 0},  {"acme", "acm", 0},
        {"acme", "Acme", 0},          {"", "", 1},           {"", "a", 0},
        {"*", "", 1},                 {"*", "anything", 1},  {"orders:*", "orders:read", 1},
        {"orders:*", "orders:", 1},   {"orders:*", "orders", 0},
        {"orders:*", "order:s", 0},   {"a*b", "a*b", 1},     {"a*b", "axb", 0},
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
        return fits_slowly(pattern + 1, path)
               || (*path && *path != '/' && fits_slowly(pattern, path + 1));
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
        {"X-API-Key", "x_api.KEY", 1}, {"X-API-Key", "X-API-Key", 1}, {"a", "A", 1},
        {"k1", "K1", 1},               {"a-b", "a\xff""b", 1},        {"-k", "_k", 1},
        {"a-b", "ab", 0},              {"a-b", "a--b", 0},            {"a-b", "a1b", 0},
        {"a1b", "a-b", 0},             {"ab", "abc", 0},              {"abc", "ab", 0},
        {"a-", "a", 0},                {"a", "a-", 0},                {"", "a", 0},
        {"@", "`", 1},                 {"[", "{", 1},                 {"a", "\x01", 0},
        {"1", "\x11", 0},              {"\x11", "1", 0},              {"k", "\xeb", 0},
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

static void test_buffer(void **state)
{
    char memory[9];
    ag_buf_t b;

    (void)state;
    memset(memory, 'x', sizeof memory);
    ag_buf_init(&b, memory, 8);
    assert_string_equal(memory, "");
    ag_buf_str(&b, "abc");
    ag_buf_uint(&b, 42);
    ag_buf_mem(&b, "defg", 2);
    assert_false(b.full);
    assert_string_equal(b.start, "abc42de");
    ag_buf_mem(&b, "", 0);
    assert_false(b.full);
    ag_buf_mem(&b, "h", 1);
    assert_true(b.full);
    assert_string_equal(b.start, "abc42de");
    assert_int_equal(memory[8], 'x');
}

/* Too much is dropped whole, and nothing that comes later slips in behind the gap. */
static void test_buffer_full(void **state)
{
    char memory[8];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_str(&b, "abcd");
    ag_buf_str(&b, "efgh");
    assert_true(b.full);
    assert_string_equal(b.start, "abcd");
    ag_buf_str(&b, "e");
    assert_string_equal(b.start, "abcd");
    ag_buf_init(&b, memory, 1);
    ag_buf_str(&b, "a");
    assert_true(b.full);
    assert_string_equal(b.start, "");
}

static void test_buffer_number(void **state)
{
    char memory[64];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_uint(&b, 0);
    ag_buf_str(&b, " ");
    ag_buf_uint(&b, 10);
    ag_buf_str(&b, " ");
    ag_buf_uint(&b, APR_UINT64_MAX);
    assert_string_equal(b.start, "0 10 18446744073709551615");
}

/* Around every power of ten, as the C library writes them. */
static void test_buffer_numbers(void **state)
{
    apr_uint64_t power, n;
    char memory[32], wanted[32];
    ag_buf_t b;

    (void)state;
    for (power = 1; power <= APR_UINT64_MAX / 10; power *= 10) {
        for (n = power > 120 ? power - 120 : 0; n < power + 120; n++) {
            ag_buf_init(&b, memory, sizeof memory);
            ag_buf_uint(&b, n);
            snprintf(wanted, sizeof wanted, "%" PRIu64, n);
            assert_string_equal(b.start, wanted);
        }
    }
}

static void test_buffer_sf_string(void **state)
{
    char memory[32];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_sf_string(&b, "");
    ag_buf_sf_string(&b, "a \"b\" \\");
    assert_string_equal(b.start, "\"\"\"a \\\"b\\\" \\\\\"");
}

/* ---- regex ----------------------------------------------------------------------------------- */

static void test_regex(void **state)
{
    static const fit_t cases[] = {
        {"a", "a", 1},          {"a", "ab", 0},       {"a", "ba", 0},
        {"a|ab", "ab", 1},      {"a|b", "bb", 0},     {".*", "", 1},
        {"a$", "a\n", 0},       {"^a", "a", 1},       {"a.c", "a\nc", 0},
        {".", "\xC3\xA9", 1},   {".*", "\xFF", 0},    {"(?i)ADMIN", "admin", 1},
        {"[0-9]+", "12a", 0},   {"a\\b.*", "a b", 1},
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

/* ---- blanks ---------------------------------------------------------------------------------- */

static void test_blank(void **state)
{
    static const struct {
        const char *text;
        ag_blank_e blank;
    } cases[] = {
        {"", AG_BLANK_NONE},           {"acme", AG_BLANK_NONE},
        {"J\xC3\xB6rg", AG_BLANK_NONE}, {"a b", AG_BLANK_INSIDE},
        {" a", AG_BLANK_END},          {"a ", AG_BLANK_END},
        {"a b ", AG_BLANK_END},        {" ", AG_BLANK_END},
        {"a\tb", AG_BLANK_INSIDE},     {"a\r", AG_BLANK_END},
        {"a\xC2\xA0", AG_BLANK_END},   {"a\xC2\xA0" "b", AG_BLANK_INSIDE},
        {"\xE3\x80\x80" "a", AG_BLANK_END}, {"\xEF\xBB\xBF" "a", AG_BLANK_END},
        {"a\xE2\x80\x83" "b", AG_BLANK_INSIDE}, {"\xC2", AG_BLANK_NONE},
        {"\xE2\x80", AG_BLANK_NONE},   {"\xC2\xA1", AG_BLANK_NONE},
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

/* ---- log ------------------------------------------------------------------------------------- */

typedef struct {
    int n;
    ag_log_level_e level;
    apr_status_t rv;
    char text[2048];
} heard_t;

static void hear(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    heard_t *heard = log->ctx;

    heard->n++;
    heard->level = level;
    heard->rv = rv;
    apr_cpystrn(heard->text, text, sizeof heard->text);
}

static void test_log(void **state)
{
    heard_t heard = {0};
    ag_log_t log = {hear, &heard, AG_LOG_WARNING};
    char *big = apr_palloc(*state, 3001);

    ag_log(NULL, AG_LOG_CRIT, 0, "nobody hears %s", "this");
    ag_log(&log, AG_LOG_NOTICE, 0, "too quiet");
    assert_int_equal(heard.n, 0);
    ag_log(&log, AG_LOG_WARNING, APR_EINVAL, "AG9999: %s %d", "text", 7);
    assert_int_equal(heard.n, 1);
    assert_int_equal(heard.level, AG_LOG_WARNING);
    assert_int_equal(heard.rv, APR_EINVAL);
    assert_string_equal(heard.text, "AG9999: text 7");
    memset(big, 'x', 3000);
    big[3000] = '\0';
    ag_log(&log, AG_LOG_CRIT, 0, "%s", big);
    assert_int_equal(heard.n, 2);
    assert_int_equal(strlen(heard.text), 1023);
}

/* Each number of a character, against the ranges as they are written in the issue. */
static void test_printable(void **state)
{
    apr_uint32_t c;

    for (c = 1; c < 0x110000; c++) {
        int steers = c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E || c == 0x200F
                     || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        int none = c >= 0xD800 && c <= 0xDFFF;
        char text[5] = "";
        int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        int i;

        for (i = n - 1; i > 0; i--) {
            text[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
        }
        text[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c >> 6 * (n - 1));
        assert_int_equal(ag_text_utf8(text), none ? 0 : n);
        assert_int_equal(ag_text_printable_at(text), none || steers ? 0 : n);
        assert_int_equal(ag_text_printable(text), !none && !steers);
        if (!none) {
            assert_int_equal(ag_text_code(text, n), c);
            assert_string_equal(ag_text_plain(text, *state), steers ? "?" : text);
        }
        if (c % 4096 == 0) {
            apr_pool_clear(*state);
        }
    }
    assert_true(ag_text_printable(""));
    assert_false(ag_text_printable("good \xE9"));
    assert_string_equal(ag_text_plain("\xE9t\xC3\xA9\x1B[2J\xE2\x80", *state), "?t\xC3\xA9?[2J??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),       TEST(test_open_quote),    TEST(test_one_word),
        TEST(test_lists),       TEST(test_has),           TEST(test_starts),
        TEST(test_path),        TEST(test_path_random),   TEST(test_path_cost),
        TEST(test_option),      TEST(test_same_field),   TEST(test_visible),       TEST(test_buffer),
        TEST(test_buffer_full), TEST(test_buffer_number), TEST(test_regex),
        TEST(test_regex_wrong), TEST(test_regex_cost),    TEST(test_log),
        TEST(test_printable),
        TEST(test_buffer_numbers), TEST(test_buffer_sf_string), TEST(test_blank),
    };

    return cmocka_run_group_tests_name("base text, regex, log", tests, NULL, NULL);
}
