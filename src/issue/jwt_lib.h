/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_lib: makes tokens, by libjwt. Nothing is verified with it, and what is made here passes our own parser
 * before it is handed out.
 */
#ifndef AG_JWT_LIB_H
#define AG_JWT_LIB_H

#include "../cred/jwt.h"

typedef struct ag_jwt_order_t {
    ag_alg_e alg;    /* HS, RS and ES 256 to 512; libjwt 1.10 knows no others of ours */
    const char *key; /* HS: the secret, byte for byte; else a private key in PEM */
    apr_size_t key_size;
    const char *kid;    /* or NULL */
    const char *claims; /* a JSON object */
} ag_jwt_order_t;

/* A signed token in `p`. A key must be what verifying demands of it: size, curve, length of a
 * secret. An error text or NULL. */
const char *ag_jwt_lib_sign(char **token, const ag_jwt_order_t *order, apr_pool_t *p);

#endif
