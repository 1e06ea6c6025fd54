/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwks: key sets (RFC 7517). The one idea: a set is somebody else's, who publishes it for many. What
 * cannot be used of it is left out and told, and never taken for something else (s5).
 */
#include "jwk.h"

#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"

#define MAX_KEYS 256
#define TOO_MANY "a set may have up to 256 keys"
#define MAX_TOLD 5 /* keys that are left out, by name */

static const char *text_of(json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* ---- one key --------------------------------------------------------------------------------- */

/* A member that may be missing. Many a library writes null for what it does not have. */
static json_t *member_of(json_t *json, const char *name)
{
    json_t *value = json_object_get(json, name);

    return json_is_null(value) ? NULL : value;
}

/* RFC 7517 s4.2 and s4.3: a key for encryption verifies nothing. */
static const char *check_purpose(json_t *json)
{
    json_t *use = member_of(json, "use");
    json_t *ops = member_of(json, "key_ops");
    json_t *op;
    size_t i;

    if ((use && !json_is_string(use)) || (ops && !json_is_array(ops))) {
        return "its \"use\" or \"key_ops\" is malformed";
    }
    if (use && strcmp(json_string_value(use), "sig") != 0) {
        return ag_jwk_skip;
    }
    json_array_foreach (ops, i, op) {
        if (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0) {
            return NULL;
        }
    }
    return ops ? ag_jwk_skip : NULL;
}

#define NOT_A_KID "1 to 256 printable characters without spaces"

static int is_kid(const char *text, apr_size_t n)
{
    return text && n <= AG_JWT_MAX_KID && ag_text_visible(text, n, 0);
}

static const char *read_kid(ag_jwk_t *jwk, apr_pool_t *p)
{
    json_t *kid = member_of(jwk->json, "kid");

    if (!kid) {
        return NULL;
    }
    if (!is_kid(json_string_value(kid), json_string_length(kid))) {
        return "its \"kid\" is not " NOT_A_KID;
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
                            row->kty == AG_KTY_OCT ? "the secret is shorter than the hash" : "the curve is another");
    }
    jwk->key.algs = 1u << jwk->alg;
    return NULL;
}

/* RFC 7518 s4.1. Some say by `alg` alone what a key is for. */
static int is_for_encryption(json_t *alg)
{
    const char *name = json_string_value(alg);

    return name && (strncmp(name, "RSA", 3) == 0 || strncmp(name, "ECDH-", 5) == 0);
}

/* What is read before the material: what kind of key it is, and for what. */
static const char *read_frame(ag_jwk_t *jwk, const ag_jwk_type_t **type, apr_pool_t *p)
{
    json_t *alg = member_of(jwk->json, "alg");
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
        return is_for_encryption(alg) ? ag_jwk_skip : !*type ? AG_JWK_STRANGE("kty") : AG_JWK_STRANGE("alg");
    }
    if (jwk->alg && ag_alg_row(jwk->alg)->kty != (*type)->kty) {
        return apr_psprintf(p, "its \"alg\" %s does not fit its \"kty\"", ag_alg_name(jwk->alg));
    }
    if (!jwk->crv && ((*type)->kty == AG_KTY_EC || (*type)->kty == AG_KTY_OKP)) {
        return "its \"crv\" is missing";
    }
    return read_kid(jwk, p);
}

/* A key that has a public half. One of a type that is not known here has one too, for all we know. */
static int is_public(json_t *json)
{
    const char *kty = text_of(json, "kty");

    return kty && strcmp(kty, "oct") != 0;
}

/* A set with public keys is there to be published, and everybody may have a secret that lies in it. */
static int is_published(json_t *keys)
{
    json_t *json;
    size_t i;

    json_array_foreach (keys, i, json) {
        if (is_public(json)) {
            return 1;
        }
    }
    return 0;
}

/* NULL, ag_jwk_skip or what is wrong. */
static const char *load_jwk(ag_jwk_t *jwk, json_t *json, int published, apr_pool_t *p)
{
    const ag_jwk_type_t *type = NULL;
    const char *error;

    memset(jwk, 0, sizeof *jwk);
    jwk->json = json;
    if (!json_is_object(json)) {
        return "it is not an object";
    }
    error = read_frame(jwk, &type, p);
    if (!error && published && type->kty == AG_KTY_OCT) {
        error =
            "it is a secret in a set with public keys or one that is fetched, which anybody may read; ApiGuardJWTKey "
            "takes a secret, or a file without public keys";
    }
    if (!error) {
        error = type->load(jwk, p);
    }
    return error ? error : bind_alg(jwk, p);
}

/* ---- the set --------------------------------------------------------------------------------- */

typedef struct {
    apr_array_header_t *list; /* ag_jwt_key_t */
    int published;
    int left_out;
    const char *told; /* which and why; "" when none is */
    apr_pool_t *p;
} reading_t;

/* A `kid` only where it can neither be misread in a log nor fill it. */
static const char *name_of(const char *kid, apr_pool_t *p)
{
    return kid && strlen(kid) <= 64 && ag_text_visible(kid, strlen(kid), 0) ? apr_psprintf(p, " (kid %s)", kid) : "";
}

static void leave_out(reading_t *reading, const char *kid, int number, const char *why)
{
    apr_pool_t *p = reading->p;

    if (++reading->left_out <= MAX_TOLD) {
        reading->told = apr_psprintf(p, "%s%skey %d%s: %s", reading->told, *reading->told ? "; " : "", number,
                                     name_of(kid, p), why);
    }
    else if (reading->left_out == MAX_TOLD + 1) {
        reading->told = apr_pstrcat(p, reading->told, "; and others", NULL);
    }
}

static void load_keys(reading_t *reading, json_t *keys)
{
    json_t *json;
    size_t i;

    json_array_foreach (keys, i, json) {
        ag_jwk_t jwk;
        const char *error = i < MAX_KEYS ? load_jwk(&jwk, json, reading->published, reading->p) : TOO_MANY;

        if (!error) {
            APR_ARRAY_PUSH(reading->list, ag_jwt_key_t) = jwk.key;
        }
        else if (error != ag_jwk_skip) {
            leave_out(reading, text_of(json, "kid"), (int)i + 1, error);
        }
    }
}

/* ---- certificates in the place of keys: {"KID": "-----BEGIN CERTIFICATE-----..."}, as Google publishes them -------- */

#define BEGIN "-----BEGIN CERTIFICATE-----"

static int is_map(json_t *all)
{
    json_t *value;
    const char *kid;

    json_object_foreach (all, kid, value) {
        const char *text = json_string_value(value);

        if (!text || strncmp(text, BEGIN, sizeof BEGIN - 1) != 0) {
            return 0;
        }
    }
    return json_object_size(all) > 0;
}

static const char *load_certificate(ag_jwt_key_t *key, const char *kid, json_t *text, apr_pool_t *p)
{
    memset(key, 0, sizeof *key);
    if (!is_kid(kid, strlen(kid))) {
        return "its name is not " NOT_A_KID;
    }
    key->kid = apr_pstrdup(p, kid);
    return ag_jwk_of_certificate(key, json_string_value(text), json_string_length(text), p);
}

static void load_map(reading_t *reading, json_t *map)
{
    const char *kid;
    json_t *text;
    int i = 0;

    json_object_foreach (map, kid, text) {
        ag_jwt_key_t key;
        const char *error = i++ < MAX_KEYS ? load_certificate(&key, kid, text, reading->p) : TOO_MANY;

        if (error) {
            leave_out(reading, kid, i, error);
        }
        else {
            APR_ARRAY_PUSH(reading->list, ag_jwt_key_t) = key;
        }
    }
}

/* What editors and tools put around a text: a byte order mark, and NULs behind its end. */
static void trim(const char **text, apr_size_t *n)
{
    ag_open_skip_mark(text, n);
    while (*n && (*text)[*n - 1] == '\0') {
        --*n;
    }
}

static const char *load_set(ag_jwt_keyset_t *set, json_t *keys, apr_pool_t *p)
{
    /* What came over the network is published, too: a secret in it is one no more. */
    reading_t reading = {apr_array_make(p, 4, sizeof(ag_jwt_key_t)), set->ring || is_published(keys), 0, "", p};

    (json_is_array(keys) ? load_keys : load_map)(&reading, keys);
    if (!reading.list->nelts) {
        return apr_pstrcat(p, "the set holds no key that can verify a token", reading.left_out ? ": " : "",
                           reading.told, NULL);
    }
    if (reading.left_out) {
        set->left_out = apr_psprintf(p, "%d of %d keys %s left out: %s", reading.left_out,
                                     (int)(json_array_size(keys) + json_object_size(keys)),
                                     reading.left_out == 1 ? "is" : "are", reading.told);
    }
    set->keys = (const ag_jwt_key_t *)reading.list->elts;
    set->n = reading.list->nelts;
    return ag_jwt_set_seal(set);
}

const char *ag_jwt_load_jwks(ag_jwt_keyset_t *set, const char *text, apr_size_t n, apr_pool_t *p)
{
    apr_pool_t *tmp;
    json_t *all, *keys;
    int map;
    const char *error = "it is not a JWK set: a JSON object whose \"keys\" is an array of keys";

    set->keys = NULL;
    set->n = 0;
    set->left_out = NULL;
    trim(&text, &n);
    apr_pool_create(&tmp, p);
    all = ag_json_object(text, n, tmp);
    map = is_map(all);
    keys = map ? all : json_object_get(all, "keys");
    set->is_read = map || json_is_array(keys);
    if (set->is_read) {
        error = load_set(set, keys, p);
    }
    apr_pool_destroy(tmp);
    return error;
}
