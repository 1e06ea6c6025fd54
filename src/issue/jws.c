/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jws: see jws.h.
 */
#include "jws.h"

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

#include "../cred/jwt_alg.h"

#define MAX_SIGNATURE (AG_JWT_MAX_RSA / 8) /* larger than those of curves, in DER, too */

static char *base64url(const void *data, apr_size_t n, apr_pool_t *p)
{
    return ag_base64url(apr_palloc(p, AG_BASE64URL_SIZE(n)), data, n);
}

static const char *header_of(const ag_jwt_order_t *order, apr_pool_t *p)
{
    apr_size_t size = 128 + (order->kid ? 6 * strlen(order->kid) : 0);
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, size), size);
    ag_buf_str(&b, "{\"alg\":");
    ag_json_string(&b, ag_alg_name(order->alg));
    ag_buf_str(&b, AG_JSON_NAME("typ"));
    ag_json_string(&b, order->typ ? order->typ : "JWT");
    if (order->kid) {
        ag_buf_str(&b, AG_JSON_NAME("kid"));
        ag_json_string(&b, order->kid);
    }
    ag_buf_str(&b, "}");
    return b.start;
}

/* The SEQUENCE that OpenSSL makes as r and s side by side (RFC 7518 s3.4), in place. 0: it is none. */
static size_t ecdsa_raw(unsigned char *signature, size_t n, int half)
{
    const unsigned char *der = signature;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    int good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, half) == half
               && BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + half, half) == half;

    ECDSA_SIG_free(sig);
    return good ? 2 * (size_t)half : 0;
}

static size_t sign_pkey(unsigned char signature[MAX_SIGNATURE], const ag_alg_t *alg, EVP_PKEY *pkey, const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* belongs to ctx */
    size_t n = MAX_SIGNATURE;
    int good = ctx && EVP_DigestSignInit(ctx, &inner, alg->digest ? alg->digest() : NULL, NULL, pkey) == 1
               && ag_alg_padding(inner, alg)
               && EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(ctx);
    if (!good) {
        return 0;
    }
    return alg->kty == AG_KTY_EC ? ecdsa_raw(signature, n, (int)alg->size / 2) : n;
}

static size_t sign_hmac(unsigned char signature[MAX_SIGNATURE], const ag_alg_t *alg, const ag_jwt_order_t *order,
                        const char *text)
{
    unsigned int n = 0;

    return HMAC(alg->digest(), order->key, (int)order->key_size, (const unsigned char *)text, strlen(text), signature,
                &n)
               ? n
               : 0;
}

char *ag_jws_make(const ag_jwt_order_t *order, EVP_PKEY *pkey, apr_pool_t *p)
{
    const ag_alg_t *alg = ag_alg_row(order->alg);
    const char *header = header_of(order, p);
    const char *text = apr_pstrcat(p, base64url(header, strlen(header), p), ".",
                                   base64url(order->claims, strlen(order->claims), p), NULL);
    unsigned char signature[MAX_SIGNATURE];
    size_t n =
        alg->kty == AG_KTY_OCT ? sign_hmac(signature, alg, order, text) : sign_pkey(signature, alg, pkey, text);

    ERR_clear_error();
    return n ? apr_pstrcat(p, text, ".", base64url(signature, n, p), NULL) : NULL;
}
