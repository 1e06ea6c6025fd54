/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: the one answer to one request. Rooms write it; httpd, the audit and the metrics read it.
 * The first refusal wins: a later one changes nothing.
 */
#ifndef AG_VERDICT_H
#define AG_VERDICT_H

#include "../base/findings.h"
#include "principal.h"
#include "quota.h"
#include "reason.h"

/* Scopes that a Require rule asks for, any of them. */
typedef struct ag_asked_t {
    ag_words_t scopes;
    const struct ag_asked_t *before; /* the rule that was tested before it, or NULL */
} ag_asked_t;

typedef struct ag_verdict_t {
    ag_reason_e reason;    /* AG_R_NONE until somebody refuses */
    ag_reason_e candidate; /* a Require said no; final only if no other says yes */
    const char *detail;    /* for the client; never a secret, never an internal name; or NULL */
    /* The last address rule and its result (ag_rule_e), reused when httpd walks the Require tree again, after
     * somebody was identified. */
    const void *memo_rule;
    int memo_answer;
    const char *wanted;      /* the scopes a failed Require named, or NULL */
    const ag_asked_t *asked; /* by rules that could not be tested before it was known who asks; where that is told */
    ag_principal_t *who;     /* NULL until a credential is accepted */
    ag_principal_t *shown;   /* whose credential it was, where that is known though it was refused */
    const char *kind;        /* the kind of credential that was shown, or NULL */
    ag_quota_line_t *lines;  /* every limit that was evaluated, once that is to be told */
    int n_lines;
    const ag_quota_in_flight_t *in_flight; /* likewise, of ApiGuardConcurrency */
    const ag_findings_t *findings;         /* what is wrong with the input, place by place; or NULL */
    const char *field, *field_value; /* a field of the refusal that tells what would do: Allow, Accept; or NULL */
    const char *watched;             /* code of what a dry run would have refused, or NULL */
    apr_uint32_t retry_after;        /* seconds; 0: not said */
    unsigned over_tls : 1;           /* nothing secret was sent in clear: the client may be sent on to https */
    unsigned degraded : 1;           /* a store or the database was away, and the policy said go on */
} ag_verdict_t;

/* Notes what a dry run would have refused with; the first one stands. */
void ag_would_refuse(ag_verdict_t *verdict, ag_reason_e reason);

/* Refuses, unless that has happened. `detail` may be NULL. Returns the reason that stands. */
ag_reason_e ag_refuse(ag_verdict_t *verdict, ag_reason_e reason, const char *detail);

#endif
