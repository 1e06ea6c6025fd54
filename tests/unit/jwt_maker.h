/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_maker: keys and tokens for the tests of jwt, made by OpenSSL when a test starts. It shares
 * nothing with src/cred but the names of algorithms, so that a mistake there is not made here too.
 */
#ifndef JWT_MAKER_H
#define JWT_MAKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "../../src/cred/jwt.h"

#define N_OF(array) ((int)(sizeof(array) / sizeof *(array)))

/* 64 bytes: long enough for HS512. */
#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct maker_t {
    apr_pool_t *p;
    EVP_PKEY *rsa, *rsa2, *p256, *p384, *p521, *ed;
} maker_t;

static inline int maker_start(void **state)
{
    maker_t *m = calloc(1, sizeof *m);

    apr_initialize();
    apr_pool_create(&m->p, NULL);
    m->rsa = EVP_RSA_gen(2048);
    m->rsa2 = EVP_RSA_gen(2048);
    m->p256 = EVP_EC_gen("P-256");
    m->p384 = EVP_EC_gen("P-384");
    m->p521 = EVP_EC_gen("P-521");
    m->ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    *state = m;
    return !(m->rsa && m->rsa2 && m->p256 && m->p384 && m->p521 && m->ed);
}

static inline int maker_stop(void **state)
{
    maker_t *m = *state;

    EVP_PKEY_free(m->rsa);
    EVP_PKEY_free(m->rsa2);
    EVP_PKEY_free(m->p256);
    EVP_PKEY_free(m->p384);
    EVP_PKEY_free(m->p521);
    EVP_PKEY_free(m->ed);
    apr_pool_destroy(m->p);
    apr_terminate();
    free(m);
    return 0;
}

/* base64url without padding, by OpenSSL's base64. */
static inline char *b64(const void *data, size_t n, apr_pool_t *p)
{
    char *out = apr_palloc(p, n / 3 * 4 + 8);
    char *at;

    EVP_EncodeBlock((unsigned char *)out, data, (int)n);
    for (at = out; *at && *at != '='; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    }
    *at = '\0';
    return out;
}

static inline char *b64_text(const char *text, apr_pool_t *p)
{
    return b64(text, strlen(text), p);
}

/* ---- signing --------------------------------------------------------------------------------- */

static inline const EVP_MD *md_of(const char *alg)
{
    const char *bits = alg + 2;

    return strcmp(bits, "256") == 0   ? EVP_sha256()
           : strcmp(bits, "384") == 0 ? EVP_sha384()
           : strcmp(bits, "512") == 0 ? EVP_sha512()
                                      : NULL;
}

/* A signature as OpenSSL makes it; `salt` is for PS* (RSA_PSS_SALTLEN_DIGEST where it is right). */
static inline size_t sign_pkey(unsigned char *out, const char *alg, EVP_PKEY *key, int salt, const EVP_MD *mgf1,
                               const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner;
    size_t n = 1024;

    assert_int_equal(EVP_DigestSignInit(ctx, &inner, md_of(alg), NULL, key), 1);
    if (alg[0] == 'P') {
        EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, salt);
        EVP_PKEY_CTX_set_rsa_mgf1_md(inner, mgf1);
    }
    assert_int_equal(EVP_DigestSign(ctx, out, &n, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
    return n;
}

/* ECDSA's SEQUENCE as r and s of `half` bytes each. */
static inline size_t flatten(unsigned char *sig, size_t n, int half)
{
    const unsigned char *der = sig;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);

    BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + half, half);
    ECDSA_SIG_free(pair);
    return (size_t)half * 2;
}

/* The signature of `text` as its bytes; with HS*, `key` may be NULL and the secret is SECRET. */
static inline size_t sign_bytes(unsigned char *sig, const char *alg, EVP_PKEY *key, const char *text)
{
    unsigned int mac = 0;
    size_t n;

    if (alg[0] == 'H') {
        HMAC(md_of(alg), SECRET, 64, (const unsigned char *)text, strlen(text), sig, &mac);
        return mac;
    }
    n = sign_pkey(sig, alg, key, RSA_PSS_SALTLEN_DIGEST, md_of(alg), text);
    return strncmp(alg, "ES", 2) == 0 ? flatten(sig, n, (EVP_PKEY_get_bits(key) + 7) / 8) : n;
}

/* A token: header and claims as JSON text. */
static inline char *make_token(const char *alg, EVP_PKEY *key, const char *header, const char *claims, apr_pool_t *p)
{
    char *text = apr_pstrcat(p, b64_text(header, p), ".", b64_text(claims, p), NULL);
    unsigned char sig[1024];
    size_t n = sign_bytes(sig, alg, key, text);

    return apr_pstrcat(p, text, ".", b64(sig, n, p), NULL);
}

/* The usual header, with a kid when there is one. */
static inline char *make_plain(const char *alg, EVP_PKEY *key, const char *kid, const char *claims, apr_pool_t *p)
{
    char *header =
        kid ? apr_psprintf(p, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid) : apr_psprintf(p, "{\"alg\":\"%s\"}", alg);

    return make_token(alg, key, header, claims, p);
}

/* The key of the maker that an algorithm signs with. */
static inline EVP_PKEY *key_for(const maker_t *m, const char *alg)
{
    return alg[0] == 'H'               ? NULL
           : strcmp(alg, "ES256") == 0 ? m->p256
           : strcmp(alg, "ES384") == 0 ? m->p384
           : strcmp(alg, "ES512") == 0 ? m->p521
           : strcmp(alg, "EdDSA") == 0 ? m->ed
                                       : m->rsa;
}

/* ---- keys as text ---------------------------------------------------------------------------- */

static inline char *bio_text(BIO *bio, apr_pool_t *p)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    char *text = apr_pstrmemdup(p, data, (apr_size_t)n);

    BIO_free(bio);
    return text;
}

static inline char *public_pem(EVP_PKEY *key, apr_pool_t *p)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_PUBKEY(bio, key);
    return bio_text(bio, p);
}

static inline char *private_pem(EVP_PKEY *key, apr_pool_t *p)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return bio_text(bio, p);
}

static inline char *certificate_pem(EVP_PKEY *key, apr_pool_t *p)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509 *x509 = X509_new();

    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_sign(x509, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256());
    PEM_write_bio_X509(bio, x509);
    X509_free(x509);
    return bio_text(bio, p);
}

/* A numeric parameter of a key as base64url, with `size` bytes (0: as many as it takes). */
static inline char *param64(EVP_PKEY *key, const char *name, int size, apr_pool_t *p)
{
    unsigned char bytes[1100];
    BIGNUM *number = NULL;
    char *text;

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    size = size ? size : BN_num_bytes(number);
    BN_bn2binpad(number, bytes, size);
    text = b64(bytes, (size_t)size, p);
    BN_free(number);
    return text;
}

/* A JWK with the members in `extra` ("\"kid\":\"a\"," with its comma, or ""). */
static inline char *jwk_of(EVP_PKEY *key, const char *extra, apr_pool_t *p)
{
    unsigned char raw[64];
    size_t n = sizeof raw;
    int bits = EVP_PKEY_get_bits(key), half = (bits + 7) / 8;

    if (EVP_PKEY_is_a(key, "RSA")) {
        return apr_psprintf(p, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", extra, param64(key, "n", 0, p),
                            param64(key, "e", 0, p));
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        return apr_psprintf(p, "{%s\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"%s\",\"y\":\"%s\"}", extra, bits,
                            param64(key, "qx", half, p), param64(key, "qy", half, p));
    }
    EVP_PKEY_get_raw_public_key(key, raw, &n);
    return apr_psprintf(p, "{%s\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", extra, b64(raw, n, p));
}

static inline char *oct_of(const void *secret, size_t n, const char *extra, apr_pool_t *p)
{
    return apr_psprintf(p, "{%s\"kty\":\"oct\",\"k\":\"%s\"}", extra, b64(secret, n, p));
}

/* A key set of JWKs as text, ended by NULL. */
static inline char *set_of(apr_pool_t *p, ...)
{
    char *all = apr_pstrdup(p, "{\"keys\":[");
    const char *jwk, *comma = "";
    va_list args;

    va_start(args, p);
    while ((jwk = va_arg(args, const char *))) {
        all = apr_pstrcat(p, all, comma, jwk, NULL);
        comma = ",";
    }
    va_end(args);
    return apr_pstrcat(p, all, "]}", NULL);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* 1 when a text is parsed and its signature is the key's. Nothing may stay in OpenSSL's queue. */
static inline int verifies(const char *text, const ag_jwt_key_t *key, apr_pool_t *p)
{
    const char *error;
    ag_jwt_t jwt;
    int good;

    error = ag_jwt_parse(&jwt, text, strlen(text), p);
    assert_null(error);
    good = ag_jwt_verify(&jwt, key);
    assert_int_equal(ERR_peek_error(), 0);
    return good;
}

static inline void load_key(ag_jwt_keyset_t *set, const char *alg, const char *text, apr_pool_t *p)
{
    const char *error;

    memset(set, 0, sizeof *set);
    error = ag_jwt_load_key(set, ag_alg_find(alg), NULL, text, strlen(text), p);
    if (error) {
        fail_msg("%s: %s", alg, error);
    }
}

#endif
