/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApiGuardTLS: what it reads, what it refuses, what an inner section inherits.
 */
#include "policy_fixture.h"

static void test_lines(void **state)
{
    static const struct {
        const char *line;
        int mode;
        const char *proto;
        int port;
    } cases[] = {
        {"off", AG_TLS_OFF, NULL, 0},
        {"OFF", AG_TLS_OFF, NULL, 0},
        {"require", AG_TLS_REQUIRE, NULL, 0},
        {"Redirect", AG_TLS_REDIRECT, NULL, 0},
        {"require proto=X-Forwarded-Proto", AG_TLS_REQUIRE, "X-Forwarded-Proto", 0},
        {"redirect port=8443 proto=X-Scheme", AG_TLS_REDIRECT, "X-Scheme", 8443},
        {"redirect port=65535", AG_TLS_REDIRECT, NULL, 65535},
        {"redirect \"port=1\"", AG_TLS_REDIRECT, NULL, 1},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_tls_t *tls = &section(AG_POLICY_tls, SAYS(cases[i].line), &c)->tls;

        assert_int_equal(tls->mode, cases[i].mode);
        assert_int_equal(tls->port, cases[i].port);
        assert_true(cases[i].proto ? strcmp(tls->proto, cases[i].proto) == 0 : !tls->proto);
    }
    assert_int_equal(ag_policy_make(*state)->tls.mode, AG_TLS_OFF);
}

/* What the message must hold. */
typedef struct {
    const char *line, *said;
} wrong_t;

static void refuse(const wrong_t *cases, int n, conf_t *c)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *error = policy_reads(ag_policy_make(c->p), AG_POLICY_tls, cases[i].line, c);

        if (!error || !strstr(error, cases[i].said) || strncmp(error, "ApiGuardTLS: ", 13) != 0) {
            fail_msg("%s: %s", cases[i].line, error ? error : "accepted");
        }
    }
}

static void test_wrong(void **state)
{
    static const wrong_t cases[] = {
        {"", "missing"},
        {"on", "\"on\" is not allowed: require|redirect"},
        {"require|redirect", "\"require|redirect\" is not allowed"},
        {"proto=X", "\"proto=X\" is not allowed"},
        {"requires", "\"requires\""},
        {"\"\"", "\"\" is not allowed"},
        {"require redirect", "\"redirect\" is not allowed"},
        {"require off", "\"off\""},
        {"off require", "\"require\""},
        {"off proto=X", "\"proto=X\" is not allowed"},
        {"off port=443", "\"port=443\" is not allowed"},
        {"require proto", "\"proto\" is not allowed"},
        {"require proto=", "\"\" is not allowed: the name of a request field"},
        {"require \"proto=X Y\"", "\"X Y\""},
        {"require proto=X:Y", "\"X:Y\""},
        {"require proto=X,Y", "\"X,Y\""},
        {"require proto=\xc3\xa9", "\xc3\xa9"},
        {"require proto=X proto=Y", "proto= is given twice"},
        {"require proto=Forwarded", "RFC 7239"},
        {"require proto=FORWARDED", "RFC 7239"},
        {"require port=443", "does not belong to require"},
        {"redirect port=", "\"\" is not a number"},
        {"redirect port=0", "\"0\" is not a number from 1 to 65535"},
        {"redirect port=65536", "\"65536\""},
        {"redirect port=-1", "\"-1\""},
        {"redirect port=+1", "\"+1\""},
        {"redirect port=44x", "\"44x\""},
        {"redirect port=0x1bb", "\"0x1bb\""},
        {"redirect \"port= 443\"", "\" 443\""},
        {"redirect port=99999999999999999999", "\"99999999999999999999\""},
        {"redirect port=1 port=2", "port= is given twice"},
        {"redirect status=301", "\"status=301\" is not allowed"},
        {"require \"x", "quote"},
    };
    conf_t c = conf_of(*state);

    refuse(cases, N_OF(cases), &c);
}

/* A folder's owner neither lets credentials pass in clear nor says whom to believe. */
static void test_htaccess(void **state)
{
    static const wrong_t cases[] = {
        {"off", "let credentials pass"},
        {"require proto=X-Forwarded-Proto", "which proxy is believed"},
        {"redirect port=8443", "which proxy is believed, and where TLS is"},
        {"require proto=Forwarded", "which proxy is believed"},
        {"sometimes", "\"sometimes\""},
    };
    conf_t c = conf_of(*state);

    c.call.later = NULL;
    refuse(cases, N_OF(cases), &c);
    assert_int_equal(section(AG_POLICY_tls, SAYS("require"), &c)->tls.mode, AG_TLS_REQUIRE);
    assert_int_equal(section(AG_POLICY_tls, SAYS("redirect"), &c)->tls.mode, AG_TLS_REDIRECT);
}

static void test_inherited(void **state)
{
    static const struct {
        const char *outer, *inner;
        int mode;
        const char *proto;
        int port;
    } cases[] = {
        {"require proto=A", "redirect", AG_TLS_REDIRECT, "A", 0},
        {"redirect proto=A port=1", "redirect proto=B", AG_TLS_REDIRECT, "B", 1},
        {"redirect proto=A port=1", "redirect port=2", AG_TLS_REDIRECT, "A", 2},
        {"redirect proto=A port=1", "off", AG_TLS_OFF, "A", 1},
        {"off", "require", AG_TLS_REQUIRE, NULL, 0},
        {"require", "off", AG_TLS_OFF, NULL, 0},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_tls_t *tls = &ag_policy_merge(section(AG_POLICY_tls, SAYS(cases[i].outer), &c),
                                               section(AG_POLICY_tls, SAYS(cases[i].inner), &c), *state)
                                   ->tls;

        assert_int_equal(tls->mode, cases[i].mode);
        assert_int_equal(tls->port, cases[i].port);
        assert_true(cases[i].proto ? strcmp(tls->proto, cases[i].proto) == 0 : !tls->proto);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_lines), TEST(test_wrong), TEST(test_htaccess), TEST(test_inherited)};

    return cmocka_run_group_tests_name("cred: ApiGuardTLS", tests, NULL, NULL);
}
