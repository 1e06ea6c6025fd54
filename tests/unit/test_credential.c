/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_credential: the table of kinds: its words for the configuration, a kind's name in front of a client's, and
 * names that no issuer may have.
 */
#include "unit.h"

#include "../../src/core/credential.h"
#include "../../src/core/setting.h"

/* Each word of the configuration sets the bit of its row. */
static void test_names(void **state)
{
    int i;

    assert_string_equal(AG_CRED_ALL, apr_pstrcat(*state, AG_CRED_NAMES, "|anonymous", NULL));
    for (i = 0; i < AG_CRED_COUNT; i++) {
        assert_int_equal(ag_setting_choose(AG_CRED_NAMES, ag_cred_kinds[i].name), i);
        assert_int_equal(ag_setting_choose(AG_CRED_ALL, ag_cred_kinds[i].name), i);
        assert_int_equal(ag_cred_kinds[i].bit, 1u << i);
    }
    assert_int_equal(ag_setting_choose(AG_CRED_NAMES, ag_cred_anonymous.name), -1);
    assert_int_equal(ag_setting_choose(AG_CRED_ALL, ag_cred_anonymous.name), AG_CRED_COUNT);
    assert_int_equal(ag_setting_choose(AG_CRED_NAMES, ""), -1);
    assert_int_equal(ag_cred_anonymous.bit, 0);
    assert_string_equal(AG_KIND(jwt)->name, "jwt");
}

static void test_before(void **state)
{
    static const struct {
        const char *text, *kind, *rest;
    } cases[] = {
        {"key:acme", "key", "acme"}, {"jwt:shop", "jwt", "shop"},
        {"jwt:a:b", "jwt", "a:b"},   {"key:", "key", ""},
        {"acme", NULL, NULL},        {"key", NULL, NULL},
        {"keys:acme", NULL, NULL},   {"KEY:acme", NULL, NULL},
        {":acme", NULL, NULL},       {"", NULL, NULL},
        {"jw:t", NULL, NULL},        {"anonymous:x", NULL, NULL},
        {"a:key:b", NULL, NULL},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        const char *rest = NULL;
        const ag_cred_kind_t *kind = ag_cred_before(&rest, cases[i].text);

        if (!cases[i].kind != !kind || (kind && (strcmp(kind->name, cases[i].kind) || strcmp(rest, cases[i].rest)))) {
            fail_msg("%s: %s", cases[i].text, kind ? kind->name : "none");
        }
    }
}

/* A kind without issuers stands for one itself. */
static void test_issuers(void **state)
{
    (void)state;
    assert_true(ag_cred_is_issuer("key", 0));
    assert_true(ag_cred_is_issuer("key", 1));
    assert_true(ag_cred_is_issuer("Key", 1));
    assert_false(ag_cred_is_issuer("Key", 0));
    assert_false(ag_cred_is_issuer("jwt", 1));
    assert_false(ag_cred_is_issuer("keys", 1));
    assert_false(ag_cred_is_issuer("", 1));
}

static void test_schemes(void **state)
{
    const ag_scheme_t *scheme;
    unsigned seen = 0;

    (void)state;
    for (scheme = ag_schemes; scheme->name; scheme++) {
        assert_true(AG_FROM_AUTHORIZATION & AG_FROM_BIT(scheme->from));
        assert_false(seen & AG_FROM_BIT(scheme->from));
        seen |= AG_FROM_BIT(scheme->from);
    }
    assert_true(seen & AG_FROM_BIT(AG_FROM_BEARER));
    assert_false(seen & AG_FROM_BIT(AG_FROM_PLAIN));
    assert_true(AG_FROM_AUTHORIZATION & AG_FROM_BIT(AG_FROM_PLAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_names), TEST(test_before), TEST(test_issuers), TEST(test_schemes)};

    return cmocka_run_group_tests_name("core: kinds of credentials", tests, NULL, NULL);
}
