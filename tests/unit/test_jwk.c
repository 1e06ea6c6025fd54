/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_jwk: keys in a set: what each kind serves, how it may be spelled, what is wrong with one.
 */
#include "jwks_fixture.h"

#define BIT(alg) (1u << AG_ALG_##alg)

/* ---- what a key serves ----------------------------------------------------------------------- */

static void test_serves(void **state)
{
    const maker_t *m = *state;
    const struct {
        const char *jwk;
        unsigned algs;
    } cases[] = {
        {jwk_of(m->rsa, "", m->p), BIT(RS256) | BIT(PS256)},
        {jwk_of(m->rsa, "\"alg\":\"RS384\",", m->p), BIT(RS384)},
        {jwk_of(m->rsa, "\"alg\":\"PS512\",", m->p), BIT(PS512)},
        {jwk_of(m->p256, "", m->p), BIT(ES256)},
        {jwk_of(m->p384, "", m->p), BIT(ES384)},
        {jwk_of(m->p384, "\"alg\":\"ES384\",", m->p), BIT(ES384)},
        {jwk_of(m->p521, "", m->p), BIT(ES512)},
        {jwk_of(m->p521, "\"alg\":\"ES512\",", m->p), BIT(ES512)},
        {jwk_of(m->ed, "", m->p), BIT(EDDSA)},
        {jwk_of(m->ed, "\"alg\":\"Ed25519\",", m->p), BIT(EDDSA)},
        {jwk_of(m->ed, "\"alg\":\"EdDSA\",\"use\":\"sig\",", m->p), BIT(EDDSA)},
        {oct_of(SECRET, 32, "", m->p), BIT(HS256)},
        {oct_of(SECRET, 47, "", m->p), BIT(HS256)},
        {oct_of(SECRET, 48, "", m->p), BIT(HS256) | BIT(HS384)},
        {oct_of(SECRET, 64, "", m->p), BIT(HS256) | BIT(HS384) | BIT(HS512)},
        {oct_of(SECRET, 64, "\"alg\":\"HS256\",", m->p), BIT(HS256)},
        {oct_of(SECRET, 32, "\"key_ops\":[\"sign\",\"verify\"],", m->p), BIT(HS256)},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_keyset_t set = load_good(set_of(m->p, cases[i].jwk, NULL), 1, m->p);

        assert_int_equal(set.keys[0].algs, cases[i].algs);
        assert_int_equal(set.keys[0].pkey == NULL, set.keys[0].secret != NULL);
    }
}

static void test_verifies(void **state)
{
    static const char *const algs[] = {"RS256", "PS256", "ES256", "ES384", "EdDSA", "HS512"};
    const maker_t *m = *state;
    int i, j;
    ag_jwt_keyset_t set = load_good(set_of(m->p, jwk_of(m->rsa, "\"kid\":\"0\",", m->p), jwk_of(m->p256, "", m->p),
                                           jwk_of(m->p384, "", m->p), jwk_of(m->ed, "", m->p), NULL),
                                    4, m->p);
    static const int key_of[] = {0, 0, 1, 2, 3, -1};

    assert_string_equal(set.keys[0].kid, "0");
    assert_null(set.keys[1].kid);
    for (i = 0; i < N_OF(algs); i++) {
        const char *token = make_plain(algs[i], key_for(m, algs[i]), NULL, "{}", m->p);

        for (j = 0; j < set.n; j++) {
            assert_int_equal(verifies(token, &set.keys[j], m->p), j == key_of[i]);
        }
    }
}

/* RFC 7518 s6.2.1.2 wants the zeros at the front of a coordinate; without them it still is one. */
static void test_padding(void **state)
{
    const maker_t *m = *state;
    unsigned char x[32] = {1};
    EVP_PKEY *key = NULL;
    ag_jwt_keyset_t set;
    char *jwk;

    while (x[0]) { /* one key in 256 */
        BIGNUM *number = NULL;

        EVP_PKEY_free(key);
        key = EVP_EC_gen("P-256");
        EVP_PKEY_get_bn_param(key, "qx", &number);
        BN_bn2binpad(number, x, 32);
        BN_free(number);
    }
    jwk = apr_psprintf(m->p, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", b64(x + 1, 31, m->p),
                       param64(key, "qy", 32, m->p));
    set = load_good(set_of(m->p, jwk, NULL), 1, m->p);
    assert_int_equal(verifies(make_plain("ES256", key, NULL, "{}", m->p), set.keys, m->p), 1);
    EVP_PKEY_free(key);
}

/* Private members are not looked at: wrong or right, they change nothing. */
static void test_private_members(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t plain = load_good(set_of(m->p, jwk_of(m->rsa, "", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t set =
        load_good(set_of(m->p, jwk_of(m->rsa, "\"d\":\"!\",\"p\":7,\"q\":null,", m->p), NULL), 1, m->p);

    assert_true(ag_id_equal(plain.id, set.id));
}

/* The same key under the same binding has the same id in PEM and as a JWK; another has not. */
static void test_id(void **state)
{
    const maker_t *m = *state;
    const char *pem = public_pem(m->p256, m->p);
    ag_jwt_keyset_t one = load_good(set_of(m->p, jwk_of(m->p256, "", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t two = load_good(set_of(m->p, jwk_of(m->p256, "", m->p), jwk_of(m->ed, "", m->p), NULL), 2, m->p);
    ag_jwt_keyset_t kid = load_good(set_of(m->p, jwk_of(m->p256, "\"kid\":\"a\",", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t set = {0};

    assert_null(ag_jwt_load_key(&set, AG_ALG_ES256, NULL, pem, strlen(pem), m->p));
    assert_true(ag_id_equal(one.id, set.id));
    assert_false(ag_id_equal(one.id, two.id));
    assert_false(ag_id_equal(one.id, kid.id));
}

/* ---- what is passed over --------------------------------------------------------------------- */

/* The values of a JWK with padding, or in the other alphabet. */
static char *spelled(const char *jwk, const char *name, int padded, apr_pool_t *p)
{
    const char *from = strstr(jwk, apr_psprintf(p, "\"%s\":\"", name)) + strlen(name) + 4;
    size_t n = strcspn(from, "\"");
    char *value = apr_pstrmemdup(p, from, n), *at;

    for (at = value; *at; at++) {
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    }
    return apr_psprintf(p, "%.*s%s%s%s", (int)(from - jwk), jwk, value, padded ? &"==="[3 - (4 - n % 4) % 4] : "",
                        from + n);
}

static void test_spelling(void **state)
{
    const maker_t *m = *state;
    const char *rsa = jwk_of(m->rsa, "", m->p), *secret = oct_of(SECRET, 32, "", m->p);
    ag_jwt_keyset_t rsa_set = load_good(set_of(m->p, rsa, NULL), 1, m->p);
    ag_jwt_keyset_t secret_set = load_good(set_of(m->p, secret, NULL), 1, m->p);
    int padded;

    for (padded = 0; padded < 2; padded++) {
        ag_jwt_keyset_t set = load_good(set_of(m->p, spelled(rsa, "n", padded, m->p), NULL), 1, m->p);

        assert_true(ag_id_equal(rsa_set.id, set.id));
        set = load_good(set_of(m->p, spelled(secret, "k", padded, m->p), NULL), 1, m->p);
        assert_true(ag_id_equal(secret_set.id, set.id));
    }
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* Left out, however good the others are. */
static void test_bad_keys(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    const struct {
        const char *jwk, *wanted;
    } cases[] = {
        {"7", "not an object"},
        {"null", "not an object"},
        {"{}", "\"kty\" is missing"},
        {"{\"kty\":7}", "\"kty\" is missing"},
        {jwk_of(m->rsa, "\"alg\":7,", m->p), "\"alg\" is not text"},
        {jwk_of(m->rsa, "\"use\":7,", m->p), "malformed"},
        {jwk_of(m->rsa, "\"key_ops\":\"verify\",", m->p), "malformed"},
        {jwk_of(m->rsa, "\"kid\":7,", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"kid\":\"\",", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"kid\":\"a b\",", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"alg\":\"HS256\",", m->p), "HS256 does not fit its \"kty\""},
        {jwk_of(m->rsa, "\"alg\":\"ES256\",", m->p), "does not fit"},
        {jwk_of(m->p256, "\"alg\":\"ES384\",", m->p), "curve is another"},
        {jwk_of(m->p384, "\"alg\":\"ES256\",", m->p), "curve is another"},
        {jwk_of(m->p256, "\"alg\":\"EdDSA\",", m->p), "does not fit"},
        {oct_of(SECRET, 64, "\"alg\":\"RS256\",", m->p), "does not fit"},
        {oct_of(SECRET, 31, "", m->p), "31 bytes"},
        {oct_of(SECRET, 47, "\"alg\":\"HS384\",", m->p), "shorter than the hash"},
        {oct_of("", 0, "", m->p), "\"k\" is missing"},
        {"{\"kty\":\"oct\"}", "\"k\" is missing"},
        {"{\"kty\":\"oct\",\"k\":7}", "\"k\" is missing"},
        {"{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"}", "\"k\""},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\",\"x5c\":[\"MIIC\"]}", "\"n\" is missing"},
        {oct_of(public_pem(m->rsa, m->p), 300, "", m->p), "PEM"},
        {jwk_of(small, "", m->p), "1024 bits"},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "\"n\" is missing"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "\"e\" is missing"},
        {"{\"kty\":\"EC\",\"x\":\"AA\",\"y\":\"AA\"}", "\"crv\" is missing"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\"}", "\"y\" is missing"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", "valid public key"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", "valid public key"},
        {"{\"kty\":\"OKP\",\"x\":\"AA\"}", "\"crv\" is missing"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "\"x\" is missing"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "valid public key"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        left_out(m, cases[i].jwk, cases[i].wanted);
    }
    EVP_PKEY_free(small);
}

static char *rsa_set(const char *n, const char *e, apr_pool_t *p)
{
    return apr_psprintf(p, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}]}", n, e);
}

/* RSA keys of good size that OpenSSL would take: with an exponent of 0, 1, 2 or a huge one, or with
 * an even modulus. */
static void test_unsound_rsa(void **state)
{
    const maker_t *m = *state;
    const char *exponents[] = {"AA", "AQ", "Ag", b64("\1\0\0\0\0\0\0\0\1", 9, m->p)};
    const char *n = param64(m->rsa, "n", 0, m->p);
    unsigned char even[256];
    int i;

    for (i = 0; i < N_OF(exponents); i++) {
        load_bad(rsa_set(n, exponents[i], m->p), "key 1: the", m->p);
    }
    load_good(rsa_set(n, "Aw", m->p), 1, m->p);
    memset(even, 0xFE, sizeof even);
    load_bad(rsa_set(b64(even, sizeof even, m->p), "AQAB", m->p), "valid public key", m->p);
}

/* A coordinate of a byte too many, also one of zero. */
static void test_long_coordinate(void **state)
{
    const maker_t *m = *state;

    load_bad(apr_psprintf(m->p,
                          "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                          "\"y\":\"%s\"}]}",
                          param64(m->p256, "qx", 33, m->p), param64(m->p256, "qy", 32, m->p)),
             "\"x\" is too long", m->p);
    load_bad(apr_psprintf(m->p,
                          "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\","
                          "\"y\":\"%s\"}]}",
                          param64(m->p384, "qx", 48, m->p), param64(m->p384, "qy", 200, m->p)),
             "\"y\" is too long", m->p);
    load_bad(set_of(m->p, oct_of(apr_pcalloc(m->p, 4000), 4000, "", m->p), NULL), "\"k\"", m->p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves),
        cmocka_unit_test(test_verifies),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_private_members),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_unsound_rsa),
        cmocka_unit_test(test_long_coordinate),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
