/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: the vectors of the RFCs, every algorithm against every key, and the known attacks.
 * Also the keys of ApiGuardJWTKey: which are refused, and what names a set.
 */
#include "jwt_maker.h"

static const char *const algs[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
                                   "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"};

#define CLAIMS "{\"sub\":\"joe\"}"

/* 1 when a text is parsed and its signature is the key's. Nothing may stay in OpenSSL's queue. */
static int verifies(const char *text, const ag_jwt_keyset_t *set, apr_pool_t *p)
{
    const char *error;
    ag_jwt_t jwt;
    int good;

    error = ag_jwt_parse(&jwt, text, strlen(text), p);
    assert_null(error);
    good = ag_jwt_verify(&jwt, &set->keys[0]);
    assert_int_equal(ERR_peek_error(), 0);
    return good;
}

static void load(ag_jwt_keyset_t *set, const char *alg, const char *text, apr_pool_t *p)
{
    const char *error;

    memset(set, 0, sizeof *set);
    error = ag_jwt_load_key(set, ag_alg_find(alg), NULL, text, strlen(text), p);
    if (error) {
        fail_msg("%s: %s", alg, error);
    }
}

/* The key that belongs to an algorithm. */
static void load_for(ag_jwt_keyset_t *set, const maker_t *m, const char *alg)
{
    EVP_PKEY *key = key_for(m, alg);

    load(set, alg, key ? public_pem(key, m->p) : SECRET, m->p);
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
    assert_int_equal(ag_alg_find("none"), AG_ALG_NONE);
    assert_int_equal(ag_alg_find("rs256"), AG_ALG_NONE);
    assert_int_equal(ag_alg_find(""), AG_ALG_NONE);
    assert_string_equal(ag_alg_name(AG_ALG_NONE), "none");
    assert_string_equal(ag_alg_name((ag_alg_e)99), "none");
}

/* ---- vectors --------------------------------------------------------------------------------- */

#define PAYLOAD                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static void test_vectors(void **state)
{
    static const struct {
        const char *where, *jwk, *token;
    } cases[] = {
        {"RFC 7515 A.1",
         "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i"
         "PS4hcgUuTwjAzZr1Z9CAow\"}",
         "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD
         ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
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

        if (error || !verifies(cases[i].token, &set, m->p)) {
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
            if (verifies(token, &set, m->p) != (i == j)) {
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

    load(&set, "RS256", public_pem(m->rsa, m->p), m->p);
    assert_int_equal(verifies(make_plain("RS256", m->rsa2, NULL, CLAIMS, m->p), &set, m->p), 0);
    load(&set, "HS256", "another secret, that is as long as SHA-256 wants", m->p);
    assert_int_equal(verifies(make_plain("HS256", NULL, NULL, CLAIMS, m->p), &set, m->p), 0);
}

/* ---- attacks --------------------------------------------------------------------------------- */

/* A token whose signature is `n` given bytes. */
static char *with_signature(const char *alg, const void *signature, size_t n, apr_pool_t *p)
{
    return apr_pstrcat(p, b64_text(apr_psprintf(p, "{\"alg\":\"%s\"}", alg), p), ".",
                       b64_text(CLAIMS, p), ".", b64(signature, n, p), NULL);
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

    load(&set, "RS256", pem, m->p);
    text[strlen(text) - 1] = '\0'; /* header.payload */
    HMAC(EVP_sha256(), pem, (int)strlen(pem), (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), &set, m->p), 0);
    EVP_PKEY_get_bn_param(m->rsa, "n", &n);
    size = BN_bn2bin(n, modulus);
    BN_free(n);
    HMAC(EVP_sha256(), modulus, size, (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), &set, m->p), 0);
    HMAC(EVP_sha256(), "", 0, (unsigned char *)text, strlen(text), mac, NULL);
    assert_int_equal(verifies(with_signature("HS256", mac, 32, m->p), &set, m->p), 0);
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
    assert_int_equal(verifies(token, &set, m->p), 0);
    assert_int_equal(verifies(make_plain("ES256", m->p256, NULL, CLAIMS, m->p), &set, m->p), 0);
    load_for(&short_set, m, "HS256");
    key = short_set.keys[0];
    key.secret_size = 0;
    assert_int_equal(verifies(token, &set, m->p), 0);
    key = (ag_jwt_key_t){.algs = ~0u};
    assert_int_equal(verifies(token, &set, m->p), 0);
    assert_int_equal(verifies(make_plain("RS256", m->rsa, NULL, CLAIMS, m->p), &set, m->p), 0);
}

/* RFC 7518 s3.3, s3.4: the size is the algorithm's, to the byte. */
static void test_sizes(void **state)
{
    static const char *const some[] = {"HS256", "RS256", "PS256", "ES256", "ES384", "EdDSA"};
    const maker_t *m = *state;
    unsigned char sig[1100] = {0};
    int i;

    for (i = 0; i < N_OF(some); i++) {
        char *text = with_signature(some[i], "", 0, m->p);
        ag_jwt_keyset_t set;
        size_t n;

        load_for(&set, m, some[i]);
        text[strlen(text) - 1] = '\0';
        sig[0] = 0;
        n = sign_bytes(sig + 1, some[i], key_for(m, some[i]), text);
        assert_int_equal(verifies(with_signature(some[i], sig + 1, n, m->p), &set, m->p), 1);
        sig[n + 1] = 0;
        assert_int_equal(verifies(with_signature(some[i], sig, n + 1, m->p), &set, m->p), 0);
        assert_int_equal(verifies(with_signature(some[i], sig + 1, n + 1, m->p), &set, m->p), 0);
        assert_int_equal(verifies(with_signature(some[i], sig + 1, n - 1, m->p), &set, m->p), 0);
        assert_int_equal(verifies(with_signature(some[i], sig + 1, 1, m->p), &set, m->p), 0);
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
    assert_int_equal(verifies(with_signature("ES256", sig, n, m->p), &set, m->p), 0); /* DER */
    flatten(sig, n, 32);
    assert_int_equal(verifies(with_signature("ES256", sig, 64, m->p), &set, m->p), 1);
    memcpy(padded + 16, sig, 32); /* the same numbers, each in 48 bytes */
    memcpy(padded + 64, sig + 32, 32);
    assert_int_equal(verifies(with_signature("ES256", padded, 96, m->p), &set, m->p), 0);
}

/* The order of P-256; r and s lie between 0 and it. All zero was CVE-2022-21449. */
static const unsigned char order[32] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

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
        assert_int_equal(verifies(with_signature("ES256", sig, 64, m->p), &set, m->p), 0);
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
    assert_int_equal(verifies(with_signature("ES256", sig, n, m->p), &set, m->p), 0);
    assert_int_equal(verifies(with_signature("ES384", sig, n, m->p), &set, m->p), 0);
}

/* RFC 7518 s3.5: the salt is as long as the hash, MGF1 uses the same hash. */
static void test_pss(void **state)
{
    static const struct {
        int salt;
        const EVP_MD *(*mgf1)(void);
        int good;
    } cases[] = {
        {32, EVP_sha256, 1},
        {0, EVP_sha256, 0},
        {20, EVP_sha256, 0},
        {RSA_PSS_SALTLEN_MAX, EVP_sha256, 0},
        {32, EVP_sha1, 0},
        {32, EVP_sha512, 0},
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

        assert_int_equal(verifies(with_signature("PS256", sig, n, m->p), &set, m->p),
                         cases[i].good);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void refuse(const maker_t *m, const char *alg, const char *text, size_t n,
                   const char *wanted)
{
    ag_jwt_keyset_t set = {0};
    const char *error = ag_jwt_load_key(&set, ag_alg_find(alg), NULL, text, n, m->p);

    if (!error || !strstr(error, wanted)) {
        fail_msg("%s: got \"%s\", wanted \"%s\"", alg, error ? error : "(none)", wanted);
    }
    assert_int_equal(set.n, 0);
    assert_int_equal(ERR_peek_error(), 0);
}

static void refuse_pem(const maker_t *m, const char *alg, const char *pem, const char *wanted)
{
    refuse(m, alg, pem, strlen(pem), wanted);
}

static void test_bad_secrets(void **state)
{
    const maker_t *m = *state;

    refuse(m, "HS256", "", 0, "empty");
    refuse(m, "HS256", SECRET, 31, "31 bytes, HS256 needs at least 32");
    refuse(m, "HS384", SECRET, 47, "at least 48");
    refuse(m, "HS512", SECRET, 63, "at least 64");
    refuse_pem(m, "HS256", public_pem(m->rsa, m->p), "PEM");
    refuse_pem(m, "HS256", private_pem(m->rsa, m->p), "PEM");
    refuse_pem(m, "HS512", certificate_pem(m->rsa, m->p), "PEM");
    refuse(m, "none", SECRET, 64, "no such algorithm");
}

static void test_bad_keys(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    char *pem = public_pem(m->rsa, m->p);

    refuse(m, "RS256", "", 0, "empty");
    refuse_pem(m, "RS256", "hello", "no public key");
    refuse_pem(m, "RS256", SECRET, "no public key");
    refuse_pem(m, "RS256", private_pem(m->rsa, m->p), "private key");
    refuse_pem(m, "EdDSA", private_pem(m->ed, m->p), "private key");
    refuse_pem(m, "RS256", apr_pstrcat(m->p, pem, private_pem(m->rsa, m->p), NULL), "private");
    refuse_pem(m, "RS256", public_pem(small, m->p), "1024 bits");
    refuse_pem(m, "PS512", certificate_pem(small, m->p), "1024 bits");
    refuse_pem(m, "RS256", public_pem(m->p256, m->p), "not an RSA key");
    refuse_pem(m, "PS256", public_pem(m->ed, m->p), "not an RSA key");
    refuse_pem(m, "ES256", public_pem(m->rsa, m->p), "P-256");
    refuse_pem(m, "ES384", public_pem(m->p256, m->p), "P-384");
    refuse_pem(m, "ES384", certificate_pem(m->p256, m->p), "P-384");
    refuse_pem(m, "EdDSA", public_pem(m->p256, m->p), "Ed25519");
    pem[80] = '!';
    refuse_pem(m, "RS256", pem, "no public key");
    refuse(m, "RS256", public_pem(m->rsa, m->p), 100, "no public key");
    EVP_PKEY_free(small);
}

static void test_bad_kid(void **state)
{
    static const char *const kids[] = {"", "a b", "a\n", "\xC3\xA4"};
    const maker_t *m = *state;
    ag_jwt_keyset_t set = {0};
    char *kid = apr_palloc(m->p, 258);
    int i;

    for (i = 0; i < N_OF(kids); i++) {
        assert_non_null(ag_jwt_load_key(&set, AG_ALG_HS256, kids[i], SECRET, 64, m->p));
    }
    memset(kid, 'k', 257);
    kid[257] = '\0';
    assert_non_null(ag_jwt_load_key(&set, AG_ALG_HS256, kid, SECRET, 64, m->p));
    assert_null(ag_jwt_load_key(&set, AG_ALG_HS256, kid + 1, SECRET, 64, m->p));
    assert_string_equal(set.keys[0].kid, kid + 1);
}

/* A certificate brings the same key as its PEM, and bytes with NULs are a secret too. */
static void test_forms(void **state)
{
    static const char binary[40] = {1, 0, 2, 0, 3};
    const maker_t *m = *state;
    ag_jwt_keyset_t set, same = {0};

    load(&set, "RS256", public_pem(m->rsa, m->p), m->p);
    load(&same, "RS256", certificate_pem(m->rsa, m->p), m->p);
    assert_int_equal(verifies(make_plain("RS256", m->rsa, NULL, CLAIMS, m->p), &same, m->p), 1);
    assert_true(ag_id_equal(set.id, same.id));
    assert_null(ag_jwt_load_key(&set, AG_ALG_HS256, NULL, binary, sizeof binary, m->p));
    assert_int_equal(set.keys[0].secret_size, 40);
    assert_memory_equal(set.keys[0].secret, binary, 40);
    assert_ptr_not_equal(set.keys[0].secret, binary);
}

/* Whatever decides changes the id, and nothing else does. */
static void test_id(void **state)
{
    static const struct {
        ag_alg_e alg;
        const char *kid, *secret, *issuer, *audience;
    } cases[] = {
        {AG_ALG_HS256, NULL, SECRET, NULL, NULL},
        {AG_ALG_HS512, NULL, SECRET, NULL, NULL},
        {AG_ALG_HS256, "a", SECRET, NULL, NULL},
        {AG_ALG_HS256, "b", SECRET, NULL, NULL},
        {AG_ALG_HS256, NULL, SECRET "x", NULL, NULL},
        {AG_ALG_HS256, NULL, SECRET, "a", NULL},
        {AG_ALG_HS256, NULL, SECRET, NULL, "a"},
        {AG_ALG_HS256, NULL, SECRET, "", NULL},
        {AG_ALG_HS256, NULL, SECRET, "a", "a"},
    };
    const maker_t *m = *state;
    ag_id_t ids[N_OF(cases)];
    int i, j;

    for (i = 0; i < N_OF(cases) * 2; i++) {
        int at = i % N_OF(cases);
        ag_jwt_keyset_t set = {.issuer = cases[at].issuer,
                               .audience = cases[at].audience,
                               .origin = i < N_OF(cases) ? "a" : "b"};

        assert_null(ag_jwt_load_key(&set, cases[at].alg, cases[at].kid, cases[at].secret,
                                    strlen(cases[at].secret), m->p));
        assert_true(i < N_OF(cases) || ag_id_equal(ids[at], set.id));
        ids[at] = set.id;
    }
    for (i = 0; i < N_OF(cases); i++) {
        for (j = 0; j < i; j++) {
            assert_false(ag_id_equal(ids[i], ids[j]));
        }
    }
}

/* A secret is gone when its pool is: its bytes are looked at by a cleanup that runs after. */
static const unsigned char *watched;
static int wiped;

static apr_status_t look(void *data)
{
    static const unsigned char zero[64] = {0};

    (void)data;
    wiped = memcmp(watched, zero, 64) == 0;
    return APR_SUCCESS;
}

static void test_wiped(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t set;
    apr_pool_t *p;

    apr_pool_create(&p, m->p);
    apr_pool_cleanup_register(p, NULL, look, apr_pool_cleanup_null); /* last in runs first */
    load(&set, "HS256", SECRET, p);
    watched = set.keys[0].secret;
    assert_memory_equal(watched, SECRET, 64);
    wiped = 0;
    apr_pool_destroy(p);
    assert_int_equal(wiped, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_pair),   cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_another_key),  cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_wrong_record), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_ecdsa_form),   cmocka_unit_test(test_ecdsa_bounds),
        cmocka_unit_test(test_curve),        cmocka_unit_test(test_pss),
        cmocka_unit_test(test_bad_secrets),  cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_bad_kid),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_id),           cmocka_unit_test(test_wiped),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
