/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_authz_claim: Require api-claim: claims of every kind, by value and by regular expression.
 */
#include "authz_fixture.h"

/* ---- claims ---------------------------------------------------------------------------------- */

static void test_claim(void **state)
{
    static const case_t cases[] = {
        {"org:acme", 1},
        {"org:Acme", 0},
        {"org:acm", 0},
        {"org:acme2", 0},
        {"org:other org:acme", 1},
        {"org:other iss:https://id.example", 1},
        {"org:other nope:acme", 0},
        {"org:", 0},
        {"empty:", 1},
        {"empty:\"\"", 1},
        {"nope:", 0},
        {"n:7", 1},
        {"n:07", 0},
        {"n:7.0", 0},
        {"big:9007199254740993", 1},
        {"big:9007199254740992", 0},
        {"yes:true", 1},
        {"yes:1", 0},
        {"no:false", 1},
        {"no:true", 0},
        {"nil:null", 0},
        {"nil:", 0},
        {"real:1.5", 0},
        {"groups:ops", 1},
        {"groups:7", 1},
        {"groups:true", 1},
        {"groups:qa", 0},
        {"none:", 0},
        {"deep:admin", 0},
        {"realm_access.roles:admin", 1},
        {"realm_access.roles:boss", 0},
        {"realm_access:admin", 0},
        {"a\\.b:dotted", 1},
        {"\"a.b\":dotted", 1},
        {"\"https://x.example/roles\":boss", 1},
        {"\"https://x.example/roles\":admin", 0},
        {"\"with space\":\"one two\"", 1},
        {"\"with space\":one", 0},
        {"\"realm_access.roles\":admin", 1}, /* quoted or not: as it stands, then as a path */
        {"a.b:dotted", 1},
        {"https://x.example/roles:boss", 1},
        {"https://x.example/roles:admin", 0},
        {"https://x.example/roles~bo.*", 1},
        {"https://x.example:8443/port.s:eighty", 1},
        {"\"https://x.example:8443/port.s\":eighty", 1},
        {"https://x.example/roles:admin https://x.example/roles:boss", 1},
        {"  org:acme  ", 1},
    };

    run("api-claim", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
}

/* A regex fits all of a value or not at all. */
static void test_claim_regex(void **state)
{
    static const case_t cases[] = {
        {"org~acme", 1},
        {"org~ac", 0},
        {"org~cme", 0},
        {"org~ac.*", 1},
        {"org~x|acme", 1},
        {"org~acm|acme", 1},
        {"org~^acme$", 1},
        {"org~(?i)ACME", 1},
        {"groups~o.s", 1},
        {"groups~o", 0},
        {"n~[0-9]+", 1},
        {"yes~t.*", 1},
        {"nil~.*", 0},
        {"nope~.*", 0},
        {"none~.*", 0},
        {"empty~.*", 1},
        {"real~.*", 0},
        {"org~\"ac(m|x) ?e\"", 1},
        {"realm_access.roles~adm.*", 1},
        {"\"https://x.example/roles\"~bo.*", 1},
        {"\"with space\"~\"one two\"", 1},
        {"org~", 0},
        {"empty~", 1},
    };

    run("api-claim", cases, N_OF(cases), make_who("jwt", "acme", *state), *state);
}

static void test_no_claims(void **state)
{
    ag_principal_t *who = make_who("key", "acme", *state);

    who->parse_claims = NULL;
    assert_int_equal(ask("api-claim", "org:acme", who, *state), AG_RULE_NO);
    who = make_who("jwt", "acme", *state);
    who->raw_size--; /* no JSON any more */
    assert_int_equal(ask("api-claim", "org:acme", who, *state), AG_RULE_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_claim),
        TEST(test_claim_regex),
        TEST(test_no_claims),
    };

    return cmocka_run_group_tests_name("authz, claims", tests, NULL, NULL);
}
