/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several issuers in a section: when there are several, what each is called, and which names could be
 * taken for each other.
 */
#include "unit.h"

#include "../../src/cred/jwt.h"

#define MOST 4

/* A policy of issuers and names, or of key sets bound to issuers ("-": to none). */
typedef struct {
    const char *issuers[MOST];
    const char *names[MOST];
    const char *sets[MOST];
    int several;
    const char *unclear;
} case_t;

static ag_jwt_policy_t policy_of(const case_t *c, apr_pool_t *p)
{
    ag_jwt_keyset_t *set = apr_pcalloc(p, MOST * sizeof *set);
    const ag_jwt_keyset_t **sets = apr_pcalloc(p, MOST * sizeof *sets);
    const char **names = apr_pcalloc(p, MOST * sizeof *names);
    ag_jwt_policy_t policy = {.sets = sets, .issuer_names = names};

    policy.issuers.v = (const char **)(uintptr_t)c->issuers;
    while (policy.issuers.n < MOST && c->issuers[policy.issuers.n]) {
        int i = policy.issuers.n++;

        names[i] = c->names[i] ? c->names[i] : c->issuers[i];
    }
    while (policy.n_sets < MOST && c->sets[policy.n_sets]) {
        int i = policy.n_sets++;

        set[i].issuer = strcmp(c->sets[i], "-") ? c->sets[i] : NULL;
        sets[i] = &set[i];
    }
    return policy;
}

static const case_t cases[] = {
    {{NULL}, {NULL}, {NULL}, 0, NULL},
    {{"https://a"}, {NULL}, {"-", "https://b"}, 0, NULL},
    {{"https://a@b"}, {NULL}, {NULL}, 0, NULL},
    {{"https://a", "https://b"}, {NULL}, {NULL}, 1, NULL},
    {{NULL}, {NULL}, {"-", "-"}, 0, NULL},
    {{NULL}, {NULL}, {"https://a", "https://a"}, 0, NULL},
    {{NULL}, {NULL}, {"https://a", "https://b", "https://a"}, 1, NULL},
    {{NULL}, {NULL}, {"https://a", "https://a@b"}, 1, "https://a@b"},
    {{NULL}, {NULL}, {"https://a", "https://a:8443"}, 1, "https://a"},
    {{"https://a", "https://a:8443/x"}, {NULL}, {NULL}, 1, "https://a"},
    {{"https://a", "https://a:8443/x"}, {NULL, "port"}, {NULL}, 1, NULL},
    {{"https://a", "https://ab"}, {NULL}, {NULL}, 1, NULL},
    {{"https://a", "https://b"}, {"x", "x"}, {NULL}, 1, "x"},
    {{"https://a", "x"}, {"x"}, {NULL}, 1, "x"},
    {{"x", "https://b"}, {"a", "x"}, {NULL}, 1, "a"},
    {{"x", "https://b"}, {"x", "b"}, {NULL}, 1, NULL},
    {{"https://a", "key"}, {NULL}, {NULL}, 1, "key"},
    {{"https://a", "key"}, {NULL, "k"}, {NULL}, 1, NULL},
    {{"https://a", "https://b@c"}, {NULL}, {NULL}, 1, "https://b@c"},
    {{"https://a", "https://b@c"}, {NULL, "c"}, {NULL}, 1, NULL},
};

static void test_several(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_policy_t policy = policy_of(&cases[i], *state);
        const char *unclear = ag_jwt_unclear(&policy);

        if (ag_jwt_several(&policy) != cases[i].several
            || strcmp(unclear ? unclear : "", cases[i].unclear ? cases[i].unclear : "")) {
            fail_msg("case %d: several %d, unclear %s", i, ag_jwt_several(&policy), unclear);
        }
    }
}

/* By an unclear name nobody gets in, even where no start has looked. */
static void test_nobody_by_an_unclear_name(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_policy_t policy = policy_of(&cases[i], *state);
        int j, n = policy.issuers.n ? policy.issuers.n : policy.n_sets, refused = 0;

        for (j = 0; j < n; j++) {
            const char *issuer = policy.issuers.n ? policy.issuers.v[j] : policy.sets[j]->issuer;
            ag_principal_t who = {.kind = AG_KIND(jwt), .issuer = issuer ? issuer : ""};

            refused += !ag_jwt_name_issuer(&who, &policy);
            assert_int_equal(who.several, cases[i].several);
        }
        assert_int_equal(refused > 0, cases[i].unclear != NULL);
    }
}

static void test_told(void **state)
{
    static const case_t two = {{"https://a", "https://b"}, {"alpha"}, {NULL}, 1, NULL};
    ag_jwt_policy_t policy = policy_of(&two, *state);
    ag_principal_t who = {.kind = AG_KIND(jwt), .issuer = "https://a"};

    assert_int_equal(ag_jwt_name_issuer(&who, &policy), 1);
    assert_string_equal(ag_principal_qualified(&who, "joe", *state), "joe@alpha");
    assert_null(ag_principal_qualified(&who, NULL, *state));
    assert_string_equal(ag_jwt_issuer_in(&policy, "alpha:x", ':'), "alpha");
    assert_string_equal(ag_jwt_issuer_in(&policy, "https://b", '\0'), "https://b");
    assert_null(ag_jwt_issuer_in(&policy, "https://a:x", ':'));
    assert_null(ag_jwt_issuer_in(&policy, "alpha", ':'));
    policy.issuers.n = 1;
    memset(&who, 0, sizeof who);
    who.issuer = "https://a";
    assert_int_equal(ag_jwt_name_issuer(&who, &policy), 1);
    assert_string_equal(ag_principal_qualified(&who, "joe", *state), "joe");
    assert_string_equal(who.issuer_name, "alpha");
    /* Elsewhere several are accepted, and a rule may have come from there. */
    who.issuers.n = 2;
    who.issuers.v = (const char *[]){"staff", "key"};
    assert_string_equal(ag_principal_qualified(&who, "joe", *state), "joe");
    assert_string_equal(ag_principal_qualified(&who, "joe@else", *state), "joe@else");
    assert_string_equal(ag_principal_qualified(&who, "joe@staff", *state), "joe@staff@alpha");
    assert_string_equal(ag_principal_qualified(&who, "joe@staff@key", *state), "joe@staff@key@alpha");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_several),
        TEST(test_nobody_by_an_unclear_name),
        TEST(test_told),
    };

    return cmocka_run_group_tests_name("several issuers", tests, NULL, NULL);
}
