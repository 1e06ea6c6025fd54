/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_claims: what a token says of itself, as values we can compare. Types are checked here,
 * meaning in jwt_check.c.
 */
#ifndef AG_JWT_CLAIMS_H
#define AG_JWT_CLAIMS_H

#include "jwt.h"

#define AG_JWT_ABSENT APR_INT64_C(-1)

/* The registered claims we act on. Times are microseconds since 1970, or AG_JWT_ABSENT. */
typedef struct ag_jwt_claims_t {
    json_t *all;
    const char *iss; /* or NULL */
    ag_words_t aud;
    apr_time_t exp, nbf, iat;
} ag_jwt_claims_t;

/* `all` may be NULL. An error text or NULL. */
const char *ag_jwt_claims_read(ag_jwt_claims_t *claims, json_t *all, apr_pool_t *p);

/* Client, user, scopes and roles by the map. An error text or NULL. */
const char *ag_jwt_claims_who(ag_principal_t *who, const ag_claim_map_t *map, json_t *all, apr_pool_t *p);

#endif
