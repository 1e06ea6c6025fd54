/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a token to a principal or a reason: what the claims must be, and which key may speak.
 */
#include "jwt_ask.h"

/* ---- times ----------------------------------------------------------------------------------- */

static void test_times(void **state)
{
    static const case_t cases[] = {
        {"{" FROM "\"exp\":1700000001}", AG_R_NONE, NULL},
        {"{" FROM "\"exp\":1699999971}", AG_R_NONE, NULL},
        {"{" FROM "\"exp\":1699999970}", EXPIRED, "has expired"}, /* "on or after" */
        {"{" FROM "\"exp\":1699999970.5}", AG_R_NONE, NULL},
        {"{" FROM "\"exp\":1699999969.9}", EXPIRED, "has expired"},
        {"{" FROM "\"exp\":0}", EXPIRED, "has expired"},
        {"{" FROM "\"exp\":1.7000001e9}", AG_R_NONE, NULL},
        {"{" FROM "\"exp\":253402300799}", AG_R_NONE, NULL},
        {"{" FROM "\"exp\":253402300800}", INVALID, "not a time"},
        {"{" FROM "\"exp\":1700000060000}", INVALID, "not a time"}, /* milliseconds */
        {"{" FROM "\"exp\":9223372036854775807}", INVALID, "not a time"},
        {"{" FROM "\"exp\":1e300}", INVALID, "not a time"},
        {"{" FROM "\"exp\":-1}", INVALID, "not a time"},
        {"{" FROM "\"exp\":-0.5}", INVALID, "not a time"},
        {"{" FROM "\"exp\":-9223372036854775808}", INVALID, "not a time"},
        {"{" FROM "\"exp\":\"1700000060\"}", INVALID, "not a time"},
        {"{" FROM "\"exp\":true}", INVALID, "not a time"},
        {"{" FROM "\"exp\":null}", INVALID, "not a time"},
        {"{" FROM "\"exp\":[1700000060]}", INVALID, "not a time"},
        {"{" FROM "\"exp\":{}}", INVALID, "not a time"},
        {"{" FROM "\"nbf\":1700000030}", AG_R_NONE, NULL},
        {"{" FROM "\"nbf\":1700000031}", INVALID, "not valid yet"},
        {"{" FROM "\"nbf\":1700000030.1}", INVALID, "not valid yet"},
        {"{" FROM "\"nbf\":0}", AG_R_NONE, NULL},
        {"{" FROM "\"nbf\":\"0\"}", INVALID, "not a time"},
        {"{" FROM "\"nbf\":1e300}", INVALID, "not a time"},
        {"{" FROM "\"iat\":1700000030}", AG_R_NONE, NULL},
        {"{" FROM "\"iat\":1700000031}", INVALID, "in the future"},
        {"{" FROM "\"iat\":false}", INVALID, "not a time"},
        {"{" FROM "\"iat\":-1}", INVALID, "not a time"},
    };
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30};

    run_cases(m, policy, cases, N_OF(cases));
}

static void test_span(void **state)
{
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30};
    answer_t a = ask_claims(m, policy, "{" FROM "\"exp\":1700000060,\"nbf\":1699999000}");

    assert_int_equal(a.expires, apr_time_from_sec(1700000090));
    assert_int_equal(a.begins, apr_time_from_sec(1699998970));
    a = ask_claims(m, policy, "{\"sub\":\"joe\"}");
    assert_int_equal(a.expires, 0);
    assert_int_equal(a.begins, 0);
    a = ask_claims(m, policy, "{" FROM "\"nbf\":7,\"exp\":1700000060.25}");
    assert_int_equal(a.begins, 0);
    assert_int_equal(a.expires, apr_time_from_sec(1700000090) + 250000);
}

/* The answer's *expires and *begins are the very moments at which the answer changes. */
static void test_moments(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {hs_set(m, NULL)};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1, .leeway = 5};
    const char *token = make_plain("HS256", NULL, NULL, "{" FROM "\"nbf\":1699999900,\"exp\":1700000060}", m->p);
    answer_t a = ask(m, &policy, token);

    assert_int_equal(ask_at(m, &policy, token, a.expires - 1).reason, AG_R_NONE);
    assert_int_equal(ask_at(m, &policy, token, a.expires).reason, EXPIRED);
    assert_int_equal(ask_at(m, &policy, token, a.begins).reason, AG_R_NONE);
    assert_int_equal(ask_at(m, &policy, token, a.begins - 1).reason, INVALID);
}

static void test_lifetime(void **state)
{
    static const case_t cases[] = {
        {"{" FROM "\"iat\":1699999990,\"exp\":1700000290}", AG_R_NONE, NULL},
        {"{" FROM "\"iat\":1699999990,\"exp\":1700000291}", INVALID, "for longer"},
        {"{" FROM "\"iat\":0,\"exp\":1700000290}", INVALID, "for longer"},
        {"{" FROM "\"exp\":1700000330}", AG_R_NONE, NULL}, /* no iat: our clock, so leeway */
        {"{" FROM "\"exp\":1700000331}", INVALID, "for longer"},
        {"{" FROM "\"iat\":1700000000}", INVALID, "no exp"},
        {"{\"sub\":\"joe\"}", INVALID, "no exp"},
        {"{" FROM "\"iat\":1600000000,\"exp\":1600000100}", EXPIRED, NULL},
    };
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.leeway = 30, .max_lifetime = 300};

    run_cases(m, policy, cases, N_OF(cases));
}

/* ---- issuer, audience ------------------------------------------------------------------------ */

static void test_issuer(void **state)
{
    static const case_t cases[] = {
        {"{" FROM "\"iss\":\"https://a\"}", AG_R_NONE, NULL},
        {"{" FROM "\"iss\":\"https://b\"}", AG_R_NONE, NULL},
        {"{" FROM "\"iss\":\"https://a/\"}", INVALID, "issuer"},
        {"{" FROM "\"iss\":\"https://A\"}", INVALID, "issuer"},
        {"{" FROM "\"iss\":\"\"}", INVALID, "issuer"},
        {"{\"sub\":\"joe\"}", INVALID, "no iss"},
        {"{" FROM "\"iss\":[\"https://a\"]}", INVALID, "iss is malformed"},
        {"{" FROM "\"iss\":1}", INVALID, "iss is malformed"},
        {"{" FROM "\"iss\":null}", INVALID, "iss is malformed"},
        {"{" FROM "\"iss\":\"https://a\\n\"}", INVALID, "iss is malformed"},
    };
    static const char *issuers[] = {"https://a", "https://b"};
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.issuers = {2, issuers}};

    run_cases(m, policy, cases, N_OF(cases));
}

static void test_audience(void **state)
{
    static const case_t cases[] = {
        {"{" FROM "\"aud\":\"api\"}", AG_R_NONE, NULL},
        {"{" FROM "\"aud\":[\"other\",\"api2\"]}", AG_R_NONE, NULL},
        {"{" FROM "\"aud\":\"other\"}", INVALID, "audience"},
        {"{" FROM "\"aud\":\"x api\"}", INVALID, "audience"}, /* one value, not two words */
        {"{" FROM "\"aud\":[]}", INVALID, "no aud"},
        {"{\"sub\":\"joe\"}", INVALID, "no aud"},
        {"{" FROM "\"aud\":[\"api\",7]}", INVALID, "aud is malformed"},
        {"{" FROM "\"aud\":[[\"api\"]]}", INVALID, "aud is malformed"},
        {"{" FROM "\"aud\":{\"api\":1}}", INVALID, "aud is malformed"},
        {"{" FROM "\"aud\":null}", INVALID, "aud is malformed"},
        {"{" FROM "\"aud\":7}", INVALID, "aud is malformed"},
    };
    static const char *audiences[] = {"api", "api2"};
    const maker_t *m = *state;
    ag_jwt_policy_t policy = {.audiences = {2, audiences}};

    run_cases(m, policy, cases, N_OF(cases));
    policy.audiences.n = 0;
    run_cases(m, policy, cases, 2);
    assert_int_equal(ask_claims(m, policy, "{\"sub\":\"joe\"}").reason, AG_R_NONE);
    assert_int_equal(ask_claims(m, policy, "{" FROM "\"aud\":7}").reason, INVALID);
}

/* ---- which key ------------------------------------------------------------------------------- */

static const ag_jwt_keyset_t *pem_set(const maker_t *m, const char *alg, EVP_PKEY *key, const char *kid,
                                      const char *issuer, const char *audience)
{
    ag_jwt_keyset_t *set = apr_pcalloc(m->p, sizeof *set);
    const char *pem = public_pem(key, m->p);

    set->issuer = issuer;
    set->audience = audience;
    assert_null(ag_jwt_load_key(set, ag_alg_find(alg), kid, pem, strlen(pem), m->p));
    return set;
}

/* A key signs for its issuer only, whatever `kid` the token names. */
static void test_binding(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {
        pem_set(m, "RS256", m->rsa, "k", "https://a", NULL),
        pem_set(m, "RS256", m->rsa2, "k", "https://b", "api"),
    };
    const struct {
        EVP_PKEY *key;
        const char *claims;
        ag_reason_e reason;
    } cases[] = {
        {m->rsa, "{" FROM "\"iss\":\"https://a\"}", AG_R_NONE},
        {m->rsa, "{" FROM "\"iss\":\"https://b\",\"aud\":\"api\"}", INVALID},
        {m->rsa, "{\"sub\":\"joe\"}", INVALID},
        {m->rsa2, "{" FROM "\"iss\":\"https://b\",\"aud\":\"api\"}", AG_R_NONE},
        {m->rsa2, "{" FROM "\"iss\":\"https://b\",\"aud\":[\"x\",\"api\"]}", AG_R_NONE},
        {m->rsa2, "{" FROM "\"iss\":\"https://b\",\"aud\":\"other\"}", INVALID},
        {m->rsa2, "{" FROM "\"iss\":\"https://b\"}", INVALID},
        {m->rsa2, "{" FROM "\"iss\":\"https://a\",\"aud\":\"api\"}", INVALID},
    };
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 2};
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *kid = i % 2 ? "k" : NULL;
        answer_t a = ask(m, &policy, make_plain("RS256", cases[i].key, kid, cases[i].claims, m->p));

        expect(&a, cases[i].reason, cases[i].reason ? "signature" : NULL, cases[i].claims);
    }
}

static void test_kid(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *named[] = {pem_set(m, "RS256", m->rsa, "one", NULL, NULL),
                                      pem_set(m, "RS256", m->rsa2, "two", NULL, NULL)};
    const ag_jwt_keyset_t *plain[] = {pem_set(m, "RS256", m->rsa, NULL, NULL, NULL),
                                      pem_set(m, "RS256", m->rsa2, "two", NULL, NULL)};
    const struct {
        const ag_jwt_keyset_t **sets;
        EVP_PKEY *key;
        const char *kid;
        ag_reason_e reason;
        const char *key_id;
    } cases[] = {
        {named, m->rsa, "one", AG_R_NONE, "one"},    {named, m->rsa2, "two", AG_R_NONE, "two"},
        {named, m->rsa2, "one", INVALID, NULL},      {named, m->rsa, "three", INVALID, NULL},
        {named, m->rsa2, NULL, AG_R_NONE, "two"},    {plain, m->rsa, "anything", AG_R_NONE, NULL},
        {plain, m->rsa, "two", AG_R_NONE, NULL},     {plain, m->rsa2, "two", AG_R_NONE, "two"},
        {plain, m->rsa2, "anything", INVALID, NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_policy_t policy = {.sets = cases[i].sets, .n_sets = 2};
        answer_t a = ask(m, &policy, make_plain("RS256", cases[i].key, cases[i].kid, "{\"sub\":\"a\"}", m->p));

        expect(&a, cases[i].reason, cases[i].reason ? "signature" : NULL, cases[i].kid ? cases[i].kid : "(no kid)");
        if (a.who && cases[i].key_id) {
            assert_string_equal(a.who->key_id, cases[i].key_id);
        }
        assert_true(!a.who || cases[i].key_id || !a.who->key_id);
    }
}

/* `count` keys for HS256, of which the last is the right one; their kids are k0, k1 ... or none. */
static const ag_jwt_keyset_t *many(const maker_t *m, int count, int named)
{
    ag_jwt_keyset_t *set = apr_pcalloc(m->p, sizeof *set);
    ag_jwt_key_t *keys = apr_pcalloc(m->p, sizeof *keys * (apr_size_t)count);
    int i;

    for (i = 0; i < count; i++) {
        keys[i].algs = 1u << AG_ALG_HS256;
        keys[i].kid = named ? apr_psprintf(m->p, "k%d", i) : NULL;
        keys[i].secret = (const unsigned char *)(i == count - 1 ? SECRET : &SECRET[1]);
        keys[i].secret_size = i == count - 1 ? 64 : 63;
    }
    set->keys = keys;
    set->n = count;
    return set;
}

/* AG_JWT_MAX_TRIES bounds the work of a token, over all sets; a `kid` comes first in line. */
static void test_tries(void **state)
{
    const maker_t *m = *state;
    const struct {
        int count, named;
        const char *kid;
        ag_reason_e reason;
    } cases[] = {
        {8, 0, NULL, AG_R_NONE}, {9, 0, NULL, INVALID}, {8, 0, "x", AG_R_NONE},      {9, 0, "x", INVALID},
        {8, 1, NULL, AG_R_NONE}, {9, 1, NULL, INVALID}, {200, 1, "k199", AG_R_NONE}, {200, 1, "k198", INVALID},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_jwt_keyset_t *sets[] = {many(m, cases[i].count, cases[i].named)};
        ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1};
        answer_t a = ask(m, &policy, make_plain("HS256", NULL, cases[i].kid, "{\"sub\":\"a\"}", m->p));

        expect(&a, cases[i].reason, NULL, apr_psprintf(m->p, "case %d", i));
    }
}

static void test_tries_over_sets(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *wrong[] = {hs_set(m, NULL), many(m, 8, 0)};
    const ag_jwt_keyset_t *kid_last[] = {many(m, 9, 0), hs_set(m, "mine")};
    ag_jwt_keyset_t other = *wrong[1];
    ag_jwt_key_t keys[8];
    ag_jwt_policy_t policy = {.sets = wrong, .n_sets = 2};
    const char *plain = make_plain("HS256", NULL, NULL, "{\"sub\":\"a\"}", m->p);

    assert_int_equal(ask(m, &policy, plain).reason, AG_R_NONE);
    memcpy(keys, other.keys, sizeof keys);
    keys[7].secret_size = 63; /* now all eight are wrong, and the ninth is not reached */
    other.keys = keys;
    wrong[1] = wrong[0];
    wrong[0] = &other;
    assert_int_equal(ask(m, &policy, plain).reason, INVALID);
    policy.sets = kid_last;
    assert_int_equal(ask(m, &policy, make_plain("HS256", NULL, "mine", "{\"sub\":\"a\"}", m->p)).reason, AG_R_NONE);
}

static void test_no_key(void **state)
{
    const maker_t *m = *state;
    ag_jwt_policy_t none = {.leeway = 30};
    const ag_jwt_keyset_t *sets[] = {pem_set(m, "RS256", m->rsa, NULL, NULL, NULL)};
    ag_jwt_policy_t rsa = {.sets = sets, .n_sets = 1};
    answer_t a;

    a = ask(m, &none, make_plain("HS256", NULL, NULL, "{\"sub\":\"a\"}", m->p));
    expect(&a, INVALID, "signature", "no set");
    a = ask(m, &rsa, make_plain("HS256", NULL, NULL, "{\"sub\":\"a\"}", m->p));
    expect(&a, INVALID, "signature", "no key of that algorithm");
    a = ask(m, &rsa, make_token("RS256", m->rsa, "{\"alg\":\"none\"}", "{\"sub\":\"a\"}", m->p));
    expect(&a, INVALID, "algorithm", "alg none over a good signature");
    a = ask(m, &rsa, "not a token");
    expect(&a, INVALID, "form", "no token");
    a = ask(m, &rsa, make_plain("RS256", m->rsa, NULL, "[1]", m->p));
    expect(&a, INVALID, "payload", "claims that are no object");
    a = ask(m, &rsa, make_plain("RS256", m->rsa, NULL, "{\"sub\":\"a\\u0000\"}", m->p));
    expect(&a, INVALID, "payload", "a NUL in a claim");
}

/* A set that could not be loaded may hold the key: nobody can tell, and nobody is taken for a forger. A
 * token of an issuer that it does not speak for is judged without it. */
static void test_lacking(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t lost = {.issuer = "https://a"}, loose = {.issuer = NULL};
    const ag_jwt_keyset_t *sets[] = {pem_set(m, "RS256", m->rsa, NULL, NULL, NULL), &lost, &loose};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 2};
    const char *a_s = "{\"iss\":\"https://a\",\"sub\":\"a\"}", *b_s = "{\"iss\":\"https://b\"}";
    answer_t a = ask(m, &policy, make_plain("RS256", m->rsa, NULL, a_s, m->p));

    assert_int_equal(a.reason, AG_R_NONE);
    a = ask(m, &policy, make_plain("RS256", m->rsa2, NULL, a_s, m->p));
    assert_int_equal(a.reason, AG_R_KEYSET_UNAVAILABLE);
    assert_false(a.forged);
    a = ask(m, &policy, make_plain("RS256", m->rsa2, NULL, b_s, m->p));
    assert_int_equal(a.reason, INVALID);
    assert_true(a.forged);
    policy.n_sets = 3;
    a = ask(m, &policy, make_plain("RS256", m->rsa2, NULL, b_s, m->p));
    assert_int_equal(a.reason, AG_R_KEYSET_UNAVAILABLE);
    a = ask(m, &policy, "no.token");
    assert_int_equal(a.reason, INVALID);
}

/* A key that travels in the token's own header is never used. */
static void test_embedded_key(void **state)
{
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {pem_set(m, "RS256", m->rsa, NULL, NULL, NULL)};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1};
    const char *header = apr_psprintf(m->p, "{\"alg\":\"RS256\",\"jwk\":%s}", jwk_of(m->rsa2, "", m->p));
    answer_t a = ask(m, &policy, make_token("RS256", m->rsa2, header, "{\"sub\":\"a\"}", m->p));

    expect(&a, INVALID, "signature", "an embedded key");
}

/* An expired or misdirected token with a wrong signature learns of the signature only. */
static void test_order(void **state)
{
    static const char *issuers[] = {"https://a"};
    const maker_t *m = *state;
    const ag_jwt_keyset_t *sets[] = {pem_set(m, "RS256", m->rsa, NULL, NULL, NULL)};
    ag_jwt_policy_t policy = {.sets = sets, .n_sets = 1, .issuers = {1, issuers}};
    answer_t a = ask(m, &policy, make_plain("RS256", m->rsa2, NULL, "{" FROM "\"exp\":1}", m->p));

    expect(&a, INVALID, "signature", "forged and expired");
    a = ask(m, &policy, make_plain("RS256", m->rsa, NULL, "{" FROM "\"exp\":1}", m->p));
    expect(&a, INVALID, "no iss", "misdirected and expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),           cmocka_unit_test(test_span),   cmocka_unit_test(test_moments),
        cmocka_unit_test(test_lifetime),        cmocka_unit_test(test_issuer), cmocka_unit_test(test_audience),
        cmocka_unit_test(test_binding),         cmocka_unit_test(test_kid),    cmocka_unit_test(test_tries),
        cmocka_unit_test(test_tries_over_sets), cmocka_unit_test(test_no_key), cmocka_unit_test(test_lacking),
        cmocka_unit_test(test_embedded_key),    cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
