/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each format takes and refuses, beside the official suite's cases. A row of formats.def that has not one of both here
 * fails the test.
 */
#include "unit.h"

#include "../../src/schema/format.h"

typedef struct {
    const char *format, *text;
} case_t;

#define LABEL63   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME253   LABEL63 "." LABEL63 "." LABEL63 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MAIL_FULL "l@" LABEL63 "." LABEL63 "." LABEL63 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const case_t accepted[] = {
    {"date-time", "2030-01-31T12:00:00Z"},
    {"date-time", "2016-12-31T18:59:60.5-05:00"},
    {"date", "2000-02-29"},
    {"time", "00:00:00+23:59"},
    {"duration", "P1Y2M3DT4H5M6S"},
    {"duration", "P2W"},
    {"email", "a.b+c@example.com"},
    {"email", "\"a\\\"b\"@localhost"},
    {"email", "a@[ipv6:2001:db8::1]"},
    {"email", MAIL_FULL "x"},
    {"idn-email", "j\xC3\xB6rg@b\xC3\xBC"
                  "cher.example"},
    {"hostname", "a.example"},
    {"hostname", NAME253},
    {"hostname", "r3---sn-apo3qv.example"},
    {"idn-hostname", "b\xC3\xBC"
                     "cher.example"},
    {"idn-hostname", "a.xn--bcher-kva.example"},
    {"ipv4", "192.0.2.255"},
    {"ipv6", "1:2:3:4:5:6:192.0.2.1"},
    {"ipv6", "::2:3:4:5:6:7:8"},
    {"ipv6", "1:2:3:4:5:6:7::"},
    {"ipv6", "FE80::A"},
    {"uri", "https://user:pass@example.com:8080/a/b;c=1?d=%20#e"},
    {"uri", "http://[v1.a:b]/"},
    {"uri", "http://example.com:/"},
    {"uri", "a:"},
    {"uri-reference", "../a?b"},
    {"uri-reference", "@a/b:c"},
    {"iri", "https://b\xC3\xBC"
            "cher.example/\xE2\x82\xAC?\xEE\x80\x80"},
    {"iri-reference", "/\xF0\x9F\x98\x80"},
    {"uuid", "123e4567-E89B-12d3-a456-426614174000"},
    {"uri-template", "/a{/b,c:3}{?d*}{%41.x_1}"},
    {"uri-template", "{|reserved}\xEE\x80\x80"},
    {"json-pointer", "/a~1b/0"},
    {"relative-json-pointer", "1/a"},
    {"relative-json-pointer", "0-1#"},
    {"regex", "^(?<=a+)[\\w-]\\p{L}$"},
    {"byte", ""},
    {"byte", "QUI="},
    {"byte", "QQ=="},
    {"byte", "+/+/"},
    {"base64url", "_-_-"},
    {"base64url", "QUI"},
    {"base64url", "QQ=="},
};

static const case_t refused[] = {
    {"date-time", "2030-01-31 12:00:00Z"},
    {"date-time", "2030-01-31T12:00:00"},
    {"date-time", "2030-01-31T12:00:00.Z"},
    {"date-time", "2030-01-31T12:00:60Z"},
    {"date", "1900-02-29"},
    {"date", "2030-1-01"},
    {"date", "2030-01-0"},
    {"time", "24:00:00Z"},
    {"time", "23:59:60+00:01"},
    {"duration", "P1Y1D"},
    {"duration", "P1M1M"},
    {"duration", "P1DT"},
    {"duration", "W"},
    {"duration", "PW"},
    {"email", "a@b..c"},
    {"email", "a@b."},
    {"email", "a@-b"},
    {"email", "\"a@b"},
    {"email", "\"a\\"},
    {"email", "a\"b\"@c"},
    {"email", "a@[IPv6:192.0.2.1]"},
    {"email", "a@["},
    {"email", "a@[]"},
    {"email", MAIL_FULL "xx"},
    {"email", "l" LABEL63 "l@b"},
    {"email", "j\xC3\xB6@b"},
    {"idn-email", "j\xC3\xB6"},
    {"idn-email", "j\xC3@b"},
    {"hostname", NAME253 "b"},
    {"hostname", "a..b"},
    {"idn-hostname", "b\xC3\xBC"
                     "cher..example"},
#ifndef AG_NO_LIBIDN2
    {"idn-hostname", "-b\xC3\xBC"},
#endif
    {"ipv4", "192.0.2.256"},
    {"ipv4", "192.0.2.01"},
    {"ipv4", "192.0.2.1234"},
    {"ipv6", "1:2:3:4:5:6:7:8:9"},
    {"ipv6", "1:2:3:4:5:6:7:192.0.2.1"},
    {"ipv6", "::1:2:3:4:5:6:7:8"},
    {"ipv6", "1::2::3"},
    {"ipv6", ":::"},
    {"ipv6", ":"},
    {"ipv6", "::192.0.2.1:1"},
    {"ipv6", ""},
    {"uri", "/a"},
    {"uri", "http://a b/"},
    {"uri", "http://[::1]a/"},
    {"uri", "http://[v1.]/"},
    {"uri", "http://a/#b#c"},
    {"uri", "http://\xC3\xBC/"},
    {"uri", "1a:b"},
    {"uri", ""},
    {"uri-reference", "a:b:c d"},
    {"uri-reference", "%4"},
    {"iri", "b\xC3\xBC"
            "cher"},
    {"iri", "a:\xEE\x80\x80"},
    {"iri-reference", "a\xC2\x85"},
    {"iri-reference", "a\xC3"},
    {"uuid", "{123e4567-e89b-12d3-a456-426614174000}"},
    {"uuid", "123e4567-e89b-12d3-a456-4266141740000"},
    {"uri-template", "{a"},
    {"uri-template", "{a:}"},
    {"uri-template", "{a.}"},
    {"uri-template", "%"},
    {"json-pointer", "a"},
    {"json-pointer", "/~"},
    {"relative-json-pointer", "/a"},
    {"relative-json-pointer", "0+01"},
    {"regex", "(a"},
    {"regex", "\\Z"},
    {"byte", "QQ"},
    {"byte", "QQ==="},
    {"byte", "QQ==QQ=="},
    {"byte", "Q\nQ="},
    {"byte", "_-_-"},
    {"base64url", "Q"},
    {"base64url", "+/+/"},
    {"base64url", "QQ="},
    {"base64url", "QQQ=="},
};

static const case_t held[] = {
    {"int8", "-128"},
    {"int8", "127.0"},
    {"int16", "-32768"},
    {"int16", "3.2767e4"},
    {"int32", "2147483647"},
    {"int32", "-2147483648"},
    {"int64", "9223372036854775807"},
    {"int64", "-9223372036854775808"},
    {"uint8", "255"},
    {"uint8", "-0"},
    {"uint16", "65535"},
    {"uint32", "4294967295"},
    {"uint64", "18446744073709551615"},
    {"float", "3.4028234663852886e38"},
    {"float", "-1e-400"},
    {"double", "1.7976931348623157e308"},
    {"double", "0e999"},
};

static const case_t not_held[] = {
    {"int8", "128"},
    {"int8", "1.5"},
    {"int16", "-32769"},
    {"int32", "2147483648"},
    {"int32", "-2147483649"},
    {"int64", "9223372036854775808"},
    {"int64", "-9223372036854775809"},
    {"int64", "1e30"},
    {"uint8", "256"},
    {"uint8", "-1"},
    {"uint16", "65536"},
    {"uint32", "4294967296"},
    {"uint64", "18446744073709551616"},
    {"float", "3.5e38"},
    {"float", "-1e39"},
    {"double", "1.7976931348623158e308"},
    {"double", "-1e309"},
};

/* The text ends at a page's end, so to speak: a copy of exactly its size, so that a checker sees what is read behind it. */
static int fits(const char *format, const char *text)
{
    const ag_format_t *row = ag_format(format, strlen(format));
    apr_size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    int yes;

    assert_non_null(row);
    assert_non_null(row->fits);
    memcpy(copy, text, n);
    yes = row->fits(copy, n);
    free(copy);
    return yes;
}

static void test_accepted(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < N_OF(accepted); i++) {
        if (!fits(accepted[i].format, accepted[i].text)) {
            fail_msg("%s refuses %s", accepted[i].format, accepted[i].text);
        }
    }
}

static void test_refused(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < N_OF(refused); i++) {
        if (fits(refused[i].format, refused[i].text)) {
            fail_msg("%s takes %s", refused[i].format, refused[i].text);
        }
    }
}

static int holds(const char *format, const char *text)
{
    const ag_format_t *row = ag_format(format, strlen(format));
    ag_number_t number;

    assert_non_null(row);
    assert_non_null(row->holds);
    assert_int_equal(ag_number_read(&number, text, strlen(text)), 0);
    return row->holds(&number);
}

static void test_numbers(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < N_OF(held); i++) {
        if (!holds(held[i].format, held[i].text)) {
            fail_msg("%s refuses %s", held[i].format, held[i].text);
        }
    }
    for (i = 0; i < N_OF(not_held); i++) {
        if (holds(not_held[i].format, not_held[i].text)) {
            fail_msg("%s takes %s", not_held[i].format, not_held[i].text);
        }
    }
}

static int has(const case_t *cases, int n, const char *format)
{
    while (n > 0) {
        if (!strcmp(cases[--n].format, format)) {
            return 1;
        }
    }
    return 0;
}

static void test_each_row(void **state)
{
    const ag_format_t *row;
    int i;

    (void)state;
    for (i = 0; (row = ag_format_row(i)); i++) {
        assert_ptr_equal(ag_format(row->name, strlen(row->name)), row);
        assert_int_equal(!row->fits, !!row->holds);
        if (row->fits && !(has(accepted, N_OF(accepted), row->name) && has(refused, N_OF(refused), row->name))) {
            fail_msg("%s has no case here", row->name);
        }
        if (row->holds && !(has(held, N_OF(held), row->name) && has(not_held, N_OF(not_held), row->name))) {
            fail_msg("%s has no number here", row->name);
        }
    }
    assert_true(i >= 30);
    assert_null(ag_format("dat", 3));
    assert_null(ag_format("dates", 5));
    assert_non_null(ag_format("dates", 4));
}

/* A NUL is a character like others. */
static void test_nul(void **state)
{
    static const char mail[] = "a@b\0c", uri[] = "a:b\0", pointer[] = "/\0", name[] = "b\xC3\xBC\0c",
                      quoted[] = "\"\0\"@b";

    (void)state;
    (void)name;
    assert_false(ag_format("email", 5)->fits(mail, 5));
    assert_false(ag_format("email", 5)->fits(quoted, 5));
    assert_false(ag_format("uri", 3)->fits(uri, 4));
    assert_true(ag_format("json-pointer", 12)->fits(pointer, 2));
#ifndef AG_NO_LIBIDN2
    assert_false(ag_format("idn-hostname", 12)->fits(name, 5));
#endif
    assert_false(ag_format("duration", 8)->fits("P1\0", 3));
}

/* A megabyte of what any of them might like to read again and again: in time that grows with its length alone. */
static void test_long(void **state)
{
    static const char *const fill[] = {"1",  "a",   ".",        ":",  "-", "%41", "{a}",
                                       "1D", "/~0", "\xC3\xBC", "a@", "[", "xn--"};
    enum { LONG = 1024 * 1024 };
    char *text = apr_palloc(*state, LONG + 8);
    const ag_format_t *row;
    apr_size_t n;
    int i, f;

    for (f = 0; f < N_OF(fill); f++) {
        for (n = 0; n < LONG; n += strlen(fill[f])) {
            memcpy(text + n, fill[f], strlen(fill[f]));
        }
        for (i = 0; (row = ag_format_row(i)); i++) {
            if (row->fits) {
                row->fits(text, n);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepted), TEST(test_refused), TEST(test_numbers),
        TEST(test_each_row), TEST(test_nul),     TEST(test_long),
    };

    return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
