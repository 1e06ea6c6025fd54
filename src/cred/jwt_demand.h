/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_demand: what a section demands of a token's claims, whoever vouches for them: a signature that was verified, or
 * the issuer himself who was asked.
 */
#ifndef AG_JWT_DEMAND_H
#define AG_JWT_DEMAND_H

#include "jwt_claims.h"

/* The audience, and claims that must be there. An error text (jwt_causes.def) or NULL. */
const char *ag_jwt_demand_names(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *claims, apr_pool_t *p);

/* AG_R_NONE, or a reason and *detail. */
ag_reason_e ag_jwt_demand_times(const char **detail, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *claims,
                                apr_time_t now, apr_pool_t *p);

/* Who it is, and what the token is bound to: filled into *who. An error text or NULL. */
const char *ag_jwt_demand_who(ag_principal_t *who, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *claims,
                              apr_pool_t *p);

/* The moment from which it is good (nbf - leeway, microseconds; 0: always), and that from which it must be refused
 * (exp + leeway; 0: never). */
apr_time_t ag_jwt_demand_begins(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *claims);
apr_time_t ag_jwt_demand_expires(const ag_jwt_policy_t *policy, const ag_jwt_claims_t *claims);

#endif
