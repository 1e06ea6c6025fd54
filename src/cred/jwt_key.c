/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_key: one configured verification key (ApiGuardJWTKey). Its one idea: a key that is too weak,
 * of the wrong kind, or not meant for verifying stops the start, so that ag_jwt_verify() never
 * meets one. An error tells what to do, and quotes nothing of the key.
 */
#include "jwt_alg.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

int ag_jwt_no_password(char *out, int size, int writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

/* ---- what a key must be ---------------------------------------------------------------------- */

/* OpenSSL refuses to verify with an exponent of more than 64 bits, or takes long over it. */
static int exponent_is_small(EVP_PKEY *pkey)
{
    BIGNUM *e = NULL;
    int good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_num_bits(e) <= 64;

    BN_free(e);
    return good;
}

static const char *rsa_fits(EVP_PKEY *pkey, apr_pool_t *p)
{
    int bits = EVP_PKEY_get_bits(pkey);

    if (!EVP_PKEY_is_a(pkey, "RSA")) {
        return "it is not an RSA key";
    }
    if (bits < AG_JWT_MIN_RSA || bits > AG_JWT_MAX_RSA) {
        return apr_psprintf(p, "the RSA key has %d bits, %d to %d are allowed", bits, AG_JWT_MIN_RSA, AG_JWT_MAX_RSA);
    }
    return exponent_is_small(pkey) ? NULL : "the RSA key's exponent has more than 64 bits";
}

/* A curve given by its parameters has no name and is refused too. */
static int is_on(EVP_PKEY *pkey, const ag_alg_t *alg)
{
    char group[32];
    size_t n;

    if (alg->kty == AG_KTY_OKP) {
        return EVP_PKEY_is_a(pkey, "ED25519");
    }
    return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) == 1
           && strcmp(group, alg->group) == 0;
}

static int is_sound(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    int good = ctx && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return good;
}

const char *ag_jwt_key_fits(const ag_alg_t *alg, EVP_PKEY *pkey, apr_pool_t *p)
{
    const char *error = NULL;

    if (alg->kty == AG_KTY_RSA) {
        error = rsa_fits(pkey, p);
    }
    else if (!is_on(pkey, alg)) {
        error = apr_psprintf(p, "it is not a key on the curve %s", alg->crv);
    }
    if (!error && !is_sound(pkey)) {
        error = "the key is not a valid public key";
    }
    ERR_clear_error();
    return error;
}

static int holds(const char *text, apr_size_t n, const char *word)
{
    apr_size_t size = strlen(word);

    for (; n >= size; text++, n--) {
        if (memcmp(text, word, size) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *ag_jwt_secret_fits(const ag_alg_t *alg, const char *secret, apr_size_t n, apr_pool_t *p)
{
    if (holds(secret, n, "-----BEGIN ")) {
        return apr_psprintf(p, "%s needs a secret; this is a PEM file, whose text anybody may have", alg->name);
    }
    if (n < alg->size) {
        return apr_psprintf(p,
                            "the secret has %" APR_SIZE_T_FMT " bytes, %s needs at least %" APR_SIZE_T_FMT
                            " (RFC 7518 section 3.2)",
                            n, alg->name, alg->size);
    }
    return NULL;
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static apr_status_t free_key(void *pkey)
{
    EVP_PKEY_free(pkey);
    return APR_SUCCESS;
}

static apr_status_t wipe_secret(void *data)
{
    const ag_jwt_key_t *own = data;

    ag_wipe((void *)own->secret, own->secret_size);
    return APR_SUCCESS;
}

void ag_jwt_key_own(ag_jwt_key_t *key, EVP_PKEY *pkey, apr_pool_t *p)
{
    key->pkey = pkey;
    apr_pool_cleanup_register(p, pkey, free_key, apr_pool_cleanup_null);
}

void ag_jwt_secret_own(ag_jwt_key_t *key, const void *secret, apr_size_t n, apr_pool_t *p)
{
    key->secret = apr_pmemdup(p, secret, n);
    key->secret_size = n;
    /* A copy of the record, since the caller's may lie in an array that grows and moves. */
    apr_pool_cleanup_register(p, apr_pmemdup(p, key, sizeof *key), wipe_secret, apr_pool_cleanup_null);
}

/* ---- what names it --------------------------------------------------------------------------- */

/* hash = H(hash, H(data)): two different lists of data never feed the same bytes. */
static void feed(unsigned char hash[AG_SHA256_SIZE], const void *data, apr_size_t n)
{
    unsigned char both[2 * AG_SHA256_SIZE];

    memcpy(both, hash, AG_SHA256_SIZE);
    ag_sha256(both + AG_SHA256_SIZE, data, n);
    ag_sha256(hash, both, sizeof both);
}

/* With its NUL, so that no text and the empty text differ. */
static void feed_text(unsigned char hash[AG_SHA256_SIZE], const char *text)
{
    feed(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

/* A public key by its encoding, so that the same key names itself alike in PEM and in a JWK. */
static int feed_key(unsigned char hash[AG_SHA256_SIZE], const ag_jwt_key_t *key)
{
    unsigned char *der = NULL;
    int n = key->pkey ? i2d_PUBKEY(key->pkey, &der) : 0;

    feed(hash, &key->algs, sizeof key->algs);
    feed_text(hash, key->kid);
    if (n > 0) {
        feed(hash, der, (apr_size_t)n);
    }
    else if (key->secret) {
        feed(hash, key->secret, key->secret_size);
    }
    OPENSSL_free(der);
    return n > 0 || key->secret;
}

const char *ag_jwt_set_seal(ag_jwt_keyset_t *set)
{
    unsigned char hash[AG_SHA256_SIZE] = {0};
    int i;

    feed_text(hash, set->issuer);
    feed_text(hash, set->audience);
    for (i = 0; i < set->n; i++) {
        if (!feed_key(hash, &set->keys[i])) {
            return "a key cannot be encoded";
        }
    }
    set->id = ag_id_of(hash, sizeof hash);
    return NULL;
}

/* ---- reading it ------------------------------------------------------------------------------ */

/* A certificate only carries the key here: its dates and its issuer are not looked at. */
static EVP_PKEY *read_certificate(BIO *pem)
{
    X509 *certificate = PEM_read_bio_X509(pem, NULL, ag_jwt_no_password, NULL);
    EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;

    X509_free(certificate);
    return pkey;
}

static EVP_PKEY *read_pem(const char *text, apr_size_t n)
{
    BIO *pem = n <= APR_INT32_MAX ? BIO_new_mem_buf(text, (int)n) : NULL;
    EVP_PKEY *pkey = NULL;

    if (pem) {
        pkey = holds(text, n, "-----BEGIN CERTIFICATE-----")
                   ? read_certificate(pem)
                   : PEM_read_bio_PUBKEY(pem, NULL, ag_jwt_no_password, NULL);
    }
    BIO_free(pem);
    ERR_clear_error();
    return pkey;
}

static const char *load_public(ag_jwt_key_t *key, const ag_alg_t *alg, const char *text, apr_size_t n, apr_pool_t *p)
{
    EVP_PKEY *pkey;

    if (holds(text, n, "PRIVATE KEY-----")) {
        return "this is a private key, and verifying needs only its public part: "
               "make it with `openssl pkey -pubout`";
    }
    pkey = read_pem(text, n);
    if (!pkey) {
        return "no public key or certificate in PEM form was found";
    }
    ag_jwt_key_own(key, pkey, p);
    return ag_jwt_key_fits(alg, pkey, p);
}

static const char *load_secret(ag_jwt_key_t *key, const ag_alg_t *alg, const char *text, apr_size_t n, apr_pool_t *p)
{
    const char *error = ag_jwt_secret_fits(alg, text, n, p);

    if (!error) {
        ag_jwt_secret_own(key, text, n, p);
    }
    return error;
}

const char *ag_jwt_load_key(ag_jwt_keyset_t *set, ag_alg_e alg, const char *kid, const char *text, apr_size_t n,
                            apr_pool_t *p)
{
    ag_jwt_key_t *key = apr_pcalloc(p, sizeof *key);
    const ag_alg_t *row = ag_alg_row(alg);
    const char *error;

    set->keys = NULL;
    set->n = 0;
    if (!row) {
        return "there is no such algorithm";
    }
    if (kid && (strlen(kid) > AG_JWT_MAX_KID || !ag_text_visible(kid, strlen(kid), 0))) {
        return "kid= takes 1 to 256 printable characters without spaces";
    }
    if (!n) {
        return "the key is empty";
    }
    key->kid = kid ? apr_pstrdup(p, kid) : NULL;
    key->algs = 1u << alg;
    error = (row->kty == AG_KTY_OCT ? load_secret : load_public)(key, row, text, n, p);
    if (error) {
        return error;
    }
    set->keys = key;
    set->n = 1;
    return ag_jwt_set_seal(set);
}
