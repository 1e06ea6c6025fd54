/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing_key: a key that signs tokens, and what is published of it: a JWK (RFC 7517) with the public part alone.
 */
#ifndef AG_SIGNING_KEY_H
#define AG_SIGNING_KEY_H

#include "../cred/jwt.h"

typedef struct ag_signing_key_t {
    ag_alg_e alg;
    const char *kid; /* NULL before ag_signing_key_open(): it is to be the thumbprint. An HMAC secret has none then */
    const char *text; /* HMAC: the secret, byte for byte; else a private key in PEM. Wiped with the pool */
    apr_size_t size;
    EVP_PKEY *pkey;  /* NULL: a secret */
    const char *jwk; /* the public key as JSON; NULL: a secret, of which nothing is published */
} ag_signing_key_t;

/* Opens the key: its text is copied to `p`. It must be sound, fit the algorithm, and sign a token that our own code
 * verifies. An error text (quoting nothing of the key) or NULL. */
const char *ag_signing_key_open(ag_signing_key_t *key, const char *text, apr_size_t n, apr_pool_t *p);

/* An access token (RFC 9068) with these claims, a JSON object. An error text or NULL. */
const char *ag_signing_key_sign(char **token, const ag_signing_key_t *key, const char *claims, apr_pool_t *p);

#endif
