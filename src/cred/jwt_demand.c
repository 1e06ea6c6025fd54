/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_demand: see jwt_demand.h. Which issuer may have made the token is asked elsewhere: of a signed one its key says
 * so, too.
 */
#include "jwt_demand.h"
#include "jwt_cause.h"
#include "token_binding.h"

static int has_audience(const ag_words_t *wanted, const ag_words_t *aud)
{
    int i;

    for (i = 0; i < aud->n; i++) {
        if (ag_words_has(wanted, aud->v[i])) {
            return 1;
        }
    }
    return wanted->n == 0;
}

const char *ag_jwt_demand_names(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c, apr_pool_t *p)
{
    int i;

    if (!has_audience(&policy->audiences, &c->aud)) {
        return c->aud.n ? ag_jwt_cause(AG_JWT_AUDIENCE, NULL, p) : ag_jwt_cause(AG_JWT_LACKS, "aud", p);
    }
    for (i = 0; i < policy->required.n; i++) {
        json_t *claim = ag_json_claim(c->all, policy->required.v[i]);

        if (!claim || json_is_null(claim)) {
            return ag_jwt_cause(AG_JWT_LACKS, policy->required.v[i], p);
        }
    }
    return NULL;
}

/* The span a token was made for. Without `iat` it is measured by our clock, so with leeway. */
static int lives_too_long(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c, apr_time_t now)
{
    apr_time_t most = apr_time_from_sec(policy->max_lifetime);

    if (!policy->max_lifetime) {
        return 0;
    }
    if (c->exp == AG_JWT_ABSENT) {
        return 1;
    }
    return c->iat == AG_JWT_ABSENT ? c->exp - now > most + apr_time_from_sec(policy->leeway) : c->exp - c->iat > most;
}

ag_reason_e ag_jwt_demand_times(const char **detail, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c,
                                apr_time_t now, apr_pool_t *p)
{
    apr_time_t leeway = apr_time_from_sec(policy->leeway);

    if (c->nbf != AG_JWT_ABSENT && now < c->nbf - leeway) {
        *detail = ag_jwt_cause(AG_JWT_EARLY, NULL, p);
        return AG_R_TOKEN_INVALID;
    }
    if (c->iat != AG_JWT_ABSENT && now < c->iat - leeway) {
        *detail = ag_jwt_cause(AG_JWT_FUTURE, NULL, p);
        return AG_R_TOKEN_INVALID;
    }
    if (lives_too_long(policy, c, now)) {
        *detail = ag_jwt_cause(c->exp == AG_JWT_ABSENT ? AG_JWT_LACKS : AG_JWT_LIFETIME, "exp", p);
        return AG_R_TOKEN_INVALID;
    }
    if (c->exp != AG_JWT_ABSENT && now >= c->exp + leeway) {
        *detail = ag_jwt_cause(AG_JWT_EXPIRED, NULL, p);
        return AG_R_TOKEN_EXPIRED;
    }
    return AG_R_NONE;
}

const char *ag_jwt_demand_who(ag_principal_t *who, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c,
                              apr_pool_t *p)
{
    const char *wrong = ag_jwt_claims_who(who, &policy->map, c->all, p);

    return wrong ? wrong : ag_token_binding_read(&who->bound_to, c->all, policy->bound_only, p);
}

apr_time_t ag_jwt_demand_begins(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c)
{
    apr_time_t leeway = apr_time_from_sec(policy->leeway);

    return c->nbf == AG_JWT_ABSENT || c->nbf <= leeway ? 0 : c->nbf - leeway;
}

apr_time_t ag_jwt_demand_expires(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c)
{
    return c->exp == AG_JWT_ABSENT ? 0 : c->exp + apr_time_from_sec(policy->leeway);
}
