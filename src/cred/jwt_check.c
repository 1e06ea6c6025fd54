/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_check: from a token to a principal. The order is the idea: take apart, find the keys that may
 * speak for this issuer, verify, and only then ask what the token says of itself. The answer tells
 * a client what to mend; whether a key is unknown or a signature wrong, it does not tell.
 */
#include "jwt_cause.h"
#include "jwt_demand.h"

#include <string.h>

#include <apr_strings.h>

/* ---- the key --------------------------------------------------------------------------------- */

/* A key signs for its issuer only (RFC 8725 s3.8). */
static int speaks_for(const ag_jwt_keyset_t *set, const ag_jwt_claims_t *c)
{
    return (!set->issuer || (c->iss && strcmp(set->issuer, c->iss) == 0))
           && (!set->audience || ag_words_has(&c->aud, set->audience));
}

/* Whether to try a key in this round: first those of the token's `kid`, then those without one. A
 * token without `kid` has one round, for all. */
static int is_candidate(const ag_jwt_key_t *key, const ag_jwt_t *jwt, int named)
{
    if (!(key->algs & 1u << jwt->alg)) {
        return 0;
    }
    if (!jwt->kid) {
        return !named;
    }
    return named ? key->kid && strcmp(key->kid, jwt->kid) == 0 : !key->kid;
}

static const ag_jwt_key_t *try_set(const ag_jwt_keyset_t *set, const ag_jwt_t *jwt, int named, int *tries)
{
    int i;

    for (i = 0; i < set->n; i++) {
        if (!is_candidate(&set->keys[i], jwt, named)) {
            continue;
        }
        if (--*tries < 0) {
            return NULL;
        }
        if (ag_jwt_verify(jwt, &set->keys[i])) {
            return &set->keys[i];
        }
    }
    return NULL;
}

/* The key that made the signature, or NULL; then *forged says whether any was tried, and *lacking that
 * a set which may hold it could not be loaded. */
static const ag_jwt_key_t *find_key(const ag_jwt_policy_t *policy, const ag_jwt_t *jwt, const ag_jwt_claims_t *c,
                                    int *forged, int *lacking)
{
    const ag_jwt_key_t *key = NULL;
    int tries = AG_JWT_MAX_TRIES;
    int named, i;

    *lacking = 0;
    for (named = 1; named >= 0; named--) {
        for (i = 0; i < policy->n_sets && !key; i++) {
            if (speaks_for(policy->sets[i], c)) {
                key = try_set(policy->sets[i], jwt, named, &tries);
                *lacking |= policy->sets[i]->n == 0;
            }
        }
    }
    *forged = !key && !*lacking && tries < AG_JWT_MAX_TRIES;
    return key;
}

/* ---- what the section demands ---------------------------------------------------------------- */

static const char *check_names(const ag_jwt_policy_t *policy, const ag_jwt_t *jwt, const ag_jwt_claims_t *c,
                               apr_pool_t *p)
{
    /* One issuer makes tokens for many purposes, with one key (RFC 8725 s3.11). */
    if (!(policy->types & (jwt->typ | AG_TYP_OTHER))) {
        return jwt->no_typ ? ag_jwt_cause(AG_JWT_LACKS, "typ", p) : ag_jwt_cause(AG_JWT_TYPE, NULL, p);
    }
    if (policy->issuers.n && !(c->iss && ag_words_has(&policy->issuers, c->iss))) {
        return c->iss ? ag_jwt_cause(AG_JWT_ISSUER, NULL, p) : ag_jwt_cause(AG_JWT_LACKS, "iss", p);
    }
    return ag_jwt_demand_names(policy, c, p);
}

/* ---- a key that is not there --------------------------------------------------------------------- */

static int knows(const ag_jwt_keyset_t *set, const char *kid)
{
    int i;

    for (i = 0; i < set->n; i++) {
        if (set->keys[i].kid && strcmp(set->keys[i].kid, kid) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Anybody can write a token with any `kid`; one that would be refused with the right key, too, asks for nothing. */
static void tell_unknown(const ag_jwt_policy_t *policy, const ag_jwt_t *jwt, const ag_jwt_claims_t *c, apr_time_t now,
                         apr_pool_t *p)
{
    const char *detail;
    int i;

    if (!jwt->kid || check_names(policy, jwt, c, p) || ag_jwt_demand_times(&detail, policy, c, now, p) != AG_R_NONE) {
        return;
    }
    for (i = 0; i < policy->n_sets; i++) {
        const ag_jwt_keyset_t *set = policy->sets[i];

        if (set->ring && set->n && speaks_for(set, c) && !knows(set, jwt->kid)) {
            policy->unknown(policy->ctx, set);
        }
    }
}

/* ---- the answer ------------------------------------------------------------------------------ */

static ag_principal_t *make_who(const ag_jwt_t *jwt, const ag_jwt_key_t *key, const ag_jwt_claims_t *c, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->issuer = c->iss ? apr_pstrdup(p, c->iss) : "";
    who->key_id = key->kid ? apr_pstrdup(p, key->kid) : NULL; /* the key may be gone before the request is */
    who->parse_claims = ag_jwt_claims_of;
    who->claims = c->all;
    who->raw = apr_pmemdup(p, jwt->payload, jwt->payload_size);
    who->raw_size = jwt->payload_size;
    return who;
}

ag_reason_e ag_jwt_check(ag_principal_t **who, apr_time_t *begins, apr_time_t *expires, const char **detail,
                         int *forged, const ag_jwt_policy_t *policy, const char *text, apr_size_t n, apr_time_t now,
                         apr_pool_t *p)
{
    const ag_jwt_key_t *key;
    ag_principal_t *made;
    ag_reason_e reason;
    ag_jwt_t jwt;
    ag_jwt_claims_t c;
    int lacking;

    *who = NULL;
    *forged = 1;
    *detail = ag_jwt_parse(&jwt, text, n, p);
    if (*detail || (*detail = ag_jwt_claims_read(&c, ag_jwt_claims(&jwt, p), p))) {
        return AG_R_TOKEN_INVALID;
    }
    key = find_key(policy, &jwt, &c, forged, &lacking);
    if (!key && policy->unknown) {
        tell_unknown(policy, &jwt, &c, now, p);
    }
    if (!key && lacking) {
        *detail = ag_jwt_cause(AG_JWT_KEYSET, NULL, p);
        return AG_R_KEYSET_UNAVAILABLE;
    }
    if (!key) {
        *detail = ag_jwt_cause(AG_JWT_SIGNATURE, NULL, p);
        return AG_R_TOKEN_INVALID;
    }
    if ((*detail = check_names(policy, &jwt, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    reason = ag_jwt_demand_times(detail, policy, &c, now, p);
    if (reason != AG_R_NONE) {
        return reason;
    }
    made = make_who(&jwt, key, &c, p);
    if ((*detail = ag_jwt_demand_who(made, policy, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    *who = made;
    *begins = ag_jwt_demand_begins(policy, &c);
    *expires = ag_jwt_demand_expires(policy, &c);
    return AG_R_NONE;
}
