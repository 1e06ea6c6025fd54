/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk_public: see jwk_public.h. The members are named one by one, so no private one can slip in.
 */
#include "jwk_public.h"

#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "../cred/jwt_alg.h"

#define MAX_NUMBER (AG_JWT_MAX_RSA / 8)

static const char *base64url(const unsigned char *bytes, apr_size_t n, apr_pool_t *p)
{
    return ag_base64url(apr_palloc(p, AG_BASE64URL_SIZE(n)), bytes, n);
}

/* A number of the key as base64url, in `size` bytes (0: as few as it takes); NULL: it has none of that name. */
static const char *number(EVP_PKEY *pkey, const char *name, int size, apr_pool_t *p)
{
    unsigned char bytes[MAX_NUMBER];
    BIGNUM *n = NULL;
    int length = -1;

    if (EVP_PKEY_get_bn_param(pkey, name, &n) == 1) {
        size = size ? size : BN_num_bytes(n);
        length = size <= MAX_NUMBER ? BN_bn2binpad(n, bytes, size) : -1;
    }
    BN_free(n);
    return length > 0 ? base64url(bytes, (apr_size_t)length, p) : NULL;
}

static const char *rsa_members(EVP_PKEY *pkey, apr_pool_t *p)
{
    const char *n = number(pkey, OSSL_PKEY_PARAM_RSA_N, 0, p);
    const char *e = number(pkey, OSSL_PKEY_PARAM_RSA_E, 0, p);

    return n && e ? apr_psprintf(p, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", e, n) : NULL;
}

/* A coordinate takes all bytes of its field (RFC 7518 s6.2.1.2): half as many as the signature. */
static const char *ec_members(const ag_alg_t *alg, EVP_PKEY *pkey, apr_pool_t *p)
{
    const char *x = number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, (int)alg->size / 2, p);
    const char *y = number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, (int)alg->size / 2, p);

    return x && y ? apr_psprintf(p, "\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"", alg->crv, x, y) : NULL;
}

static const char *okp_members(const ag_alg_t *alg, EVP_PKEY *pkey, apr_pool_t *p)
{
    unsigned char raw[64];
    size_t n = sizeof raw;

    return EVP_PKEY_get_raw_public_key(pkey, raw, &n) == 1
               ? apr_psprintf(p, "\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"", alg->crv, base64url(raw, n, p))
               : NULL;
}

const char *ag_jwk_members(ag_alg_e alg, EVP_PKEY *pkey, apr_pool_t *p)
{
    const ag_alg_t *row = ag_alg_row(alg);
    const char *members = NULL;

    if (row->kty == AG_KTY_RSA) {
        members = rsa_members(pkey, p);
    }
    else if (row->kty == AG_KTY_EC) {
        members = ec_members(row, pkey, p);
    }
    else if (row->kty == AG_KTY_OKP) {
        members = okp_members(row, pkey, p);
    }
    ERR_clear_error();
    return members;
}

const char *ag_jwk_thumbprint(const char *members, apr_pool_t *p)
{
    const char *text = apr_pstrcat(p, "{", members, "}", NULL);
    unsigned char hash[AG_SHA256_SIZE];

    ag_sha256(hash, text, strlen(text));
    return base64url(hash, sizeof hash, p);
}

const char *ag_jwk_public(const char *members, ag_alg_e alg, const char *kid, apr_pool_t *p)
{
    apr_size_t size = 6 * strlen(kid) + 3; /* each sign as \u00XX */
    ag_buf_t quoted;

    ag_buf_init(&quoted, apr_palloc(p, size), size);
    ag_json_string(&quoted, kid);
    return apr_pstrcat(p, "{", members, ",\"use\":\"sig\",\"alg\":\"", ag_alg_name(alg), "\",\"kid\":", quoted.start,
                       "}", NULL);
}
