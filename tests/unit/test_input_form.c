/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many fields and files a form may have, and how large.
 */
#include "unit.h"

#include "../../src/input/form.h"

#define URLENCODED       "application/x-www-form-urlencoded"
#define PART(name, data) "--B\r\nContent-Disposition: form-data; name=" name "\r\n\r\n" data "\r\n"
#define FILE(name, data) PART(name "; filename=f", data)

static const char *answer(const char *options, const char *type, const char *body, apr_pool_t *p)
{
    static const char *const words[] = {
        [AG_FORM_WELL] = "well", [AG_FORM_WRONG] = "wrong: ", [AG_FORM_LARGE] = "large: "};
    ag_form_limits_t limits = AG_FORM_LIMITS;
    const char *detail = "", *error = NULL;
    ag_words_t list;
    ag_media_t media;
    ag_form_e form;
    int i;

    assert_null(ag_text_words(&list, options, p));
    for (i = 0; i < list.n; i++) {
        assert_true(ag_form_option(&limits, list.v[i], &error, p));
        assert_null(error);
    }
    assert_null(ag_media_read(&media, type, p));
    assert_true(ag_form_is(&media));
    form = ag_form_check(&detail, &limits, &media, ag_span(body, strlen(body)), p);
    return apr_pstrcat(p, words[form], detail, NULL);
}

static void test_urlencoded(void **state)
{
    static const char *const cases[][3] = {
        {"", "", "well"},
        {"", "a=1&b=%C3%A4+x&c", "well"},
        {"max-fields=2", "a=1&&b=2", "well"},
        {"max-fields=2", "a=1&b=2&c", "large: the form has more than 2 fields"},
        {"max-fields=0", "a", "large: the form has more than 0 fields"},
        {"max-field-size=3", "a=123&123=a", "well"},
        {"max-field-size=3", "a=%41%41%41", "well"},
        {"max-field-size=3", "a=1&b=1234", "large: field 2 has more than 3 bytes"},
        {"max-field-size=3", "1234=1", "large: field 1 has more than 3 bytes"},
        {"max-field-size=3", "a=%41%41%41%41", "large: field 1 has more than 3 bytes"},
        {"max-field-size=3", "a=%41%41%41%41%41", "large: field 1 has more than 3 bytes"},
        {"", "a=1&b=%zz", "wrong: field 2 holds a \"%\" that is not followed by two hexadecimal digits"},
        {"", "%=1", "wrong: field 1 holds a \"%\" that is not followed by two hexadecimal digits"},
        {"", "a=%ff", "wrong: field 1 is no UTF-8"},
        {"", "a=%00", "wrong: field 1 holds a NUL"},
        {"", "a=1;b=2", "wrong: field 1 holds a \";\", which has to be sent as %3B"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(answer(cases[i][0], URLENCODED, cases[i][1], *state), cases[i][2]);
    }
}

static void test_multipart(void **state)
{
    static const char *const cases[][3] = {
        {"", PART("a", "1") FILE("b", "2") "--B--", "well"},
        {"max-fields=1 max-files=1", PART("a", "1") FILE("b", "2") "--B--", "well"},
        {"max-fields=1 max-files=1", PART("a", "1") PART("b", "2") "--B--", "large: the form has more than 1 fields"},
        {"max-fields=1 max-files=1", FILE("a", "1") FILE("b", "2") "--B--", "large: the form has more than 1 files"},
        {"max-field-size=2", PART("a", "12") FILE("b", "123") "--B--", "well"},
        {"max-field-size=2", PART("a", "12") PART("b", "123") "--B--", "large: part 2 has more than 2 bytes"},
        {"max-field-size=2", PART("abc", "12") "--B--", "large: part 1 has more than 2 bytes"},
        {"max-file-size=2", PART("a", "123") FILE("b", "12") "--B--", "well"},
        {"max-file-size=2", FILE("b", "123") "--B--", "large: part 1 has more than 2 bytes"},
        {"", PART("a", "1"), "wrong: part 1 is not ended by the boundary"},
        {"", "--C--", "wrong: the form does not begin with its boundary"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(answer(cases[i][0], "multipart/form-data; boundary=B", cases[i][1], *state), cases[i][2]);
    }
}

static void test_options(void **state)
{
    static const char *const wrong[] = {"max-fields=",       "max-fields=-1",    "max-fields=x",
                                        "max-fields=100001", "max-field-size=0", "max-file-size=2000G",
                                        "max-files=1K"};
    ag_form_limits_t limits = AG_FORM_LIMITS;
    const char *error = NULL;
    ag_media_t media;
    int i;

    assert_false(ag_form_option(&limits, "max-body=1", &error, *state));
    assert_false(ag_form_option(&limits, "max-fields", &error, *state));
    assert_true(ag_form_option(&limits, "max-file-size=10M", &error, *state));
    assert_null(error);
    assert_int_equal(limits.file_size, 10 * 1024 * 1024);
    for (i = 0; i < N_OF(wrong); i++) {
        error = NULL;
        assert_true(ag_form_option(&limits, wrong[i], &error, *state));
        assert_non_null(error);
    }
    assert_null(ag_media_read(&media, "multipart/mixed; boundary=x", *state));
    assert_false(ag_form_is(&media));
}

/* Of two sections that both hold, the smaller limit of each counts; 0 is no limit of a file's own. */
static void test_narrow(void **state)
{
    ag_form_limits_t limits = {10, 100, 5, 0}, other = {20, 50, 3, 7};

    (void)state;
    ag_form_narrow(&limits, &other);
    assert_int_equal(limits.fields, 10);
    assert_int_equal(limits.field_size, 50);
    assert_int_equal(limits.files, 3);
    assert_int_equal(limits.file_size, 7);
    other.file_size = 0;
    ag_form_narrow(&limits, &other);
    assert_int_equal(limits.file_size, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_urlencoded), TEST(test_multipart), TEST(test_options),
                                       TEST(test_narrow)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
