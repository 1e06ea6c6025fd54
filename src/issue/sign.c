/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: see sign.h. Whatever signs, the key is looked at before and the token after.
 */
#include "sign.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "../cred/jwt_alg.h"
#include "jws.h"
#include "jwt_lib.h"

static EVP_PKEY *read_private(const ag_jwt_order_t *order)
{
    BIO *pem = BIO_new_mem_buf(order->key, (int)order->key_size);
    EVP_PKEY *pkey = pem ? PEM_read_bio_PrivateKey(pem, NULL, ag_jwt_no_password, NULL) : NULL;

    BIO_free(pem);
    ERR_clear_error();
    return pkey;
}

static const char *check_order(const ag_jwt_order_t *order, apr_pool_t *p)
{
    if (!ag_alg_row(order->alg)) {
        return apr_pstrcat(p, "tokens are made with ", ag_alg_list(p), NULL);
    }
    if (!order->claims || !ag_json_object(order->claims, strlen(order->claims), p)) {
        return "the claims are not a JSON object";
    }
    if (strlen(order->claims) > AG_JWT_MAX_SIZE || order->key_size > AG_JWT_MAX_SIZE) {
        return "the claims or the key are too long"; /* libjwt copies them to the stack */
    }
    return NULL;
}

/* 1 when our own parser takes the token for what was ordered. */
static int is_as_ordered(const char *token, const ag_jwt_order_t *order, apr_pool_t *p)
{
    const ag_alg_t *alg = ag_alg_row(order->alg);
    ag_jwt_t jwt;

    return !ag_jwt_parse(&jwt, token, strlen(token), p) && jwt.alg == order->alg
           && jwt.typ == (order->typ ? AG_TYP_ACCESS : AG_TYP_JWT) && (!alg->size || jwt.signature_size == alg->size)
           && ag_jwt_claims(&jwt, p);
}

static const char *make(char **token, const ag_jwt_order_t *order, EVP_PKEY *pkey, apr_pool_t *p)
{
    char *made = ag_jwt_lib_can(order) ? ag_jwt_lib_make(order, p) : ag_jws_make(order, pkey, p);

    if (!made) {
        return "the token could not be signed with this key";
    }
    if (!is_as_ordered(made, order, p)) {
        return "the token would not be accepted: it or its kid is too long";
    }
    *token = made;
    return NULL;
}

static const char *make_by_private(char **token, const ag_jwt_order_t *order, apr_pool_t *p)
{
    EVP_PKEY *pkey = read_private(order);
    const char *error = pkey ? ag_jwt_key_fits(ag_alg_row(order->alg), pkey, p)
                             : "no private key in PEM form, without a password, was found";

    error = error ? error : make(token, order, pkey, p);
    EVP_PKEY_free(pkey);
    return error;
}

const char *ag_jwt_sign(char **token, const ag_jwt_order_t *order, apr_pool_t *p)
{
    const char *error = check_order(order, p);

    *token = NULL;
    if (error) {
        return error;
    }
    if (order->pkey) {
        return make(token, order, order->pkey, p);
    }
    if (ag_alg_row(order->alg)->kty != AG_KTY_OCT) {
        return make_by_private(token, order, p);
    }
    error = ag_jwt_secret_fits(ag_alg_row(order->alg), order->key, order->key_size, p);
    return error ? error : make(token, order, NULL, p);
}
