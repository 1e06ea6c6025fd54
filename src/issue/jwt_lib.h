/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_lib: tokens by libjwt. Nothing is verified with it.
 */
#ifndef AG_JWT_LIB_H
#define AG_JWT_LIB_H

#include "sign.h"

/* 1 when this version can: 1.10 signs by HS, RS and ES 256 to 512, and calls everything a JWT. */
int ag_jwt_lib_can(const ag_jwt_order_t *order);

/* The token, or NULL. libjwt signs with whatever it is given (an ES256 token with a P-384 key, an HMAC with an empty
 * secret): the key must have been looked at before, the token is after. OpenSSL's error queue is left empty. */
char *ag_jwt_lib_make(const ag_jwt_order_t *order, apr_pool_t *p);

#endif
