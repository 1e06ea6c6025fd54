/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: the vectors of the RFCs, every algorithm against every key, and the known attacks.
 */
#include "jwt_maker.h"

static const char *const algs[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
                                   "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

#define CLAIMS "{\"sub\":\"joe\"}"

/* The key that belongs to an algorithm. */
static void load_for(ag_jwt_keyset_t *set, const maker_t *m, const char *alg)
{
    EVP_PKEY *key = key_for(m, alg);

    load_key(set, alg, key ? public_pem(key, m->p) : SECRET, m->p);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void test_names(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < N_OF(algs); i++) {
        assert_int_equal(ag_alg_find(algs[i]), i + 1);
        assert_string_equal(ag_alg_name((ag_alg_e)(i + 1)), algs[i]);
    }
    assert_int_equal(ag_alg_find("Ed25519"), AG_ALG_EDDSA); /* RFC 9864 */
    assert_int_equal(ag_alg_find("Ed448"), AG_ALG_NONE);
    assert_int_equal(ag_alg_find("none"), AG_ALG_NONE);
    assert_int_equal(ag_alg_find("rs256"), AG_ALG_NONE);
    assert_int_equal(ag_alg_find(""), AG_ALG_NONE);
    assert_string_equal(ag_alg_name(AG_ALG_NONE), "none");
    assert_string_equal(ag_alg_name((ag_alg_e)99), "none");
}

/* ---- vectors --------------------------------------------------------------------------------- */

#define PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static void test_vectors(void **state)
{
    static const struct {
        const char *where, *jwk, *token;
    } cases[] = {
        {"RFC 7515 A.1",
         "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i"
         "PS4hcgUuTwjAzZr1Z9CAow\"}",
         "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
        {"RFC 7515 A.2",
         "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
         "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
         "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
         "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9g"
         "b54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
         "eyJhbGciOiJSUzI1NiJ9." PAYLOAD
         ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8"
         "W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvk"
         "SjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCn"
         "vWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
        {"RFC 7515 A.3",
         "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
         "eyJhbGciOiJFUzI1NiJ9." PAYLOAD
         ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        {"RFC 8037 A.4",
         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
         "\"}",
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
         ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    };
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_keyset_t set = {0};
        const char *text = set_of(m->p, cases[i].jwk, NULL);
        const char *error = ag_jwt_load_jwks(&set, text, strlen(text), m->p);

        if (error || !verifies(cases[i].token, set.keys, m->p)) {
            fail_msg("%s: %s", cases[i].where, error ? error : "does not verify");
        }
    }
}

/* ---- every algorithm ------------------------------------------------------------------------- */

static void test_every_pair(void **state)
{
    const maker_t *m = *state;
    int i, j;

    for (i = 0; i < N_OF(algs); i++) {
        const char *token = make_plain(algs[i], key_for(m, algs[i]), NULL, CLAIMS, m->p);

        for (j = 0; j < N_OF(algs); j++) {
            ag_jwt_keyset_t set;

            load_for(&set, m, algs[j]);
            if (verifies(token, set.keys, m->p) != (i == j)) {
                fail_msg("a token by %s with a key for %s", algs[i], algs[j]);
            }
        }
    }
}

/* One bit anywhere, in what is signed or in the signature. */
static void test_every_bit(void **state)
{
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(algs); i++) {
        const char *token = make_plain(algs[i], key_for(m, algs[i]), NULL, CLAIMS, m->p);
        ag_jwt_keyset_t set;
        unsigned char *signature;
        char *text;
        ag_jwt_t jwt;
        apr_size_t at;

        load_for(&set, m, algs[i]);
        assert_null(ag_jwt_parse(&jwt, token, strlen(token), m->p));
        signature = apr_pmemdup(m->p, jwt.signature, jwt.signature_size);
        text = apr_pstrdup(m->p, token);
        jwt.signature = signature;
        jwt.text = text;
        for (at = 0; at < jwt.signature_size; at++) {
            signature[at] ^= (unsigned char)(1 << at % 8);
            assert_int_equal(ag_jwt_verify(&jwt, set.keys), 0);
            signature[at] ^= (unsigned char)(1 << at % 8);
        }
        for (at = 0; at < jwt.signed_size; at++) {
            text[at] ^= 1;
            assert_int_equal(ag_jwt_verify(&jwt, set.keys), 0);
            text[at] ^= 1;
        }
        assert_int_equal(ag_jwt_verify(&jwt, set.keys), 1);
    }
}

static void test_another_key(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t set;

    load_key(&set, "RS256", public_pem(m->rsa, m->p), m->p);
    assert_int_equal(verifies(make_plain("RS256", m->rsa2, NULL, CLAIMS, m->p), set.keys, m->p), 0);
    load_key(&set, "HS256", "another secret, that is as long as SHA-256 wants", m->p);
    assert_int_equal(verifies(make_plain("HS256", NULL, NULL, CLAIMS, m->p), set.keys, m->p), 0);
}

/* ---- attacks --------------------------------------------------------------------------------- */

/* A token whose signature is `n` given bytes. */
static char *with_signature(const char *alg, const void *signature, size_t n, apr_pool_t *p)
{
    return apr_pstrcat(p, b64_text(apr_psprintf(p, "{\"alg\":\"%s\"}", alg), p), ".", b64_text(CLAIMS, p), ".",
                       b64(signature, n, p), NULL);
}

/* The MAC is made with what everybody knows of an RSA key (RFC 8725 s2.1). */
static void test_confusion(void **state)
{
    const maker_t *m = *state;
    const char *pem = public_pem(m->rsa, m->p);
    unsigned char modulus[512], mac[32];
    BIGNUM *n = NULL;
    char *text = with_signature("HS256", "", 0, m->p);
    ag_jwt_keyset_t set;
    int size;

    load_key(&set, "RS256", pem, m->p);
    text[strlen(text) - 1] = '\0'; /* header.payload */
    HMAC(EVP_sha256(), pem, (int)strlen(pem), (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), set.keys, m->p), 0);
    EVP_PKEY_get_bn_param(m->rsa, "n", &n);
    size = BN_bn2bin(n, modulus);
    BN_free(n);
    HMAC(EVP_sha256(), modulus, size, (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), set.keys, m->p), 0);
    HMAC(EVP_sha256(), "", 0, (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), set.keys, m->p), 0);
}

/* A good HS256 token by the first `n` bytes of SECRET. */
static char *with_short_secret(int n, apr_pool_t *p)
{
    char *text = with_signature("HS256", "", 0, p);
    unsigned char mac[32];

    text[strlen(text) - 1] = '\0';
    HMAC(EVP_sha256(), SECRET, n, (unsigned char *)text, strlen(text), mac, NULL);
    return with_signature("HS256", mac, 32, p);
}

/* Should a key ever come with the wrong bits or material, verifying still says no. */
static void test_wrong_record(void **state)
{
    const maker_t *m = *state;
    const char *token = make_plain("HS256", NULL, NULL, CLAIMS, m->p);
    ag_jwt_keyset_t set, short_set;
    ag_jwt_key_t key;

    load_for(&set, m, "RS256");
    key = set.keys[0];
    key.algs = ~0u;
    set.keys = &key;
    assert_int_equal(verifies(token, set.keys, m->p), 0);
    assert_int_equal(verifies(make_plain("ES256", m->p256, NULL, CLAIMS, m->p), set.keys, m->p), 0);
    load_for(&short_set, m, "HS256");
    key = short_set.keys[0];
    key.secret_size = 31; /* a MAC made with just these would be right */
    assert_int_equal(verifies(with_short_secret(31, m->p), set.keys, m->p), 0);
    key.secret_size = 32;
    assert_int_equal(verifies(with_short_secret(32, m->p), set.keys, m->p), 1);
    key = (ag_jwt_key_t){.algs = ~0u};
    assert_int_equal(verifies(token, set.keys, m->p), 0);
    assert_int_equal(verifies(make_plain("RS256", m->rsa, NULL, CLAIMS, m->p), set.keys, m->p), 0);
}

/* RFC 7518 s3.3, s3.4: the size is the algorithm's, to the byte. */
static void test_sizes(void **state)
{
    static const char *const some[] = {"HS256", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"};
    const maker_t *m = *state;
    unsigned char bytes[1100] = {0};
    unsigned char *sig = bytes + 1; /* a zero before it, and one behind it */
    int i;

    for (i = 0; i < N_OF(some); i++) {
        const char *alg = some[i];
        char *text = with_signature(alg, "", 0, m->p);
        ag_jwt_keyset_t set;
        size_t n;

        load_for(&set, m, alg);
        text[strlen(text) - 1] = '\0';
        n = sign_bytes(sig, alg, key_for(m, alg), text);
        sig[n] = 0;
        assert_int_equal(verifies(with_signature(alg, sig, n, m->p), set.keys, m->p), 1);
        assert_int_equal(verifies(with_signature(alg, bytes, n + 1, m->p), set.keys, m->p), 0);
        assert_int_equal(verifies(with_signature(alg, sig, n + 1, m->p), set.keys, m->p), 0);
        assert_int_equal(verifies(with_signature(alg, sig, n - 1, m->p), set.keys, m->p), 0);
        assert_int_equal(verifies(with_signature(alg, sig, 1, m->p), set.keys, m->p), 0);
    }
}

static void test_ecdsa_form(void **state)
{
    const maker_t *m = *state;
    unsigned char sig[256], padded[96] = {0};
    char *text = with_signature("ES256", "", 0, m->p);
    ag_jwt_keyset_t set;
    size_t n;

    load_for(&set, m, "ES256");
    text[strlen(text) - 1] = '\0';
    n = sign_pkey(sig, "ES256", m->p256, 0, NULL, text);
    assert_int_equal(verifies(with_signature("ES256", sig, n, m->p), set.keys, m->p), 0); /* DER */
    flatten(sig, n, 32);
    assert_int_equal(verifies(with_signature("ES256", sig, 64, m->p), set.keys, m->p), 1);
    memcpy(padded + 16, sig, 32); /* the same numbers, each in 48 bytes */
    memcpy(padded + 64, sig + 32, 32);
    assert_int_equal(verifies(with_signature("ES256", padded, 96, m->p), set.keys, m->p), 0);
}

/* The order of P-256; r and s lie between 0 and it. All zero was CVE-2022-21449. */
static const unsigned char order[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF,
                                        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                                        0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

static void test_ecdsa_bounds(void **state)
{
    static const unsigned char zero[32] = {0};
    static const unsigned char one[32] = {[31] = 1};
    const unsigned char *const values[] = {zero, one, order};
    const maker_t *m = *state;
    ag_jwt_keyset_t set;
    int i;

    load_for(&set, m, "ES256");
    for (i = 0; i < 9; i++) {
        unsigned char sig[64];

        memcpy(sig, values[i / 3], 32);
        memcpy(sig + 32, values[i % 3], 32);
        assert_int_equal(verifies(with_signature("ES256", sig, 64, m->p), set.keys, m->p), 0);
    }
}

/* An ES256 token by a P-384 key: neither key's size fits, and no such key can be loaded. */
static void test_curve(void **state)
{
    const maker_t *m = *state;
    const char *pem = public_pem(m->p384, m->p);
    char *text = with_signature("ES256", "", 0, m->p);
    unsigned char sig[256];
    ag_jwt_keyset_t set = {0};
    size_t n;

    assert_string_equal(ag_jwt_load_key(&set, AG_ALG_ES256, NULL, pem, strlen(pem), m->p),
                        "it is not a key on the curve P-256");
    assert_int_equal(set.n, 0);
    text[strlen(text) - 1] = '\0';
    n = sign_pkey(sig, "ES256", m->p384, 0, NULL, text);
    n = flatten(sig, n, 48);
    load_for(&set, m, "ES384");
    assert_int_equal(verifies(with_signature("ES256", sig, n, m->p), set.keys, m->p), 0);
    assert_int_equal(verifies(with_signature("ES384", sig, n, m->p), set.keys, m->p), 0);
}

/* RFC 7518 s3.5: the salt is as long as the hash, MGF1 uses the same hash. */
static void test_pss(void **state)
{
    static const struct {
        int salt;
        const EVP_MD *(*mgf1)(void);
        int good;
    } cases[] = {
        {32, EVP_sha256, 1}, {0, EVP_sha256, 0},  {20, EVP_sha256, 0}, {RSA_PSS_SALTLEN_MAX, EVP_sha256, 0},
        {32, EVP_sha1, 0},   {32, EVP_sha512, 0},
    };
    const maker_t *m = *state;
    char *text = with_signature("PS256", "", 0, m->p);
    ag_jwt_keyset_t set;
    int i;

    load_for(&set, m, "PS256");
    text[strlen(text) - 1] = '\0';
    for (i = 0; i < N_OF(cases); i++) {
        unsigned char sig[1024];
        size_t n = sign_pkey(sig, "PS256", m->rsa, cases[i].salt, cases[i].mgf1(), text);

        assert_int_equal(verifies(with_signature("PS256", sig, n, m->p), set.keys, m->p), cases[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_vectors),     cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_every_bit),    cmocka_unit_test(test_another_key), cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_wrong_record), cmocka_unit_test(test_sizes),       cmocka_unit_test(test_ecdsa_form),
        cmocka_unit_test(test_ecdsa_bounds), cmocka_unit_test(test_curve),       cmocka_unit_test(test_pss),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
