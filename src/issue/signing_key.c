/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing_key: see signing_key.h. What cannot sign is found at the start, by signing.
 */
#include "signing_key.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "../cred/jwt_alg.h"
#include "jwk_public.h"
#include "sign.h"

static EVP_PKEY *read_private(const char *text, apr_size_t n)
{
    BIO *pem = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *pkey = pem ? PEM_read_bio_PrivateKey(pem, NULL, ag_jwt_no_password, NULL) : NULL;

    BIO_free(pem);
    ERR_clear_error();
    return pkey;
}

const char *ag_signing_key_sign(char **token, const ag_signing_key_t *key, const char *claims, apr_pool_t *p)
{
    ag_jwt_order_t order = {.alg = key->alg,
                            .key = key->text,
                            .key_size = key->size,
                            .kid = key->kid,
                            .claims = claims,
                            .typ = "at+jwt",
                            .pkey = key->pkey};

    return ag_jwt_sign(token, &order, p);
}

/* NULL when a token that is signed with the key verifies with `verifier`. */
static const char *try_it(const ag_signing_key_t *key, const ag_jwt_key_t *verifier, apr_pool_t *p)
{
    char *token;
    const char *error = ag_signing_key_sign(&token, key, "{}", p);
    ag_jwt_t jwt;

    if (error) {
        return error;
    }
    return !ag_jwt_parse(&jwt, token, strlen(token), p) && ag_jwt_verify(&jwt, verifier)
               ? NULL
               : "what it signs does not verify";
}

static const char *publish(ag_signing_key_t *key, EVP_PKEY *pkey, apr_pool_t *p)
{
    const char *members = ag_jwk_members(key->alg, pkey, p);

    if (!members) {
        return "its public part cannot be written as a JWK";
    }
    key->kid = key->kid ? key->kid : ag_jwk_thumbprint(members, p);
    key->jwk = ag_jwk_public(members, key->alg, key->kid, p);
    return NULL;
}

static const char *open_private(ag_signing_key_t *key, apr_pool_t *p)
{
    ag_jwt_key_t verifier = {.algs = 1u << key->alg};
    const char *error;

    key->pkey = read_private(key->text, key->size);
    if (!key->pkey) {
        return "no private key in PEM form, without a password, was found";
    }
    ag_jwt_key_own(&verifier, key->pkey, p);
    error = ag_jwt_key_fits(ag_alg_row(key->alg), key->pkey, p);
    error = error ? error : publish(key, key->pkey, p);
    return error ? error : try_it(key, &verifier, p);
}

const char *ag_signing_key_open(ag_signing_key_t *key, const char *text, apr_size_t n, apr_pool_t *p)
{
    ag_jwt_key_t own = {.algs = 1u << key->alg};

    if (n > AG_JWT_MAX_SIZE) {
        return "the key is too long";
    }
    ag_jwt_secret_own(&own, text, n, p);
    key->text = (const char *)own.secret;
    key->size = n;
    return ag_alg_row(key->alg)->kty == AG_KTY_OCT ? try_it(key, &own, p) : open_private(key, p);
}
