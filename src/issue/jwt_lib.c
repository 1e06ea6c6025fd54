/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_lib: see jwt_lib.h. This file is for libjwt 1 and 2, and alone includes <jwt.h>. It is built without the library
 * (AG_NO_LIBJWT) where there is none, or one of version 3 or later, not all of which can read a key in PEM: our own code
 * then signs everything.
 */
#include "jwt_lib.h"

#ifdef AG_NO_LIBJWT

int ag_jwt_lib_can(const ag_jwt_order_t *order)
{
    (void)order;
    return 0;
}

char *ag_jwt_lib_make(const ag_jwt_order_t *order, apr_pool_t *p)
{
    (void)order;
    (void)p;
    return NULL;
}

#else

#include <stdlib.h>

#include <apr_strings.h>
#include <jwt.h>
#include <openssl/err.h>

/* libjwt knows algorithms by the names that we do; which ones is a matter of its version. */
static jwt_alg_t find_alg(ag_alg_e alg)
{
    jwt_alg_t theirs = jwt_str_alg(ag_alg_name(alg));

    return theirs == JWT_ALG_INVAL ? JWT_ALG_NONE : theirs;
}

/* The token as libjwt makes it, to be freed with free(), or NULL. */
static char *make(const ag_jwt_order_t *order)
{
    jwt_t *jwt = NULL;
    char *token = NULL;

    if (jwt_new(&jwt) == 0 && jwt_add_grants_json(jwt, order->claims) == 0
        && jwt_set_alg(jwt, find_alg(order->alg), (const unsigned char *)order->key, (int)order->key_size) == 0
        && (!order->kid || jwt_add_header(jwt, "kid", order->kid) == 0)
        && (!order->typ || jwt_add_header(jwt, "typ", order->typ) == 0)) {
        token = jwt_encode_str(jwt);
    }
    jwt_free(jwt);
    ERR_clear_error();
    return token;
}

/* 1.10 writes typ itself, over what was there. Found out once. */
static int keeps_typ(void)
{
    static int known; /* 1: no, 2: yes */
    ag_jwt_order_t order = {
        .alg = AG_ALG_HS256, .key = "no secret at all, and never used", .key_size = 32, .claims = "{}"};
    int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    char *plain, *typed;

    if (!answer) {
        plain = make(&order);
        order.typ = "at+jwt";
        typed = make(&order);
        answer = plain && typed && strcmp(plain, typed) != 0 ? 2 : 1;
        free(plain);
        free(typed);
        __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    }
    return answer == 2;
}

/* 1.16 and later know PS 256 to 512, but sign so with keys that are marked for that alone (id-RSASSA-PSS). */
static int is_pss(ag_alg_e alg)
{
    return alg == AG_ALG_PS256 || alg == AG_ALG_PS384 || alg == AG_ALG_PS512;
}

int ag_jwt_lib_can(const ag_jwt_order_t *order)
{
    return !is_pss(order->alg) && find_alg(order->alg) != JWT_ALG_NONE && (!order->typ || keeps_typ());
}

char *ag_jwt_lib_make(const ag_jwt_order_t *order, apr_pool_t *p)
{
    char *made = make(order), *token = made ? apr_pstrdup(p, made) : NULL;

    free(made);
    return token;
}

#endif
