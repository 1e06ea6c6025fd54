/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_alg: the algorithms we accept (RFC 7518 s3.1, RFC 8037 s3.1), one row each, and the check of
 * a signature. The key decides which rows may be used at all; the token only names one of them.
 *
 * libjwt is not asked: version 1.10 takes a public key's PEM text for an HMAC secret, an empty key
 * for "do not check", and reads the PEM text anew for every token (350 us against 20 us here).
 */
#include "jwt_alg.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#define EC_MAX_DER 160 /* two integers of 66 bytes and their frame take 141 */

static int verify_hmac(const ag_alg_t *alg, const ag_jwt_t *jwt, const ag_jwt_key_t *key)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    int good;

    if (!key->secret || key->secret_size < alg->size || jwt->signature_size != alg->size) {
        return 0;
    }
    good = HMAC(alg->digest(), key->secret, (int)key->secret_size, (const unsigned char *)jwt->text, jwt->signed_size,
                mac, &n)
           && n == alg->size && ag_equal(mac, jwt->signature, n);
    ag_wipe(mac, sizeof mac);
    return good;
}

/* RFC 7518 s3.3 and s3.5: the salt of PSS is as long as the digest. Its mask (MGF1) takes the same
 * digest, which is what OpenSSL does when it is told nothing. */
int ag_alg_padding(EVP_PKEY_CTX *ctx, const ag_alg_t *alg)
{
    if (!alg->padding) {
        return 1;
    }
    if (EVP_PKEY_CTX_set_rsa_padding(ctx, alg->padding) <= 0) {
        return 0;
    }
    return alg->padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static int verify_bytes(const ag_alg_t *alg, const ag_jwt_t *jwt, EVP_PKEY *pkey, const unsigned char *signature,
                        apr_size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* belongs to ctx */
    const EVP_MD *md = alg->digest ? alg->digest() : NULL;
    int good = ctx && EVP_DigestVerifyInit(ctx, &inner, md, NULL, pkey) == 1 && ag_alg_padding(inner, alg)
               && EVP_DigestVerify(ctx, signature, n, (const unsigned char *)jwt->text, jwt->signed_size) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

static int verify_pkey(const ag_alg_t *alg, const ag_jwt_t *jwt, const ag_jwt_key_t *key)
{
    if (!key->pkey || (alg->size && jwt->signature_size != alg->size)) {
        return 0;
    }
    return verify_bytes(alg, jwt, key->pkey, jwt->signature, jwt->signature_size);
}

/* r and s side by side (RFC 7518 s3.4) as the SEQUENCE that OpenSSL takes; its size, or 0. */
static int ecdsa_der(unsigned char der[EC_MAX_DER], const unsigned char *raw, int half)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, half, NULL);
    BIGNUM *s = BN_bin2bn(raw + half, half, NULL);
    int n = 0;

    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    }
    else {
        n = i2d_ECDSA_SIG(sig, &der);
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? n : 0;
}

static int verify_ecdsa(const ag_alg_t *alg, const ag_jwt_t *jwt, const ag_jwt_key_t *key)
{
    unsigned char der[EC_MAX_DER];
    int n;

    if (!key->pkey || jwt->signature_size != alg->size) {
        return 0;
    }
    n = ecdsa_der(der, jwt->signature, (int)(alg->size / 2));
    return n && verify_bytes(alg, jwt, key->pkey, der, (apr_size_t)n);
}

#define HS  verify_hmac
#define PK  verify_pkey
#define EC  verify_ecdsa
#define V15 RSA_PKCS1_PADDING
#define PSS RSA_PKCS1_PSS_PADDING

static const ag_alg_t algs[] = {
    [AG_ALG_HS256] = {"HS256", AG_KTY_OCT, HS, EVP_sha256, 0, NULL, NULL, 32},
    [AG_ALG_HS384] = {"HS384", AG_KTY_OCT, HS, EVP_sha384, 0, NULL, NULL, 48},
    [AG_ALG_HS512] = {"HS512", AG_KTY_OCT, HS, EVP_sha512, 0, NULL, NULL, 64},
    [AG_ALG_RS256] = {"RS256", AG_KTY_RSA, PK, EVP_sha256, V15, NULL, NULL, 0},
    [AG_ALG_RS384] = {"RS384", AG_KTY_RSA, PK, EVP_sha384, V15, NULL, NULL, 0},
    [AG_ALG_RS512] = {"RS512", AG_KTY_RSA, PK, EVP_sha512, V15, NULL, NULL, 0},
    [AG_ALG_PS256] = {"PS256", AG_KTY_RSA, PK, EVP_sha256, PSS, NULL, NULL, 0},
    [AG_ALG_PS384] = {"PS384", AG_KTY_RSA, PK, EVP_sha384, PSS, NULL, NULL, 0},
    [AG_ALG_PS512] = {"PS512", AG_KTY_RSA, PK, EVP_sha512, PSS, NULL, NULL, 0},
    [AG_ALG_ES256] = {"ES256", AG_KTY_EC, EC, EVP_sha256, 0, "P-256", "prime256v1", 64},
    [AG_ALG_ES384] = {"ES384", AG_KTY_EC, EC, EVP_sha384, 0, "P-384", "secp384r1", 96},
    [AG_ALG_ES512] = {"ES512", AG_KTY_EC, EC, EVP_sha512, 0, "P-521", "secp521r1", 132},
    [AG_ALG_EDDSA] = {"EdDSA", AG_KTY_OKP, PK, NULL, 0, "Ed25519", NULL, 64},
};

const ag_alg_t *ag_alg_row(ag_alg_e alg)
{
    return alg > AG_ALG_NONE && alg <= AG_ALG_EDDSA ? &algs[alg] : NULL;
}

/* RFC 9864 s2.2 names EdDSA's curve; on Ed25519 the two are one and the same. */
ag_alg_e ag_alg_find(const char *name)
{
    ag_alg_e alg;

    if (strcmp(name, "Ed25519") == 0) {
        return AG_ALG_EDDSA;
    }
    for (alg = AG_ALG_EDDSA; alg > AG_ALG_NONE; alg--) {
        if (strcmp(algs[alg].name, name) == 0) {
            break;
        }
    }
    return alg;
}

const char *ag_alg_name(ag_alg_e alg)
{
    const ag_alg_t *row = ag_alg_row(alg);

    return row ? row->name : "none";
}

const char *ag_alg_list(apr_pool_t *p)
{
    const char *list = algs[AG_ALG_NONE + 1].name;
    ag_alg_e alg;

    for (alg = AG_ALG_NONE + 2; alg < AG_ALG_EDDSA; alg++) {
        list = apr_pstrcat(p, list, ", ", algs[alg].name, NULL);
    }
    return apr_pstrcat(p, list, " or ", algs[AG_ALG_EDDSA].name, NULL);
}

int ag_jwt_verify(const ag_jwt_t *jwt, const ag_jwt_key_t *key)
{
    const ag_alg_t *alg = ag_alg_row(jwt->alg);
    int good = alg && (key->algs & 1u << jwt->alg) && alg->verify(alg, jwt, key);

    ERR_clear_error();
    return good;
}
