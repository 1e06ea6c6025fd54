/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks: key sets (RFC 7517). The one idea: what we do not know is skipped, since a set is shared
 * with others, but what we know and is wrong stops the start.
 */
#include "jwk.h"

#include <string.h>

#include <apr_strings.h>

#define MAX_KEYS 256

static const char *text_of(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* ---- one key --------------------------------------------------------------------------------- */

/* RFC 7517 s4.2 and s4.3: a key for encryption verifies nothing. */
static const char *check_purpose(json_t *json)
{
    json_t *use = json_object_get(json, "use");
    json_t *ops = json_object_get(json, "key_ops");
    json_t *op;
    size_t i;

    if ((use && !json_is_string(use)) || (ops && !json_is_array(ops))) {
        return "its \"use\" or \"key_ops\" is malformed";
    }
    if (use && strcmp(json_string_value(use), "sig") != 0) {
        return ag_jwk_skip;
    }
    json_array_foreach(ops, i, op) {
        if (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0) {
            return NULL;
        }
    }
    return ops ? ag_jwk_skip : NULL;
}

static const char *read_kid(ag_jwk_t *jwk, apr_pool_t *p)
{
    json_t *kid = json_object_get(jwk->json, "kid");

    if (!kid) {
        return NULL;
    }
    if (!json_is_string(kid) || json_string_length(kid) > AG_JWT_MAX_KID
        || !ag_text_visible(json_string_value(kid), json_string_length(kid), 0)) {
        return "its \"kid\" is not 1 to 256 printable characters without spaces";
    }
    jwk->key.kid = apr_pstrdup(p, json_string_value(kid));
    return NULL;
}

/* `alg` binds the key to one algorithm, which must be one that the key can serve. */
static const char *bind_alg(ag_jwk_t *jwk, apr_pool_t *p)
{
    const ag_alg_t *row = ag_alg_row(jwk->alg);

    if (!row) {
        return NULL;
    }
    if (row->kty != AG_KTY_RSA && !(jwk->key.algs & 1u << jwk->alg)) {
        return apr_psprintf(p, "it cannot serve its \"alg\" %s: %s", row->name,
                            row->kty == AG_KTY_OCT ? "the secret is shorter than the hash"
                                                   : "the curve is another");
    }
    jwk->key.algs = 1u << jwk->alg;
    return NULL;
}

/* What is read before the material: what kind of key it is, and for what. */
static const char *read_frame(ag_jwk_t *jwk, const ag_jwk_type_t **type, apr_pool_t *p)
{
    json_t *alg = json_object_get(jwk->json, "alg");
    const char *error = check_purpose(jwk->json);

    jwk->kty = text_of(jwk->json, "kty");
    jwk->crv = text_of(jwk->json, "crv");
    if (error) {
        return error;
    }
    if (!jwk->kty || (alg && !json_is_string(alg))) {
        return "its \"kty\" is missing or its \"alg\" is not text";
    }
    *type = ag_jwk_type(jwk->kty);
    jwk->alg = alg ? ag_alg_find(json_string_value(alg)) : AG_ALG_NONE;
    if (!*type || (alg && !jwk->alg)) {
        return ag_jwk_skip;
    }
    if (jwk->alg && ag_alg_row(jwk->alg)->kty != (*type)->kty) {
        return apr_psprintf(p, "its \"alg\" %s does not fit its \"kty\"", ag_alg_name(jwk->alg));
    }
    if (!jwk->crv && ((*type)->kty == AG_KTY_EC || (*type)->kty == AG_KTY_OKP)) {
        return "its \"crv\" is missing";
    }
    return read_kid(jwk, p);
}

/* NULL, ag_jwk_skip or what is wrong. */
static const char *load_jwk(ag_jwk_t *jwk, json_t *json, apr_pool_t *p)
{
    const ag_jwk_type_t *type = NULL;
    const char *error;

    memset(jwk, 0, sizeof *jwk);
    jwk->json = json;
    if (!json_is_object(json)) {
        return "it is not an object";
    }
    error = read_frame(jwk, &type, p);
    if (!error) {
        error = type->load(jwk, p);
    }
    return error ? error : bind_alg(jwk, p);
}

/* ---- the set --------------------------------------------------------------------------------- */

static int has_kid(const apr_array_header_t *list, const char *kid)
{
    int i;

    for (i = 0; kid && i < list->nelts; i++) {
        const ag_jwt_key_t *key = &APR_ARRAY_IDX(list, i, ag_jwt_key_t);

        if (key->kid && strcmp(key->kid, kid) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *load_keys(apr_array_header_t *list, json_t *keys, apr_pool_t *p)
{
    json_t *json;
    size_t i;

    json_array_foreach(keys, i, json) {
        ag_jwk_t jwk;
        const char *error = load_jwk(&jwk, json, p);

        if (error == ag_jwk_skip) {
            continue;
        }
        if (!error && has_kid(list, jwk.key.kid)) {
            error = "its \"kid\" is another key's too";
        }
        if (error) {
            return apr_psprintf(p, "key %d of the set: %s", (int)i + 1, error);
        }
        APR_ARRAY_PUSH(list, ag_jwt_key_t) = jwk.key;
    }
    return list->nelts ? NULL : "the set holds no key that can verify a token";
}

const char *ag_jwt_load_jwks(ag_jwt_keyset_t *set, const char *text, apr_size_t n, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(ag_jwt_key_t));
    apr_pool_t *tmp;
    json_t *keys;
    const char *error;

    set->keys = NULL;
    set->n = 0;
    apr_pool_create(&tmp, p);
    keys = json_object_get(ag_json_object(text, n, tmp), "keys");
    if (!json_is_array(keys) || json_array_size(keys) > MAX_KEYS) {
        error = "it is not a JWK set: an object whose \"keys\" is an array of up to 256 keys";
    }
    else {
        error = load_keys(list, keys, p);
    }
    apr_pool_destroy(tmp);
    if (error) {
        return error;
    }
    set->keys = (const ag_jwt_key_t *)list->elts;
    set->n = list->nelts;
    return ag_jwt_set_seal(set);
}
