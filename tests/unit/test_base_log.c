/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: levels, and what is written of what others sent.
 */
#include "unit.h"

#include "../../src/base/log.h"

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
        TEST(test_log),
        TEST(test_printable),
    };

    return cmocka_run_group_tests_name("base text, regex, log", tests, NULL, NULL);
}
