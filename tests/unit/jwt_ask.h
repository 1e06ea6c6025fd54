/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_ask: one question to ag_jwt_check() and its answer, for the tests that ask many. The clock
 * stands at NOW.
 */
#ifndef JWT_ASK_H
#define JWT_ASK_H

#include "jwt_maker.h"

#define NOW     APR_INT64_C(1700000000)
#define FROM    "\"sub\":\"joe\","
#define USUAL   (AG_TYP_ACCESS | AG_TYP_JWT) /* what a section takes that says nothing of types */
#define INVALID AG_R_TOKEN_INVALID
#define EXPIRED AG_R_TOKEN_EXPIRED

/* What one check gave. */
typedef struct answer_t {
    ag_reason_e reason;
    ag_principal_t *who;
    const char *detail;
    apr_time_t begins, expires;
    int forged;
} answer_t;

/* One HS256 set; most tests need no more. */
static inline const ag_jwt_keyset_t *hs_set(const maker_t *m, const char *kid)
{
    ag_jwt_keyset_t *set = apr_pcalloc(m->p, sizeof *set);

    assert_null(ag_jwt_load_key(set, AG_ALG_HS256, kid, SECRET, 64, m->p));
    return set;
}

/* A policy without types stands for the usual ones. */
static inline answer_t ask_at(const maker_t *m, const ag_jwt_policy_t *asked, const char *token, apr_time_t now)
{
    answer_t a = {.begins = -7, .expires = -7};
    ag_jwt_policy_t with_types = *asked, *policy = &with_types;

    policy->types = asked->types ? asked->types : USUAL;
    a.reason =
        ag_jwt_check(&a.who, &a.begins, &a.expires, &a.detail, &a.forged, policy, token, strlen(token), now, m->p);
    assert_int_equal(a.reason == AG_R_NONE, a.who != NULL);
    assert_int_equal(a.reason == AG_R_NONE, a.detail == NULL);
    return a;
}

static inline answer_t ask(const maker_t *m, const ag_jwt_policy_t *policy, const char *token)
{
    return ask_at(m, policy, token, apr_time_from_sec(NOW));
}

/* A token with these claims under a policy with the usual set and leeway. */
static inline answer_t ask_claims(const maker_t *m, ag_jwt_policy_t policy, const char *claims)
{
    const ag_jwt_keyset_t *sets[] = {hs_set(m, NULL)};

    policy.sets = sets;
    policy.n_sets = 1;
    return ask(m, &policy, make_plain("HS256", NULL, NULL, claims, m->p));
}

static inline void expect(const answer_t *a, ag_reason_e reason, const char *detail, const char *what)
{
    if (a->reason != reason || (detail && !strstr(a->detail, detail))) {
        fail_msg("%s: got %s \"%s\", wanted %s \"%s\"", what, ag_reason(a->reason)->code, a->detail ? a->detail : "",
                 ag_reason(reason)->code, detail ? detail : "");
    }
}

typedef struct case_t {
    const char *claims;
    ag_reason_e reason;
    const char *detail;
} case_t;

static inline void run_cases(const maker_t *m, ag_jwt_policy_t policy, const case_t *cases, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        answer_t a = ask_claims(m, policy, cases[i].claims);

        expect(&a, cases[i].reason, cases[i].detail, cases[i].claims);
    }
}

#endif
