/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk_public: the public part of a key as a JWK (RFC 7517), and its thumbprint (RFC 7638).
 */
#ifndef AG_JWK_PUBLIC_H
#define AG_JWK_PUBLIC_H

#include "../cred/jwt.h"

/* The members that the thumbprint is made of (RFC 7638 s3.2, RFC 8037 s2), in its order: `"e":"AQAB","kty":"RSA",...`.
 * NULL: the key cannot be written so. */
const char *ag_jwk_members(ag_alg_e alg, EVP_PKEY *pkey, apr_pool_t *p);

/* The thumbprint of these members (SHA-256) in base64url. */
const char *ag_jwk_thumbprint(const char *members, apr_pool_t *p);

/* The JWK of these members, for signatures of one algorithm. */
const char *ag_jwk_public(const char *members, ag_alg_e alg, const char *kid, apr_pool_t *p);

#endif
