/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jws: tokens by OpenSSL alone (RFC 7515 s5.1), by any algorithm that we verify.
 */
#ifndef AG_JWS_H
#define AG_JWS_H

#include "sign.h"

/* The token, or NULL. The key must have been looked at before; `pkey` is that of order->key, NULL for HMAC. OpenSSL's
 * error queue is left empty. */
char *ag_jws_make(const ag_jwt_order_t *order, EVP_PKEY *pkey, apr_pool_t *p);

#endif
