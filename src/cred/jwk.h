/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk: one key of a set while it is read. jwks.c decides whether a key is for us, jwk.c makes it of
 * its members.
 */
#ifndef AG_JWK_H
#define AG_JWK_H

#include "jwt_alg.h"

/* Not an error text: the key is meant for something else than verifying. Compared by address. */
extern const char ag_jwk_skip[];

/* Of a kind that is not known here: left out like one that is wrong, and said. */
#define AG_JWK_STRANGE(member) "its \"" member "\" is not known here"

typedef struct ag_jwk_t {
    json_t *json;
    const char *kty;
    const char *crv;  /* or NULL; there for EC and OKP */
    ag_alg_e alg;     /* AG_ALG_NONE: the key names none */
    ag_jwt_key_t key; /* as far as it is made */
} ag_jwk_t;

/* A key type. load() sets the material and the algorithms a key without `alg` serves; NULL,
 * ag_jwk_skip or what is wrong. */
typedef struct ag_jwk_type_t {
    const char *name;
    ag_kty_e kty;
    const char *(*load)(ag_jwk_t *jwk, apr_pool_t *p);
} ag_jwk_type_t;

/* The key type of that name, or NULL. */
const ag_jwk_type_t *ag_jwk_type(const char *name);

/* jwk_x509.c: the key in a certificate (PEM); its `kid` is the caller's. NULL or what is wrong. */
const char *ag_jwk_of_certificate(ag_jwt_key_t *key, const char *text, apr_size_t n, apr_pool_t *p);

#endif
