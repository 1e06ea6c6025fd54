/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens as they are made here, by libjwt or by our own code: what is made verifies, what would be made
 * wrong is refused before.
 */
#include "../../src/issue/sign.h"

#include "jwt_maker.h"

#define CLAIMS "{\"sub\":\"joe\",\"n\":{\"a\":[1,true,null]},\"exp\":1700000060}"

static const char *sign(char **token, const char *alg, const char *key, const char *kid, const char *claims,
                        apr_pool_t *p)
{
    ag_jwt_order_t order = {
        .alg = ag_alg_find(alg), .key = key, .key_size = strlen(key), .kid = kid, .claims = claims};
    const char *error = ag_jwt_sign(token, &order, p);

    assert_int_equal(error == NULL, *token != NULL);
    assert_int_equal(ERR_peek_error(), 0);
    return error;
}

static void test_made(void **state)
{
    static const char *const algs[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
                                       "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(algs); i++) {
        EVP_PKEY *key = key_for(m, algs[i]);
        const char *secret = key ? private_pem(key, m->p) : SECRET;
        const char *public = key ? public_pem(key, m->p) : SECRET;
        ag_jwt_keyset_t set;
        char *token;
        ag_jwt_t jwt;

        assert_null(sign(&token, algs[i], secret, "key-1", CLAIMS, m->p));
        load_key(&set, algs[i], public, m->p);
        assert_int_equal(verifies(token, set.keys, m->p), 1);
        assert_null(ag_jwt_parse(&jwt, token, strlen(token), m->p));
        assert_string_equal(jwt.kid, "key-1");
        assert_true(json_equal(ag_jwt_claims(&jwt, m->p), ag_json_object(CLAIMS, strlen(CLAIMS), m->p)));
        assert_null(sign(&token, algs[i], secret, NULL, "{}", m->p));
    }
}

/* Of libjwt's two kinds of answer and of ours: an access token says that it is one. */
static void test_typ(void **state)
{
    static const char *const algs[] = {"HS256", "RS256", "PS256", "ES256", "EdDSA"};
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(algs); i++) {
        EVP_PKEY *key = key_for(m, algs[i]);
        ag_jwt_order_t order = {.alg = ag_alg_find(algs[i]), .kid = "\"k\\", .claims = CLAIMS, .typ = "at+jwt"};
        ag_jwt_keyset_t set;
        char *token;
        ag_jwt_t jwt;

        order.key = key ? private_pem(key, m->p) : SECRET;
        order.key_size = strlen(order.key);
        assert_null(ag_jwt_sign(&token, &order, m->p));
        assert_null(ag_jwt_parse(&jwt, token, strlen(token), m->p));
        assert_int_equal(jwt.typ, AG_TYP_ACCESS);
        assert_string_equal(jwt.kid, "\"k\\");
        load_key(&set, algs[i], key ? public_pem(key, m->p) : SECRET, m->p);
        assert_int_equal(verifies(token, set.keys, m->p), 1);
        order.pkey = key;
        assert_null(ag_jwt_sign(&token, &order, m->p));
        assert_int_equal(verifies(token, set.keys, m->p), 1);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void test_refused(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    const char *rsa = private_pem(m->rsa, m->p);
    char *kid = apr_palloc(m->p, 300);
    char *long_claims = apr_palloc(m->p, 20000);
    const struct {
        const char *alg, *key, *kid, *claims, *wanted;
    } cases[] = {
        {"none", SECRET, NULL, "{}", "tokens are made with"},
        {"PS256", SECRET, NULL, "{}", "no private key"},
        {"EdDSA", rsa, NULL, "{}", "Ed25519"},
        {"HS256", "", NULL, "{}", "0 bytes"},
        {"HS256", "short", NULL, "{}", "5 bytes"},
        {"HS256", rsa, NULL, "{}", "PEM"},
        {"RS256", SECRET, NULL, "{}", "no private key"},
        {"RS256", public_pem(m->rsa, m->p), NULL, "{}", "no private key"},
        {"RS256", private_pem(small, m->p), NULL, "{}", "1024 bits"},
        {"RS256", private_pem(m->p256, m->p), NULL, "{}", "not an RSA key"},
        {"ES256", private_pem(m->p384, m->p), NULL, "{}", "P-256"},
        {"ES384", rsa, NULL, "{}", "P-384"},
        {"HS256", SECRET, NULL, "[]", "not a JSON object"},
        {"HS256", SECRET, NULL, "{\"a\":1,\"a\":2}", "not a JSON object"},
        {"HS256", SECRET, NULL, NULL, "not a JSON object"},
        {"HS256", SECRET, NULL, long_claims, "too long"},
        {"HS256", SECRET, "a b", "{}", "kid"},
        {"HS256", SECRET, kid, "{}", "kid"},
    };
    int i;

    memset(kid, 'k', 299);
    kid[299] = '\0';
    memset(long_claims, ' ', 19999);
    memcpy(long_claims + 19997, "{}", 3);
    for (i = 0; i < N_OF(cases); i++) {
        char *token;
        const char *error = sign(&token, cases[i].alg, cases[i].key, cases[i].kid, cases[i].claims, m->p);

        if (!error || !strstr(error, cases[i].wanted)) {
            fail_msg("case %d: got \"%s\", wanted \"%s\"", i, error ? error : "(none)", cases[i].wanted);
        }
    }
    EVP_PKEY_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_typ),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
