/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_alg: what the files of jwt share and nobody else sees: the table of algorithms, and the
 * checks a key passes before it may verify anything.
 */
#ifndef AG_JWT_ALG_H
#define AG_JWT_ALG_H

#include "jwt.h"

#define AG_JWT_MAX_KID 256
#define AG_JWT_MIN_RSA 2048 /* RFC 7518 s3.3 */
#define AG_JWT_MAX_RSA 8192 /* a larger one costs a worker milliseconds per token */

typedef enum { AG_KTY_OCT, AG_KTY_RSA, AG_KTY_EC, AG_KTY_OKP } ag_kty_e;

typedef struct ag_alg_t ag_alg_t;

struct ag_alg_t {
    const char *name;
    ag_kty_e kty;
    int (*verify)(const ag_alg_t *alg, const ag_jwt_t *jwt, const ag_jwt_key_t *key);
    const EVP_MD *(*digest)(void); /* NULL: the signature scheme brings its own */
    int padding;                   /* RSA */
    const char *crv;               /* RFC 7518 s6.2.1.1, RFC 8037 s2; NULL: no curve */
    const char *group;             /* OpenSSL's name of it */
    apr_size_t size;               /* of the signature, for HMAC also the shortest secret; 0 (RSA): the key's */
};

/* The row of an algorithm; NULL for AG_ALG_NONE and anything out of range. */
const ag_alg_t *ag_alg_row(ag_alg_e alg);

/* Sets the padding that the algorithm has, if any, for verifying or signing. 1: it is set. */
int ag_alg_padding(EVP_PKEY_CTX *ctx, const ag_alg_t *alg);

/* Why a key cannot serve an algorithm, or NULL when it can: its type, curve, size and soundness. */
const char *ag_jwt_key_fits(const ag_alg_t *alg, EVP_PKEY *pkey, apr_pool_t *p);
const char *ag_jwt_secret_fits(const ag_alg_t *alg, const char *secret, apr_size_t n, apr_pool_t *p);

/* Hands a key's material to the pool: freed with it, a secret wiped. The secret is copied. */
void ag_jwt_key_own(ag_jwt_key_t *key, EVP_PKEY *pkey, apr_pool_t *p);
void ag_jwt_secret_own(ag_jwt_key_t *key, const void *secret, apr_size_t n, apr_pool_t *p);

/* Sets set->id from everything that decides: material, algorithms, `kid`s, issuer, audience. */
const char *ag_jwt_set_seal(ag_jwt_keyset_t *set);

/* A PEM reader's password callback that never asks: a server at start has nobody to type. */
int ag_jwt_no_password(char *out, int size, int writing, void *ctx);

#endif
