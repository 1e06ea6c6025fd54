/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_origin: which Origin fields fit what a section lists, by the ways in which others were got round:
 * suffixes, prefixes, ports, case, users, dots, null, lists and control characters.
 */
#include "unit.h"

#include "../../src/reply/origin.h"

static ag_origin_t read_one(const char *word, apr_pool_t *p)
{
    ag_origin_t origin;
    const char *error = ag_origin_read(&origin, word, p);

    if (error) {
        fail_msg("%s", error);
    }
    return origin;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static const struct {
    const char *word, *field;
    int is;
} fields[] = {
    {"https://app.example", "https://app.example", 1},
    {"https://app.example:443", "https://app.example", 1},
    {"http://app.example:80", "http://app.example", 1},
    {"http://app.example:443", "http://app.example:443", 1},
    {"https://app.example:8443", "https://app.example:8443", 1},
    {"http://localhost:3000", "http://localhost:3000", 1},
    {"http://192.0.2.7:8080", "http://192.0.2.7:8080", 1},
    {"http://[2001:db8::1]:81", "http://[2001:db8::1]:81", 1},
    {"https://[::1]", "https://[::1]", 1},
    {"https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", 1},
    {"capacitor://localhost", "capacitor://localhost", 1},
    {"chrome-extension://abcdefgh", "chrome-extension://abcdefgh", 1},
    {"null", "null", 1},
    /* one letter, one sign or one port is another origin */
    {"https://app.example", "http://app.example", 0},
    {"https://app.example", "https://app.example:443", 0},
    {"https://app.example", "https://app.example:8443", 0},
    {"https://app.example:8443", "https://app.example", 0},
    {"https://app.example:8443", "https://app.example:84430", 0},
    {"https://app.example", "https://app.example.", 0},
    {"https://app.example", "https://app.example/", 0},
    {"https://app.example", "https://app.example.evil.test", 0},
    {"https://app.example", "https://app.examplee", 0},
    {"https://app.example", "https://app.exampl", 0},
    {"https://app.example", "https://evilapp.example", 0},
    {"https://app.example", "https://evil.app.example", 0},
    {"https://app.example", "https://App.example", 0},
    {"https://app.example", "HTTPS://app.example", 0},
    {"https://app.example", "https://app-example", 0},
    {"https://app.example", "https://appxexample", 0},
    {"https://app.example", "https://app.example@evil.test", 0},
    {"https://app.example", "https://user@app.example", 0},
    {"https://app.example", "https://app.example, https://evil.test", 0},
    {"https://app.example", "https://evil.test, https://app.example", 0},
    {"https://app.example", "https://app.example https://evil.test", 0},
    {"https://app.example", " https://app.example", 0},
    {"https://app.example", "https://app.example ", 0},
    {"https://app.example", "https://app.example\t", 0},
    {"https://app.example", "https://app.example\x01", 0},
    {"https://app.example", "https://app.example\xC3\xA9", 0},
    {"https://app.example", "https://app.example%00.evil.test", 0},
    {"https://app.example", "null", 0},
    {"https://app.example", "", 0},
    {"https://app.example", "https://", 0},
    {"https://app.example", "app.example", 0},
    {"null", "NULL", 0},
    {"null", "null, null", 0},
    {"null", "https://null", 0},
    /* one label, and only in front */
    {"https://*.example.org", "https://a.example.org", 1},
    {"https://*.example.org", "https://a-b_9.example.org", 1},
    {"https://*.example.org:443", "https://a.example.org", 1},
    {"http://*.example.org:8080", "http://a.example.org:8080", 1},
    {"https://*.example.org", "https://example.org", 0},
    {"https://*.example.org", "https://.example.org", 0},
    {"https://*.example.org", "https://a.b.example.org", 0},
    {"https://*.example.org", "https://aexample.org", 0},
    {"https://*.example.org", "https://a.example.org.", 0},
    {"https://*.example.org", "https://a.example.org.evil.test", 0},
    {"https://*.example.org", "https://evil.test/.example.org", 0},
    {"https://*.example.org", "https://evil.test?.example.org", 0},
    {"https://*.example.org", "https://evil.test#.example.org", 0},
    {"https://*.example.org", "https://evil\\.example.org", 0},
    {"https://*.example.org", "https://user@evil.example.org", 0},
    {"https://*.example.org", "https://evil:80.example.org", 0},
    {"https://*.example.org", "https://evil,.example.org", 0},
    {"https://*.example.org", "https://evil .example.org", 0},
    {"https://*.example.org", "https://e\xC3\xA9.example.org", 0},
    {"https://*.example.org", "https://e\x7F.example.org", 0},
    {"https://*.example.org", "https://*.example.org", 0},
    {"https://*.example.org", "https://A.example.org", 0},
    {"https://*.example.org", "http://a.example.org", 0},
    {"https://*.example.org", "http://app.example.org", 0},
    {"https://*.example.org", "xttps://a.example.org", 0},
    {"https://*.example.org", "https:/xa.example.org", 0},
    {"https://*.example.org", "https://a.example.net", 0},
    {"https://*.example.org", "https://a.evil.test", 0},
    {"https://*.example.org", "https://app.evilple.org", 0},
    {"https://*.example.org", "https://axexample.org", 0},
    {"https://*.example.org", "https://a.EXAMPLE.org", 0},
    {"http://*.example.org:8080", "http://a.example.org:8081", 0},
    {"https://*.example.org", "https://a.example.org:8443", 0},
    {"http://*.example.org:8080", "http://a.example.org", 0},
    {"http://*.example.org:8080", "http://a.example.org:80800", 0},
    {"https://*.example.org", "null", 0},
    {"https://*.example.org", "https://", 0},
    {"https://*.example.org", "", 0},
};

static void test_fields(void **state)
{
    int i;

    for (i = 0; i < N_OF(fields); i++) {
        ag_origin_t origin = read_one(fields[i].word, *state);

        if (ag_origin_is(&origin, fields[i].field, strlen(fields[i].field)) != fields[i].is) {
            fail_msg("%s: %s", fields[i].word, fields[i].field);
        }
    }
}

/* The longest label of a name is 63 bytes; what is longer fits nothing, however long. */
static void test_long(void **state)
{
    ag_origin_t wild = read_one("https://*.example.org", *state);
    int n;

    for (n = 1; n <= 100000; n = n < 70 ? n + 1 : n * 10) {
        char *label = apr_palloc(*state, (apr_size_t)n + 1);
        const char *field;

        memset(label, 'a', (apr_size_t)n);
        label[n] = '\0';
        field = apr_pstrcat(*state, "https://", label, ".example.org", NULL);
        assert_int_equal(ag_origin_is(&wild, field, strlen(field)), n <= 63);
    }
}

/* Of a NUL within a field nobody hears; a length that ends before what it should hold is no end either. */
static void test_lengths(void **state)
{
    ag_origin_t wild = read_one("https://*.example.org", *state);
    const char *field = "https://a.example.org";
    apr_size_t n;

    for (n = 0; n < strlen(field); n++) {
        assert_false(ag_origin_is(&wild, field, n));
    }
    assert_true(ag_origin_is(&wild, field, n));
}

/* ---- what stands in the configuration ---------------------------------------------------------- */

static const char *const wrong[][2] = {
    {"", "allowed is SCHEME://HOST"},
    {"app.example", "allowed is SCHEME://HOST"},
    {"//app.example", "allowed is SCHEME://HOST"},
    {"1http://app.example", "allowed is SCHEME://HOST"},
    {"https:/app.example", "allowed is SCHEME://HOST"},
    {"Null", "lower case"},
    {"https://App.example", "lower case"},
    {"HTTPS://app.example", "lower case"},
    {"https://m\xC3\xBCnchen.example", "punycode"},
    {"https://app .example", "blank"},
    {"https://app\x01.example", "control character"},
    {"https://app\x7F.example", "control character"},
    {"https://app.example/", "no slash"},
    {"https://app.example/path", "no path"},
    {"https://app.example?x", "no path"},
    {"https://app.example#x", "no path"},
    {"https://user@app.example", "no user"},
    {"https://", "no name"},
    {"https://:80", "no name"},
    {"https://app..example", "no name"},
    {"https://.example", "no name"},
    {"https://app.example.", "no name"},
    {"https://app(example", "no name"},
    {"https://app.example:", "a port from 1"},
    {"https://app.example:0", "a port from 1"},
    {"https://app.example:080", "a port from 1"},
    {"https://app.example:65536", "a port from 1"},
    {"https://app.example:99999999999999999999", "a port from 1"},
    {"https://app.example:+80", "a port from 1"},
    {"https://app.example:8080x", "a port from 1"},
    {"https://app.example:*", "a port from 1"},
    {"https://1.2.3", "four numbers"},
    {"https://127.1", "four numbers"},
    {"https://300.1.2.3", "four numbers"},
    {"https://[::1", "IPv6 address"},
    {"https://[]", "IPv6 address"},
    {"https://[", "IPv6 address"},
    {"https://[::1%25eth0]", "IPv6 address"},
    {"https://[1.2.3.4]", "IPv6 address"},
    {"https://[::ffff:1.2.3.4]", "IPv6 address"},
    {"https://[2001:db8:0::1]", "[2001:db8::1]"},
    {"https://[::1]x", "a port from 1"},
    {"https://*", "first label"},
    {"https://*:443", "first label"},
    {"https://*.org", "first label"},
    {"https://*.", "first label"},
    {"https://*..org", "first label"},
    {"https://*example.org", "first label"},
    {"https://app*.example.org", "first label"},
    {"https://*.*.example.org", "first label"},
    {"https://a.*.example.org", "first label"},
    {"https://example.*", "first label"},
    {"https://*.0.0.1", "first label"},
    {"*://app.example", "allowed is SCHEME://HOST"},
    {"*.example.org", "allowed is SCHEME://HOST"},
};

static void test_mistakes(void **state)
{
    ag_origin_t origin;
    int i;

    for (i = 0; i < N_OF(wrong); i++) {
        const char *error = ag_origin_read(&origin, wrong[i][0], *state);

        if (!error || !strstr(error, wrong[i][1]) || !strstr(error, wrong[i][0])) {
            fail_msg("%s: %s", wrong[i][0], error ? error : "(none)");
        }
    }
}

/* ---- shapes and hosts -------------------------------------------------------------------------- */

static void test_plausible(void **state)
{
    static const char *const yes[] = {"null", "https://a", "http://a:1", "https://[::1]:8", "app://x"};
    static const char *const no[] = {"",
                                     "*",
                                     "https://",
                                     "://a",
                                     "https://a/",
                                     "https://a,",
                                     "https://a b",
                                     "https://a\x01",
                                     "https://a\xC3",
                                     "https://u@a",
                                     "ht tp://a",
                                     "Null",
                                     "a",
                                     "https://a?",
                                     "https://a, https://b"};
    int i;

    (void)state;
    for (i = 0; i < N_OF(yes); i++) {
        assert_true(ag_origin_plausible(yes[i]));
    }
    for (i = 0; i < N_OF(no); i++) {
        if (ag_origin_plausible(no[i])) {
            fail_msg("%s", no[i]);
        }
    }
}

static void test_own(void **state)
{
    static const struct {
        const char *field, *host;
        int secure, own;
    } cases[] = {
        {"https://api.example", "api.example", 1, 1},
        {"https://api.example", "API.example", 1, 1},
        {"https://api.example", "api.example:443", 1, 1},
        {"https://api.example:8443", "api.example:8443", 1, 1},
        {"http://api.example", "api.example", 0, 1},
        {"http://api.example", "api.example:80", 0, 1},
        {"http://api.example:8080", "api.example:8080", 0, 1},
        {"https://api.example", "api.example", 0, 1}, /* a proxy in front ended TLS */
        {"http://[::1]:8080", "[::1]:8080", 0, 1},
        {"http://[::1]", "[::1]:80", 0, 1},
        {"http://api.example", "api.example", 1, 0}, /* whoever is in between writes such pages */
        {"http://api.example", "api.example:80", 1, 0},
        {"https://api.example", "api.example:8443", 1, 0},
        {"https://api.example:8443", "api.example", 1, 0},
        {"https://api.example", "api.example.", 1, 0},
        {"https://api.example", "xapi.example", 1, 0},
        {"https://api.example", "api.exampl", 1, 0},
        {"https://api.example", "api.example.evil.test", 1, 0},
        {"https://api.example.evil.test", "api.example", 1, 0},
        {"https://evil.test", "api.example", 1, 0},
        {"https://", "", 1, 0},
        {"https://", ":443", 1, 0},
        {"https://api.example", "", 1, 0},
        {"https://api.example", NULL, 1, 0},
        {"null", "null", 1, 0},
        {"null", "api.example", 0, 0},
        {"", "api.example", 0, 0},
        {"ftp://api.example", "api.example", 0, 0},
        {"api.example", "api.example", 0, 0},
        {"https://api.example, https://evil.test", "api.example", 0, 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_origin_is_own(cases[i].field, cases[i].host, cases[i].secure) != cases[i].own) {
            fail_msg("%s at %s", cases[i].field, cases[i].host ? cases[i].host : "(none)");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fields),   TEST(test_long),      TEST(test_lengths),
        TEST(test_mistakes), TEST(test_plausible), TEST(test_own),
    };

    return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
