/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspect_judge: from an issuer's answer to a principal. What the section demands of a token's claims it demands of
 * these.
 */
#include "introspected.h"

#include "jwt_demand.h"

/* Who asks vouches for nobody else: the answer is of an issuer of the section, or names none where there is but one. */
static const char *judge_issuer(const char **issuer, const ag_jwt_policy_t *policy, const ag_jwt_claims_t *c,
                                apr_pool_t *p)
{
    if (c->iss) {
        *issuer = c->iss;
        return ag_jwt_accepts(policy, c->iss) ? NULL : ag_jwt_cause(AG_JWT_ISSUER, NULL, p);
    }
    *issuer = ag_jwt_only_issuer(policy);
    return *issuer ? NULL : ag_jwt_cause(AG_JWT_LACKS, "iss", p);
}

json_t *ag_introspect_claims_of(ag_principal_t *who, apr_pool_t *p)
{
    return ag_json_object(who->raw, who->raw_size, p);
}

ag_reason_e ag_introspect_judge(ag_principal_t **who, ag_token_memo_t *memo, ag_cred_call_t *call,
                                const ag_introspect_answer_t *answer)
{
    const ag_jwt_policy_t *policy = &call->jwt;
    apr_pool_t *p = call->request->pool;
    ag_principal_t *made = apr_pcalloc(p, sizeof *made);
    ag_reason_e reason;
    ag_jwt_claims_t c;

    if ((call->detail = ag_jwt_claims_read(&c, answer->claims, p))
        || (call->detail = judge_issuer(&made->issuer, policy, &c, p))
        || (call->detail = ag_jwt_demand_names(policy, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    reason = ag_jwt_demand_times(&call->detail, policy, &c, call->request->now, p);
    if (reason != AG_R_NONE) {
        return reason;
    }
    if ((call->detail = ag_jwt_demand_who(made, policy, &c, p))) {
        return AG_R_TOKEN_INVALID;
    }
    made->claims = c.all;
    made->parse_claims = ag_introspect_claims_of;
    made->raw = answer->text;
    made->raw_size = answer->n;
    memo->begins = ag_jwt_demand_begins(policy, &c);
    memo->expires = ag_jwt_demand_expires(policy, &c);
    *who = made;
    return AG_R_NONE;
}
