/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: makes tokens. libjwt signs where its version can make what is ordered; the rest our own code does on OpenSSL.
 * Whoever made it, a token passes our own parser before it is handed out.
 */
#ifndef AG_SIGN_H
#define AG_SIGN_H

#include "../cred/jwt.h"

typedef struct ag_jwt_order_t {
    ag_alg_e alg;
    const char *key; /* HS: the secret, byte for byte; else a private key in PEM */
    apr_size_t key_size;
    const char *kid;    /* or NULL */
    const char *claims; /* a JSON object */
    const char *typ;    /* at+jwt, or NULL: JWT */
    EVP_PKEY *pkey; /* the private key of `key`, found to be what verifying demands of it; NULL: it is looked at */
} ag_jwt_order_t;

/* A signed token in `p`. A key must be what verifying demands of it: size, curve, length of a
 * secret. An error text or NULL. */
const char *ag_jwt_sign(char **token, const ag_jwt_order_t *order, apr_pool_t *p);

#endif
