/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_lib: the only file that includes <jwt.h>. libjwt signs with whatever it is given (an ES256
 * token with a P-384 key, an HMAC with an empty secret), so the key is checked before and the token
 * after.
 */
#include "jwt_lib.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jwt.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "../cred/jwt_alg.h"

typedef struct name_t {
    ag_alg_e ours;
    jwt_alg_t theirs;
} name_t;

static const name_t names[] = {
    {AG_ALG_HS256, JWT_ALG_HS256}, {AG_ALG_HS384, JWT_ALG_HS384}, {AG_ALG_HS512, JWT_ALG_HS512},
    {AG_ALG_RS256, JWT_ALG_RS256}, {AG_ALG_RS384, JWT_ALG_RS384}, {AG_ALG_RS512, JWT_ALG_RS512},
    {AG_ALG_ES256, JWT_ALG_ES256}, {AG_ALG_ES384, JWT_ALG_ES384}, {AG_ALG_ES512, JWT_ALG_ES512},
};

static jwt_alg_t find_alg(ag_alg_e alg)
{
    apr_size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].ours == alg) {
            return names[i].theirs;
        }
    }
    return JWT_ALG_NONE;
}

static const char *check_private(const ag_alg_t *alg, const ag_jwt_order_t *order, apr_pool_t *p)
{
    BIO *pem = BIO_new_mem_buf(order->key, (int)order->key_size);
    EVP_PKEY *pkey = pem ? PEM_read_bio_PrivateKey(pem, NULL, ag_jwt_no_password, NULL) : NULL;
    const char *error =
        pkey ? ag_jwt_key_fits(alg, pkey, p) : "no private key in PEM form, without a password, was found";

    EVP_PKEY_free(pkey);
    BIO_free(pem);
    ERR_clear_error();
    return error;
}

static const char *check_order(const ag_jwt_order_t *order, apr_pool_t *p)
{
    const ag_alg_t *alg = ag_alg_row(order->alg);

    if (find_alg(order->alg) == JWT_ALG_NONE) {
        return "tokens are made with HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384 or "
               "ES512";
    }
    if (!order->claims || !ag_json_object(order->claims, strlen(order->claims), p)) {
        return "the claims are not a JSON object";
    }
    if (strlen(order->claims) > AG_JWT_MAX_SIZE || order->key_size > AG_JWT_MAX_SIZE) {
        return "the claims or the key are too long"; /* libjwt copies them to the stack */
    }
    return alg->kty == AG_KTY_OCT ? ag_jwt_secret_fits(alg, order->key, order->key_size, p)
                                  : check_private(alg, order, p);
}

/* The token as libjwt makes it, to be freed with free(), or NULL. */
static char *sign(const ag_jwt_order_t *order)
{
    jwt_t *jwt = NULL;
    char *token = NULL;

    if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, order->claims) == 0
        && jwt_set_alg(jwt, find_alg(order->alg), (const unsigned char *)order->key, (int)order->key_size) == 0
        && (!order->kid || jwt_add_header(jwt, "kid", order->kid) == 0)) {
        token = jwt_encode_str(jwt);
    }
    jwt_free(jwt);
    ERR_clear_error();
    return token;
}

/* 1 when our own parser takes the token for what was ordered. */
static int is_as_ordered(const char *token, const ag_jwt_order_t *order, apr_pool_t *p)
{
    const ag_alg_t *alg = ag_alg_row(order->alg);
    ag_jwt_t jwt;

    return !ag_jwt_parse(&jwt, token, strlen(token), p) && jwt.alg == order->alg
           && (!alg->size || jwt.signature_size == alg->size) && ag_jwt_claims(&jwt, p);
}

const char *ag_jwt_lib_sign(char **token, const ag_jwt_order_t *order, apr_pool_t *p)
{
    const char *error = check_order(order, p);
    char *made;

    *token = NULL;
    if (error) {
        return error;
    }
    made = sign(order);
    if (!made) {
        return "the token could not be signed with this key";
    }
    if (!is_as_ordered(made, order, p)) {
        error = "the token would not be accepted: it or its kid is too long";
    }
    else {
        *token = apr_pstrdup(p, made);
    }
    free(made);
    return error;
}
