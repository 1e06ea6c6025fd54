/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_claims: see jwt_claims.h. A claim of the wrong type is never taken for an absent one.
 */
#include "jwt_claims.h"
#include "jwt_cause.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* A NumericDate (RFC 7519 s2): seconds, perhaps with a fraction. 0 when it is anything else. */
static int read_time(apr_time_t *t, json_t *all, const char *name)
{
    json_t *value = json_object_get(all, name);

    *t = AG_JWT_ABSENT;
    if (!value) {
        return 1;
    }
    if (!json_is_number(value) || !(json_number_value(value) >= 0)
        || !(json_number_value(value) <= (double)AG_LAST_SECOND)) {
        return 0;
    }
    *t = json_is_integer(value) ? apr_time_from_sec(json_integer_value(value))
                                : (apr_time_t)(json_real_value(value) * APR_USEC_PER_SEC);
    return 1;
}

/* A string or an array of strings (RFC 7519 s4.1.3). */
static int read_audience(ag_words_t *aud, json_t *value, apr_pool_t *p)
{
    size_t i, n = json_is_string(value) ? 1 : json_array_size(value);

    aud->n = (int)n;
    aud->v = n ? apr_palloc(p, n * sizeof *aud->v) : NULL;
    if (json_is_string(value)) {
        aud->v[0] = json_string_value(value);
        return 1;
    }
    for (i = 0; i < n; i++) {
        aud->v[i] = json_string_value(json_array_get(value, i));
        if (!aud->v[i]) {
            return 0;
        }
    }
    return !value || json_is_array(value);
}

/* The name of the first that is not a time, or NULL. */
static const char *read_times(ag_jwt_claims_t *c, json_t *all)
{
    return !read_time(&c->exp, all, "exp")   ? "exp"
           : !read_time(&c->nbf, all, "nbf") ? "nbf"
           : !read_time(&c->iat, all, "iat") ? "iat"
                                             : NULL;
}

const char *ag_jwt_claims_read(ag_jwt_claims_t *c, json_t *all, apr_pool_t *p)
{
    const char *wrong;
    json_t *iss = json_object_get(all, "iss");

    c->all = all;
    c->iss = json_string_value(iss);
    if (!all) {
        return ag_jwt_cause(AG_JWT_PAYLOAD, NULL, p);
    }
    wrong = read_times(c, all);
    if (wrong) {
        return ag_jwt_cause(AG_JWT_TIME, wrong, p);
    }
    if ((iss && !c->iss) || (c->iss && (!ag_text_printable(c->iss) || ag_text_blank(c->iss) == AG_BLANK_END))) {
        return ag_jwt_cause(AG_JWT_MALFORMED, "iss", p);
    }
    return read_audience(&c->aud, json_object_get(all, "aud"), p) ? NULL : ag_jwt_cause(AG_JWT_MALFORMED, "aud", p);
}

/* ---- who it is ------------------------------------------------------------------------------- */

/* The value at the configured path, else at the first of two default names; *name is where it was found. */
static json_t *mapped(const char **name, json_t *all, const char *path, const char *first, const char *second)
{
    json_t *value = ag_json_claim(all, path ? path : first);

    *name = path ? path : first;
    if (!value && !path && second) {
        *name = second;
        value = ag_json_claim(all, second);
    }
    return value;
}

/* A string or a whole number. 0 when nobody can be called so. */
static int read_name(const char **name, json_t *value, apr_pool_t *p)
{
    const char *text = json_is_boolean(value) ? NULL : ag_json_scalar(value, p);

    *name = NULL;
    if (!value) {
        return 1;
    }
    if (!text || !ag_principal_may_be(text)) {
        return 0;
    }
    *name = apr_pstrdup(p, text);
    return 1;
}

/* Scopes or roles; 0 when one could not stand in a log line or a request field. */
static int read_words(ag_words_t *words, json_t *value, apr_pool_t *p)
{
    int i;

    ag_json_words(words, value, p);
    for (i = 0; i < words->n; i++) {
        if (!ag_text_printable(words->v[i])) {
            return 0;
        }
    }
    return 1;
}

const char *ag_jwt_claims_who(ag_principal_t *who, const ag_claim_map_t *map, json_t *all, apr_pool_t *p)
{
    const char *name;

    if (!read_name(&who->client, mapped(&name, all, map->client, "azp", "client_id"), p)
        || !read_name(&who->user, mapped(&name, all, map->user, "sub", NULL), p)) {
        return ag_jwt_cause(AG_JWT_NAME, name, p);
    }
    if (!who->client && !who->user) {
        return ag_jwt_cause(AG_JWT_NOBODY, NULL, p);
    }
    if (!read_words(&who->scopes, mapped(&name, all, map->scope, "scope", "scp"), p)
        || !read_words(&who->roles, mapped(&name, all, map->roles, "roles", NULL), p)) {
        return ag_jwt_cause(AG_JWT_CONTROL, name, p);
    }
    who->left_out = ag_words_leave_blank(&who->scopes) + ag_words_leave_blank(&who->roles);
    return NULL;
}
