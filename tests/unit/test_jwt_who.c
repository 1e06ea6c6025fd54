/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a token speaks for: client, user, scopes and roles by the claim map, and impossible names.
 */
#include "jwt_ask.h"

#define C51  "0123456789abcdef0123456789abcdef0123456789abcdef012"
#define C255 C51 C51 C51 C51 C51

static void test_names(void **state)
{
    static const case_t cases[] = {
        {"{\"sub\":\"joe\"}", AG_R_NONE, NULL},
        {"{\"azp\":\"acme\"}", AG_R_NONE, NULL},
        {"{\"sub\":\"J\xC3\xB6rg M\xC3\xBCller\"}", AG_R_NONE, NULL},
        {"{\"sub\":\"" C255 "\"}", AG_R_NONE, NULL},
        {"{\"sub\":\"" C255 "f\"}", INVALID, "not a name"},
        {"{}", INVALID, "neither"},
        {"{\"exp\":1700000060}", INVALID, "neither"},
        {"{\"sub\":\"anonymous\"}", INVALID, "not a name"},
        {"{\"azp\":\"anonymous\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\",\"client_id\":\"Anonymous\"}", INVALID, "not a name"},
        {"{\"sub\":\"\"}", INVALID, "not a name"},
        {"{\"sub\":7}", AG_R_NONE, NULL},
        {"{\"sub\":7.5}", INVALID, "not a name"},
        {"{\"sub\":true}", INVALID, "not a name"},
        {"{\"sub\":null}", INVALID, "not a name"},
        {"{\"sub\":[\"joe\"]}", INVALID, "not a name"},
        {"{\"sub\":\"joe\",\"azp\":true}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\n\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\r\\nX-Admin: 1\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\u007f\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\u0085\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\u009f\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\u202e\"}", INVALID, "not a name"},
        {"{\"sub\":\"\\u2066joe\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe\\u2028\"}", INVALID, "not a name"},
        {"{" FROM "\"roles\":[\"a\\u200f\"]}", INVALID, "control character"},
        {"{\"sub\":\"joe doe\"}", AG_R_NONE, NULL},
        {"{\"sub\":\"joe\\u00a0doe\"}", AG_R_NONE, NULL},
        {"{\"sub\":\"joe\\u00a0\"}", INVALID, "not a name"},
        {"{\"sub\":\"joe \"}", INVALID, "not a name"},
        {"{\"sub\":\" joe\"}", INVALID, "not a name"},
        {"{\"azp\":\"acme\\u3000\"}", INVALID, "not a name"},
        {"{\"sub\":\" \"}", INVALID, "not a name"},
        {"{" FROM "\"iss\":\"https://a \"}", INVALID, "iss is malformed"},
        {"{" FROM "\"scope\":\"read\\nwrite\"}", INVALID, "control character"},
        {"{" FROM "\"scp\":[\"a\",\"b\\u0001\"]}", INVALID, "control character"},
        {"{" FROM "\"roles\":[\"a\\t\"]}", INVALID, "control character"},
    };
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30};

    assert_int_equal(strlen(C255), 255);
    run_cases(m, policy, cases, N_OF(cases));
}

static void same_words(const ag_words_t *words, const char *wanted, apr_pool_t *p)
{
    char *all = apr_pstrdup(p, "");
    int i;

    for (i = 0; i < words->n; i++) {
        all = apr_pstrcat(p, all, i ? "," : "", words->v[i], NULL);
    }
    assert_string_equal(all, wanted);
}

static void test_who(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {hs_set(m, "k1")};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1};
    char *token = make_plain("HS256", NULL, "k1",
                             "{\"iss\":\"https://a\",\"sub\":\"joe\",\"azp\":\"acme\","
                             "\"client_id\":\"other\",\"scope\":\"read write\","
                             "\"roles\":[\"admin\",7,\"ops\"]}",
                             m->p);
    answer_t a = ask(m, &policy, token);

    memset(token, 'x', strlen(token)); /* the principal does not live on the token's text */
    assert_string_equal(a.who->issuer, "https://a");
    assert_string_equal(a.who->client, "acme");
    assert_string_equal(a.who->user, "joe");
    assert_string_equal(a.who->key_id, "k1");
    same_words(&a.who->scopes, "read,write", m->p);
    same_words(&a.who->roles, "admin,7,ops", m->p);
    assert_string_equal(json_string_value(json_object_get(ag_claims(a.who, m->p), "azp")), "acme");
    a.who->claims = NULL; /* as in a principal that comes from a cache */
    assert_string_equal(json_string_value(json_object_get(ag_claims(a.who, m->p), "azp")), "acme");
}

static void test_defaults(void **state)
{
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30};
    answer_t a = ask_claims(m, policy, "{\"client_id\":\"acme\",\"scp\":[\"a b\",\"c\"]}");

    assert_string_equal(a.who->issuer, "");
    assert_string_equal(a.who->client, "acme");
    assert_null(a.who->user);
    assert_null(a.who->key_id);
    same_words(&a.who->scopes, "c", m->p);
    assert_int_equal(a.who->left_out, 1);
    assert_int_equal(a.who->roles.n, 0);
}

static void test_map(void **state)
{
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {
        .map = {
            .user = "user.name", .client = "https://x/app\\.id", .scope = "perms", .roles = "realm_access.roles"}};
    answer_t a = ask_claims(m, policy,
                            "{\"sub\":\"s\",\"azp\":\"z\",\"scope\":\"no\",\"roles\":[\"no\"],"
                            "\"user\":{\"name\":\"joe\"},\"https://x/app.id\":\"acme\","
                            "\"perms\":[\"p\"],\"realm_access\":{\"roles\":[\"admin\"]}}");

    assert_string_equal(a.who->user, "joe");
    assert_string_equal(a.who->client, "acme");
    same_words(&a.who->scopes, "p", m->p);
    same_words(&a.who->roles, "admin", m->p);
    /* A mapped claim that is missing is missing: no default steps in. */
    a = ask_claims(m, policy, "{\"sub\":\"s\",\"azp\":\"z\",\"client_id\":\"i\"}");
    expect(&a, INVALID, "neither", "mapped claims are missing");
}

/* A word that holds a blank would be two for whoever reads them joined. */
static void test_blanks(void **state)
{
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30};
    answer_t a = ask_claims(m, policy,
                            "{" FROM "\"scope\":\" read  write\\u2003x \","
                            "\"roles\":[\"guest admin\",\"ops\",\" admin\",\"admin\\u00a0\",\"\"]}");

    same_words(&a.who->scopes, "read", m->p);
    same_words(&a.who->roles, "ops", m->p);
    assert_int_equal(a.who->left_out, 5);
}

/* Names of claims are one spelling for all: as they stand, then as a path. */
static void test_spelling(void **state)
{
    const maker_t *m = *state;
    static const char *const required[] = {"https://x.example/y.z", "org.unit"};
    ag_jwt_policy_t policy = {.map = {.user = "org.id", .client = "a.b", .roles = "https://x.example/roles"},
                              .required = {2, (const char **)required}};
    answer_t a = ask_claims(m, policy,
                            "{\"https://x.example/roles\":[7,\"ops\"],\"https://x.example/y.z\":1,"
                            "\"a.b\":\"whole\",\"a\":{\"b\":\"path\"},\"org\":{\"id\":4711,\"unit\":1}}");

    assert_string_equal(a.who->user, "4711");
    assert_string_equal(a.who->client, "whole");
    same_words(&a.who->roles, "7,ops", m->p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_who),    cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_map),   cmocka_unit_test(test_blanks), cmocka_unit_test(test_spelling),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
