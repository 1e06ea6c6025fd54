/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a client certificate is: exactly one name of the part that was asked for, and one that somebody may have.
 */
#include "certificate_maker.h"

#include "../../src/cred/certificate.h"

#define LONG_NAME                                                                                                    \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_names(void **state)
{
    static const struct {
        made_t made[4];
        ag_cert_part_e part;
        ag_cert_cause_e cause;
        const char *name;
    } cases[] = {
        {{{"CN", 0, "joe", 0}}, AG_CERT_CN, AG_CERT_GOOD, "joe"},
        {{{"O", 0, "Test", 0}, {"CN", 0, "J\xc3\xb6", 0}}, AG_CERT_CN, AG_CERT_GOOD, "J\xc3\xb6"},
        {{{"O", 0, "Test", 0}}, AG_CERT_CN, AG_CERT_NAMELESS, NULL},
        {{{NULL, 0, NULL, 0}}, AG_CERT_CN, AG_CERT_NAMELESS, NULL},
        {{{"CN", 0, "joe", 0}, {"CN", 0, "admin", 0}}, AG_CERT_CN, AG_CERT_SEVERAL, NULL},
        {{{"CN", 0, "joe", 0}, {"CN", 0, "joe", 0}}, AG_CERT_CN, AG_CERT_SEVERAL, NULL},
        {{{"CN", 0, "admin\0.example.com", 18}}, AG_CERT_CN, AG_CERT_NAME, NULL},
        {{{"CN", 0, "admin\n", 0}}, AG_CERT_CN, AG_CERT_NAME, NULL},
        {{{"CN", 0, "admin ", 0}}, AG_CERT_CN, AG_CERT_NAME, NULL},
        {{{"CN", 0, "Anonymous", 0}}, AG_CERT_CN, AG_CERT_NAME, NULL},
        {{{"CN", 0, "joe", 0}, {"O", 0, "Te, st", 0}}, AG_CERT_DN, AG_CERT_GOOD, "O=Te\\, st,CN=joe"},
        {{{"CN", 0, "J\xc3\xb6", 0}}, AG_CERT_DN, AG_CERT_GOOD, "CN=J\xc3\xb6"},
        {{{"CN", 0, "a\n", 0}}, AG_CERT_DN, AG_CERT_GOOD, "CN=a\\0A"},
        {{{NULL, GEN_DNS, "a.example", 0}}, AG_CERT_DN, AG_CERT_NAMELESS, NULL},
        {{{"CN", 0, "joe", 0}, {NULL, GEN_DNS, "a.example", 0}}, AG_CERT_SAN_DNS, AG_CERT_GOOD, "a.example"},
        {{{"CN", 0, "joe", 0}, {NULL, GEN_DNS, "a.example", 0}}, AG_CERT_SAN_URI, AG_CERT_NAMELESS, NULL},
        {{{"CN", 0, "joe", 0}}, AG_CERT_SAN_DNS, AG_CERT_NAMELESS, NULL},
        {{{NULL, GEN_URI, "spiffe://x/y", 0}, {NULL, GEN_DNS, "a", 0}},
         AG_CERT_SAN_URI,
         AG_CERT_GOOD,
         "spiffe://x/y"},
        {{{NULL, GEN_EMAIL, "joe@x.org", 0}, {NULL, GEN_DNS, "a", 0}}, AG_CERT_SAN_EMAIL, AG_CERT_GOOD, "joe@x.org"},
        {{{NULL, GEN_DNS, "a", 0}, {NULL, GEN_DNS, "b", 0}}, AG_CERT_SAN_DNS, AG_CERT_SEVERAL, NULL},
        {{{NULL, GEN_DNS, "a\0b", 3}}, AG_CERT_SAN_DNS, AG_CERT_NAME, NULL},
        {{{NULL, GEN_URI, "", 0}}, AG_CERT_SAN_URI, AG_CERT_NAME, NULL},
        {{{NULL, GEN_URI, "x\xff", 0}}, AG_CERT_SAN_URI, AG_CERT_NAME, NULL},
        {{{NULL, GEN_URI, LONG_NAME, 255}}, AG_CERT_SAN_URI, AG_CERT_GOOD, LONG_NAME},
        {{{NULL, GEN_URI, LONG_NAME, 256}}, AG_CERT_SAN_URI, AG_CERT_NAME, NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_certificate_t wanted = {.part = cases[i].part};
        const char *name, *issuer, *pem = make_certificate(cases[i].made, *state);
        ag_cert_cause_e cause = ag_certificate_read(&name, &issuer, &wanted, pem, *state);

        if (cause != cases[i].cause || (cause == AG_CERT_GOOD && strncmp(name, cases[i].name, strlen(name)) != 0)) {
            fail_msg("case %d: %d, %s", i, cause, name);
        }
        assert_string_equal(issuer, ISSUER);
    }
}

static void test_issuer(void **state)
{
    static const made_t made[] = {{"CN", 0, "joe", 0}, {NULL, 0, NULL, 0}};
    static const char *const others[] = {"CN=M\xc3\xbcller", "O=Te\\, st,CN=M\xc3\xbcller", "CN=joe", ISSUER ",O=x"};
    const char *name, *issuer, *pem = make_certificate(made, *state);
    ag_certificate_t wanted = {.issuer = ISSUER};
    int i;

    assert_int_equal(ag_certificate_read(&name, &issuer, &wanted, pem, *state), AG_CERT_GOOD);
    assert_true(ag_certificate_is_dn(issuer));
    for (i = 0; i < N_OF(others); i++) {
        wanted.issuer = others[i];
        assert_int_equal(ag_certificate_read(&name, &issuer, &wanted, pem, *state), AG_CERT_ISSUER);
        assert_null(name);
    }
}

static void test_unreadable(void **state)
{
    static const made_t made[] = {{"CN", 0, "joe", 0}, {NULL, 0, NULL, 0}};
    char *pem = apr_pstrdup(*state, make_certificate(made, *state));
    ag_certificate_t wanted = {0};
    const char *name, *issuer;

    assert_int_equal(ag_certificate_read(&name, &issuer, &wanted, "", *state), AG_CERT_UNREADABLE);
    assert_int_equal(ag_certificate_read(&name, &issuer, &wanted, "joe", *state), AG_CERT_UNREADABLE);
    pem[strlen(pem) / 2] = '\0';
    assert_int_equal(ag_certificate_read(&name, &issuer, &wanted, pem, *state), AG_CERT_UNREADABLE);
    assert_null(name);
}

static void test_is_dn(void **state)
{
    static const char *const good[] = {"CN=a",     "CN=a,O=b",    "CN=a b,O=c", "CN=a\\, b,O=c", "CN=a\\ ,O=b",
                                       "O=b+CN=a", "1.2.3=#0401", "CN=",        "CN=a=b",        "CN=,O=b"};
    static const char *const bad[] = {"",      "a",      "/O=b/CN=a", "CN=a, O=b", "CN = a", "CN= a", "CN=a ,O=b",
                                      "CN=a,", "CN=a,b", "=a",        ",CN=a",     "CN=a ",  "CN=a+"};
    int i;

    (void)state;
    for (i = 0; i < N_OF(good); i++) {
        if (!ag_certificate_is_dn(good[i])) {
            fail_msg("%s", good[i]);
        }
    }
    for (i = 0; i < N_OF(bad); i++) {
        if (ag_certificate_is_dn(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_names), TEST(test_issuer), TEST(test_unreadable), TEST(test_is_dn)};

    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
