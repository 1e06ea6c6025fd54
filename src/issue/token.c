/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: see token.h. Subject and client are the key's client: by that name tokens are limited, ruled and revoked,
 * whichever of its keys they came from.
 */
#include "token.h"

#include <stdlib.h>

#include <apr_strings.h>

#define ID_BYTES 16

static const ag_token_signer_t *signer_of(const ag_token_sign_t *sign)
{
    return APR_ARRAY_IDX(sign->signers, 0, const ag_token_signer_t *);
}

apr_int64_t ag_token_lifetime(const ag_token_sign_t *sign, const ag_principal_t *who, apr_time_t now)
{
    apr_int64_t lifetime = signer_of(sign)->lifetime;
    apr_int64_t left = apr_time_sec(who->ends) - apr_time_sec(now);

    return who->ends && left < lifetime ? left : lifetime;
}

static const char *joined(const ag_words_t *words, apr_pool_t *p)
{
    const char *text = words->n ? words->v[0] : NULL;
    int i;

    for (i = 1; i < words->n; i++) {
        text = apr_pstrcat(p, text, " ", words->v[i], NULL);
    }
    return text;
}

/* Whoever reads a token takes a role for a literal word, so a key's wildcard is none. */
static json_t *roles_of(const ag_principal_t *who)
{
    json_t *roles = json_array();
    int i;

    for (i = 0; i < who->roles.n; i++) {
        const char *role = who->roles.v[i];

        if (*role && role[strlen(role) - 1] != '*') {
            json_array_append_new(roles, json_string(role));
        }
    }
    return roles;
}

static void set_text(json_t *claims, const char *name, const char *text)
{
    if (text) {
        json_object_set_new(claims, name, json_string(text));
    }
}

static const char *dump(json_t *object, apr_pool_t *p)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    const char *copy = text ? apr_pstrdup(p, text) : NULL;

    free(text);
    json_decref(object);
    return copy;
}

/* RFC 9068 s2.2. */
static const char *claims_of(const ag_token_signer_t *signer, const ag_principal_t *who, const char *scope,
                             apr_time_t now, apr_int64_t lifetime, const char *id, apr_pool_t *p)
{
    json_t *claims = json_object(), *roles = roles_of(who);
    json_int_t begins = apr_time_sec(now);

    set_text(claims, "iss", signer->issuer);
    set_text(claims, "sub", who->client);
    set_text(claims, "client_id", who->client);
    set_text(claims, "aud", signer->audience);
    json_object_set_new(claims, "iat", json_integer(begins));
    json_object_set_new(claims, "exp", json_integer(begins + lifetime));
    set_text(claims, "jti", id);
    set_text(claims, "scope", scope);
    if (json_array_size(roles)) {
        json_object_set(claims, "roles", roles);
    }
    json_decref(roles);
    return dump(claims, p);
}

static const char *answer_of(const char *token, const char *scope, apr_int64_t lifetime, apr_pool_t *p)
{
    json_t *answer = json_object();

    set_text(answer, "access_token", token);
    set_text(answer, "token_type", "Bearer");
    json_object_set_new(answer, "expires_in", json_integer(lifetime));
    set_text(answer, "scope", scope);
    return dump(answer, p);
}

const char *ag_token_make(const char **answer, const ag_token_sign_t *sign, const ag_principal_t *who,
                          const ag_words_t *granted, apr_time_t now, apr_pool_t *p)
{
    const ag_token_signer_t *signer = signer_of(sign);
    const char *scope = joined(granted, p);
    apr_int64_t lifetime = ag_token_lifetime(sign, who, now);
    unsigned char random[ID_BYTES];
    char id[2 * ID_BYTES + 1];
    char *token;
    const char *error;

    if (ag_random(random, sizeof random) != APR_SUCCESS) {
        return "the system gives no random numbers";
    }
    ag_hex(id, random, sizeof random);
    error = ag_signing_key_sign(&token, &signer->key, claims_of(signer, who, scope, now, lifetime, id, p), p);
    *answer = error ? NULL : answer_of(token, scope, lifetime, p);
    return error;
}
