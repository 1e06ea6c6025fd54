/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told of a token that is refused: each row of jwt_causes.def is met by a token that has just that
 * wrong with it, and no text holds what an error_description may not.
 */
#include "jwt_ask.h"

#include "../../src/cred/jwt_cause.h"

#define HEAD "{\"alg\":\"HS256\"}"
#define GOOD                                                                                                         \
    "\"sub\":\"joe\",\"iss\":\"https://a\",\"aud\":\"api\",\"tenant\":{\"id\":1},\"a.b\":1,\"\xC3\xA4\\\"\":1,"
#define TILL "\"iat\":1700000000,\"exp\":1700000060"

/* A section that has an opinion on everything. */
static const char *const issuers[] = {"https://a"}, *const audiences[] = {"api"};
static const char *const required[] = {"tenant.id", "a\\.b", "\xC3\xA4\""};

static const struct {
    ag_jwt_cause_e cause;
    const char *name, *header, *claims;
} cases[] = {
    {AG_JWT_FORM, NULL, "[]", "{" GOOD TILL "}"},
    {AG_JWT_ALG, NULL, "{\"alg\":\"none\"}", "{" GOOD TILL "}"},
    {AG_JWT_EXTENSION, "crit", "{\"alg\":\"HS256\",\"crit\":[\"x\"]}", "{" GOOD TILL "}"},
    {AG_JWT_EXTENSION, "crit", "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", "{" GOOD TILL "}"},
    {AG_JWT_EXTENSION, "b64", "{\"alg\":\"HS256\",\"b64\":false}", "{" GOOD TILL "}"},
    {AG_JWT_MALFORMED, "typ", "{\"alg\":\"HS256\",\"typ\":1}", "{" GOOD TILL "}"},
    {AG_JWT_MALFORMED, "kid", "{\"alg\":\"HS256\",\"kid\":1}", "{" GOOD TILL "}"},
    {AG_JWT_MALFORMED, "iss", HEAD, "{\"iss\":1}"},
    {AG_JWT_MALFORMED, "aud", HEAD, "{\"aud\":1}"},
    {AG_JWT_PAYLOAD, NULL, HEAD, "[]"},
    {AG_JWT_TIME, "exp", HEAD, "{\"exp\":\"1\"}"},
    {AG_JWT_TIME, "nbf", HEAD, "{\"nbf\":\"1\"}"},
    {AG_JWT_TIME, "iat", HEAD, "{\"iat\":\"1\"}"},
    {AG_JWT_SIGNATURE, NULL, "{\"alg\":\"HS256\",\"kid\":\"other\"}", "{" GOOD TILL "}"},
    {AG_JWT_KEYSET, NULL, "{\"alg\":\"HS256\",\"kid\":\"other\"}", "{\"iss\":\"https://lost\"}"},
    {AG_JWT_TYPE, NULL, "{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", "{" GOOD TILL "}"},
    {AG_JWT_LACKS, "iss", HEAD, "{}"},
    {AG_JWT_ISSUER, NULL, HEAD, "{\"iss\":\"https://b\"}"},
    {AG_JWT_LACKS, "aud", HEAD, "{\"iss\":\"https://a\"}"},
    {AG_JWT_AUDIENCE, NULL, HEAD, "{\"iss\":\"https://a\",\"aud\":\"b\"}"},
    {AG_JWT_LACKS, "tenant.id", HEAD, "{\"iss\":\"https://a\",\"aud\":\"api\"}"},
    {AG_JWT_LACKS, "a.b", HEAD, "{\"iss\":\"https://a\",\"aud\":\"api\",\"tenant\":{\"id\":1}}"},
    {AG_JWT_LACKS, "???", HEAD, "{\"iss\":\"https://a\",\"aud\":\"api\",\"tenant\":{\"id\":1},\"a.b\":1}"},
    {AG_JWT_EARLY, NULL, HEAD, "{" GOOD "\"nbf\":1700000050," TILL "}"},
    {AG_JWT_FUTURE, NULL, HEAD, "{" GOOD "\"iat\":1700000050,\"exp\":1700000060}"},
    {AG_JWT_LACKS, "exp", HEAD, "{" GOOD "\"iat\":1700000000}"},
    {AG_JWT_LIFETIME, NULL, HEAD, "{" GOOD "\"iat\":1700000000,\"exp\":1700000301}"},
    {AG_JWT_EXPIRED, NULL, HEAD, "{" GOOD "\"iat\":1600000000,\"exp\":1600000060}"},
    {AG_JWT_NAME, "tenant", HEAD, "{" GOOD TILL "}"},
    {AG_JWT_NAME, "azp", HEAD, "{" GOOD "\"azp\":\"\"," TILL "}"},
    {AG_JWT_NAME, "client_id", HEAD, "{" GOOD "\"client_id\":\"\"," TILL "}"},
    {AG_JWT_NOBODY, NULL, HEAD, "{" GOOD TILL "}"},
    {AG_JWT_CONFIRMATION, NULL, HEAD, "{" GOOD "\"cnf\":{\"jkt\":\"x\"}," TILL "}"},
    {AG_JWT_MALFORMED, "cnf", HEAD, "{" GOOD "\"cnf\":7," TILL "}"},
    {AG_JWT_CONTROL, "scope", HEAD, "{" GOOD "\"scope\":\"a\\n\"," TILL "}"},
    {AG_JWT_CONTROL, "scp", HEAD, "{" GOOD "\"scp\":[\"a\\n\"]," TILL "}"},
    {AG_JWT_CONTROL, "roles", HEAD, "{" GOOD "\"roles\":[\"a\\n\"]," TILL "}"},
};

static ag_jwt_policy_t policy_of(const ag_jwt_keyset_t **sets, const maker_t *m)
{
    static const ag_jwt_keyset_t lost = {.issuer = "https://lost"};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 2, .leeway = 30, .max_lifetime = 300};

    sets[0] = hs_set(m, "k");
    sets[1] = &lost;
    policy.issuers.n = policy.audiences.n = 1;
    policy.issuers.v = (const char **)issuers;
    policy.audiences.v = (const char **)audiences;
    policy.required.n = 3;
    policy.required.v = (const char **)required;
    return policy;
}

/* Where the map says who it is, too. */
static void adapt(ag_jwt_policy_t *policy, int i)
{
    policy->map.user = cases[i].cause == AG_JWT_NOBODY ? "nothing" : NULL;
    policy->map.client = cases[i].name && strcmp(cases[i].name, "tenant") == 0 ? "tenant" : NULL;
}

static void test_each_cause(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[2];
    int met[AG_JWT_CAUSES] = {0};
    char *big = apr_pcalloc(m->p, AG_JWT_MAX_SIZE + 2);
    ag_jwt_policy_t policy = policy_of(sets, m);
    answer_t a;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *wanted = ag_jwt_cause(cases[i].cause, cases[i].name, m->p);

        adapt(&policy, i);
        a = ask(m, &policy, make_token("HS256", NULL, cases[i].header, cases[i].claims, m->p));
        assert_non_null(a.detail);
        assert_string_equal(a.detail, wanted);
        met[cases[i].cause] = 1;
    }
    a = ask(m, &policy, memset(big, 'a', AG_JWT_MAX_SIZE + 1));
    assert_string_equal(a.detail, ag_jwt_cause(AG_JWT_TOO_LONG, NULL, m->p));
    met[AG_JWT_TOO_LONG] = 1;
    met[AG_JWT_NO_CERTIFICATE] = met[AG_JWT_OTHER_CERTIFICATE] = 1; /* of a request: test_token_binding.c */
    met[AG_JWT_CHARACTERS] = met[AG_JWT_INACTIVE] = 1;              /* of no JWT: test_cred_introspect.c */
    met[AG_JWT_UNCLEAR] = 1;                                        /* of a section: test_cred_jwt.c */
    for (i = 0; i < AG_JWT_CAUSES; i++) {
        if (!met[i]) {
            fail_msg("no token here is refused with \"%s\"", ag_jwt_cause(i, "CLAIM", m->p));
        }
    }
}

/* Null is absent, and nothing else is. */
static void test_required(void **state)
{
    static const case_t cases[] = {
        {"{" FROM "\"exp\":1700000060,\"realm\":{\"id\":0},\"https://x/a.b\":\"\"}", AG_R_NONE, NULL},
        {"{" FROM "\"realm\":{\"id\":0},\"https://x/a.b\":\"\"}", INVALID, "no exp"},
        {"{" FROM "\"exp\":1700000060,\"realm\":{},\"https://x/a.b\":\"\"}", INVALID,
         "no realm.id, which is required"},
        {"{" FROM "\"exp\":1700000060,\"realm\":{\"id\":null},\"https://x/a.b\":1}", INVALID, "no realm.id"},
        {"{" FROM "\"exp\":1700000060,\"realm\":{\"id\":0}}", INVALID, "no https://x/a.b"},
    };
    static const char *wanted[] = {"exp", "realm.id", "https://x/a\\.b"};
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.required = {3, wanted}};

    run_cases(m, policy, cases, N_OF(cases));
}

/* RFC 6750 s3: %x20-21 / %x23-5B / %x5D-7E, whatever a claim is called. */
static void test_characters(void **state)
{
    const maker_t *m = *state;
    const char *at;
    int i;

    for (i = 0; i < AG_JWT_CAUSES; i++) {
        const char *text = ag_jwt_cause(i, "a\"b\\c\x01\x7F\xC3\xA4 %s", m->p);

        for (at = text; *at; at++) {
            assert_true(*at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\');
        }
        assert_true(strlen(text) > 10);
    }
    assert_string_equal(ag_jwt_cause(AG_JWT_LACKS, "https://x/a\\.b", m->p),
                        "The token has no https://x/a.b, which is required here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_cause),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_characters),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
