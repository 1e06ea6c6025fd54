/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types as Content-Type has them, and ranges of them.
 */
#include "unit.h"

#include "../../src/input/media.h"

static const char *read_one(ag_media_t *media, const char *field, apr_pool_t *p)
{
    const char *error = ag_media_read(media, field, p);
    int i;

    if (error) {
        return error;
    }
    error = media->type;
    for (i = 0; i < media->n; i++) {
        error = apr_pstrcat(p, error, "|", media->parameters[i].name, "=", media->parameters[i].value, NULL);
    }
    return error;
}

static void test_read(void **state)
{
    static const char *const fields[][2] = {
        {"application/json", "application/json"},
        {"Application/JSON", "application/json"},
        {"text/plain;", "text/plain"},
        {"text/plain ; ; charset=UTF-8 ", "text/plain|charset=UTF-8"},
        {"text/plain;Charset=\"utf-8\"", "text/plain|charset=utf-8"},
        {"text/plain; a=\"b \\\"c\\\\, ;=\"; d=e", "text/plain|a=b \"c\\, ;=|d=e"},
        {"text/plain; a=\"\"", "text/plain|a="},
        {"multipart/form-data; boundary=----WebKit'x", "multipart/form-data|boundary=----WebKit'x"},
        {"application/vnd.api+json", "application/vnd.api+json"},
        {"", "is no media type"},
        {"json", "is no media type"},
        {"application/", "is no media type"},
        {"/json", "is no media type"},
        {"application/json/x", "has something behind it that is no parameter"},
        {"application/json x", "has something behind it that is no parameter"},
        {"application/json, text/plain", "stands there twice"},
        {"application/json, application/json", "stands there twice"},
        {"multipart/form-data; boundary=a, multipart/form-data; boundary=b", "stands there twice"},
        {"text/plain; charset", "has a parameter that is no NAME=VALUE"},
        {"text/plain; charset =utf-8", "has a parameter that is no NAME=VALUE"},
        {"text/plain; charset= utf-8", "has a parameter whose value is none"},
        {"text/plain; charset=", "has a parameter whose value is none"},
        {"text/plain; charset=\"utf-8", "has a parameter whose value is none"},
        {"text/plain; charset=\"utf-8\\", "has a parameter whose value is none"},
        {"text/plain; charset=\"utf\x01\"", "has a parameter whose value is none"},
        {"text/plain; boundary=a b", "has something behind it that is no parameter"},
        {"text/plain; a=b; A=b", "names a parameter twice"},
        {"text/plain; =b", "has a parameter that is no NAME=VALUE"},
        {"t/p;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1", "t/p|a=1|b=1|c=1|d=1|e=1|f=1|g=1|h=1"},
        {"t/p;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1", "has too many parameters"},
    };
    int i;

    for (i = 0; i < N_OF(fields); i++) {
        ag_media_t media;

        assert_string_equal(read_one(&media, fields[i][0], *state), fields[i][1]);
    }
}

static void test_parameters(void **state)
{
    ag_media_t media;

    assert_null(ag_media_read(&media, "text/plain; CHARSET=\"Utf-8\"; Boundary=A", *state));
    assert_string_equal(ag_media_parameter(&media, "boundary"), "A");
    assert_null(ag_media_parameter(&media, "q"));
    assert_true(ag_media_utf8(&media));
    assert_null(ag_media_read(&media, "text/plain", *state));
    assert_true(ag_media_utf8(&media));
    assert_null(ag_media_read(&media, "text/plain; charset=utf-16", *state));
    assert_false(ag_media_utf8(&media));
}

static void test_matches(void **state)
{
    static const struct {
        const char *range, *type;
        int matches;
    } cases[] = {
        {"application/json", "application/json", 1},
        {"application/json", "application/jsonx", 0},
        {"application/json", "application/problem+json", 0},
        {"application/*", "application/json", 1},
        {"application/*", "applications/json", 0},
        {"application/*", "text/plain", 0},
        {"*/*", "text/plain", 1},
        {"application/*+json", "application/problem+json", 1},
        {"application/*+json", "application/a+b+json", 1},
        {"application/*+json", "application/json", 0},
        {"application/*+json", "application/+json", 0},
        {"application/*+json", "text/problem+json", 0},
        {"application/*+json", "application/problem+xml", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_media_matches(cases[i].range, cases[i].type) != cases[i].matches) {
            fail_msg("%s of %s", cases[i].type, cases[i].range);
        }
    }
}

static void test_ranges(void **state)
{
    static const char *const good[] = {"*/*", "text/*", "application/*+json", "application/json"};
    static const char *const bad[] = {"",           "json",        "*",     "*/json", "text/", "/json",
                                      "te*t/plain", "text/*x",     "a/b/c", "a/b; c", "a/*+",  "*/*+json",
                                      "a/*+b*",     "text /plain", "a/+*",  "**/*"};
    const char *range;
    int i;

    for (i = 0; i < N_OF(good); i++) {
        assert_null(ag_media_range(&range, good[i], *state));
        assert_string_equal(range, good[i]);
        assert_int_equal(ag_media_rank(range), i);
    }
    assert_null(ag_media_range(&range, "Application/VND.x+JSON", *state));
    assert_string_equal(range, "application/vnd.x+json");
    for (i = 0; i < N_OF(bad); i++) {
        const char *error = ag_media_range(&range, bad[i], *state);

        if (!error || !strstr(error, "TYPE/SUBTYPE") || !strstr(error, bad[i])) {
            fail_msg("%s: %s", bad[i], error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_read), TEST(test_parameters), TEST(test_matches), TEST(test_ranges)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
