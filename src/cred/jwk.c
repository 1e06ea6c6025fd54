/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk: the material of one JWK (RFC 7518 s6, RFC 8037 s2) becomes a key. One row for each key type
 * and one function that reads it. Private members ("d", "p" ...) are never read.
 */
#include "jwk.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#define MAX_BYTES 1028 /* of one member: RSA of 8192 bits, perhaps with a leading zero */
#define MAX_EC    66

const char ag_jwk_skip[] = "skipped";

/* A member that is bytes in base64url, or in what some publish in its place. */
typedef struct bytes_t {
    unsigned char byte[MAX_BYTES];
    apr_size_t n;
} bytes_t;

/* An error text or NULL. */
static const char *read_bytes(bytes_t *bytes, json_t *json, const char *name, apr_pool_t *p)
{
    json_t *value = json_object_get(json, name);
    apr_size_t size = json_string_length(value);
    int n = -1;

    if (size && size / 4 * 3 + size % 4 <= MAX_BYTES) {
        n = ag_base64any_decode(bytes->byte, json_string_value(value), size);
    }
    bytes->n = n > 0 ? (apr_size_t)n : 0;
    return n > 0 ? NULL : apr_psprintf(p, "its member \"%s\" is missing or not base64url", name);
}

/* The public key of `type` that the parameters describe, or NULL. */
static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

/* Takes the key over, right or wrong, and says what is wrong with it. */
static const char *take_key(ag_jwk_t *jwk, EVP_PKEY *pkey, ag_alg_e alg, apr_pool_t *p)
{
    ERR_clear_error();
    if (!pkey) {
        return "its members do not make a valid public key";
    }
    ag_jwt_key_own(&jwk->key, pkey, p);
    return ag_jwt_key_fits(ag_alg_row(alg), pkey, p);
}

static const char *load_rsa(ag_jwk_t *jwk, apr_pool_t *p)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bytes_t n, e;
    const char *error = read_bytes(&n, jwk->json, "n", p);
    BIGNUM *modulus, *exponent;
    EVP_PKEY *pkey = NULL;

    if (!error) {
        error = read_bytes(&e, jwk->json, "e", p);
    }
    if (error) {
        OSSL_PARAM_BLD_free(build);
        return error;
    }
    modulus = BN_bin2bn(n.byte, (int)n.n, NULL);
    exponent = BN_bin2bn(e.byte, (int)e.n, NULL);
    if (build && modulus && exponent && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus)
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent)) {
        pkey = make_key("RSA", build);
    }
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(exponent);
    jwk->key.algs = 1u << AG_ALG_RS256 | 1u << AG_ALG_PS256;
    return take_key(jwk, pkey, AG_ALG_RS256, p);
}

/* The algorithm of a curve among those of one key type; AG_ALG_NONE for a curve we do not know. */
static ag_alg_e alg_on(ag_kty_e kty, const char *crv)
{
    ag_alg_e alg;

    for (alg = AG_ALG_EDDSA; alg > AG_ALG_NONE; alg--) {
        const ag_alg_t *row = ag_alg_row(alg);

        if (row->kty == kty && strcmp(row->crv, crv) == 0) {
            break;
        }
    }
    return alg;
}

/* A coordinate without its leading zeros is wrong (RFC 7518 s6.2.1.2), but seen and harmless. */
static const char *read_coordinate(unsigned char *out, apr_size_t size, json_t *json, const char *name, apr_pool_t *p)
{
    bytes_t bytes;
    const char *error = read_bytes(&bytes, json, name, p);

    if (error) {
        return error;
    }
    if (bytes.n > size) {
        return apr_psprintf(p, "its member \"%s\" is too long for its curve", name);
    }
    memset(out, 0, size - bytes.n);
    memcpy(out + size - bytes.n, bytes.byte, bytes.n);
    return NULL;
}

static const char *load_ec(ag_jwk_t *jwk, apr_pool_t *p)
{
    ag_alg_e alg = alg_on(AG_KTY_EC, jwk->crv);
    const ag_alg_t *row = ag_alg_row(alg);
    unsigned char point[1 + 2 * MAX_EC] = {4}; /* uncompressed (SEC 1 s2.3.3) */
    OSSL_PARAM_BLD *build;
    apr_size_t half;
    const char *error;
    EVP_PKEY *pkey = NULL;

    if (!row) {
        return AG_JWK_STRANGE("crv");
    }
    half = row->size / 2;
    error = read_coordinate(point + 1, half, jwk->json, "x", p);
    if (!error) {
        error = read_coordinate(point + 1 + half, half, jwk->json, "y", p);
    }
    if (error) {
        return error;
    }
    build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, row->group, 0)
        && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * half)) {
        pkey = make_key("EC", build);
    }
    OSSL_PARAM_BLD_free(build);
    jwk->key.algs = 1u << alg;
    return take_key(jwk, pkey, alg, p);
}

static const char *load_okp(ag_jwk_t *jwk, apr_pool_t *p)
{
    ag_alg_e alg = alg_on(AG_KTY_OKP, jwk->crv);
    bytes_t x;
    const char *error;

    if (!alg) {
        return AG_JWK_STRANGE("crv");
    }
    error = read_bytes(&x, jwk->json, "x", p);
    if (error) {
        return error;
    }
    jwk->key.algs = 1u << alg;
    return take_key(jwk, EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.byte, x.n), alg, p);
}

/* Each HMAC algorithm whose hash is no longer than the secret. */
static const char *load_oct(ag_jwk_t *jwk, apr_pool_t *p)
{
    json_t *text = json_object_get(jwk->json, "k");
    bytes_t secret;
    const char *error = read_bytes(&secret, jwk->json, "k", p);
    ag_alg_e alg;

    if (!error) {
        error = ag_jwt_secret_fits(ag_alg_row(AG_ALG_HS256), (char *)secret.byte, secret.n, p);
    }
    if (!error) {
        ag_jwt_secret_own(&jwk->key, secret.byte, secret.n, p);
    }
    for (alg = AG_ALG_HS256; alg <= AG_ALG_HS512; alg++) {
        jwk->key.algs |= secret.n >= ag_alg_row(alg)->size ? 1u << alg : 0;
    }
    ag_wipe(&secret, sizeof secret);
    /* The tree is ours alone; its copy of the secret shall not lie in freed memory. */
    ag_wipe((char *)json_string_value(text), json_string_length(text));
    return error;
}

static const ag_jwk_type_t types[] = {
    {"RSA", AG_KTY_RSA, load_rsa},
    {"EC", AG_KTY_EC, load_ec},
    {"OKP", AG_KTY_OKP, load_okp},
    {"oct", AG_KTY_OCT, load_oct},
};

const ag_jwk_type_t *ag_jwk_type(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}
