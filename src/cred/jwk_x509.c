/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk_x509: a key that is published as a certificate. It only carries the key: its dates and its issuer are not looked
 * at, since whoever published it here vouches for it.
 */
#include "jwk.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static EVP_PKEY *read_certificate(const char *text, apr_size_t n)
{
    BIO *pem = n <= APR_INT32_MAX ? BIO_new_mem_buf(text, (int)n) : NULL;
    X509 *certificate = pem ? PEM_read_bio_X509(pem, NULL, ag_jwt_no_password, NULL) : NULL;
    EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;

    X509_free(certificate);
    BIO_free(pem);
    ERR_clear_error();
    return pkey;
}

/* As for a JWK without `alg`: RS256 and PS256, or the curve's one. */
const char *ag_jwk_of_certificate(ag_jwt_key_t *key, const char *text, apr_size_t n, apr_pool_t *p)
{
    static const ag_alg_e of_curves[] = {AG_ALG_ES256, AG_ALG_ES384, AG_ALG_ES512, AG_ALG_EDDSA};
    EVP_PKEY *pkey = read_certificate(text, n);
    apr_size_t i;

    if (!pkey) {
        return "it is no certificate in PEM form";
    }
    ag_jwt_key_own(key, pkey, p);
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        key->algs = 1u << AG_ALG_RS256 | 1u << AG_ALG_PS256;
        return ag_jwt_key_fits(ag_alg_row(AG_ALG_RS256), pkey, p);
    }
    for (i = 0; i < sizeof of_curves / sizeof *of_curves; i++) {
        if (!ag_jwt_key_fits(ag_alg_row(of_curves[i]), pkey, p)) {
            key->algs = 1u << of_curves[i];
            return NULL;
        }
    }
    return "its key is of a type or curve that is not known here";
}
