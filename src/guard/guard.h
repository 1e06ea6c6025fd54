/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: the order of the checks, and the only room that knows all others. It decides; it never
 * speaks to httpd, whose hooks run one phase each. steps.def has the steps and their order.
 */
#ifndef AG_GUARD_H
#define AG_GUARD_H

#include "../core/verdict.h"
#include "../input/input.h"
#include "../limit/inflight.h"
#include "../watch/callers.h"
#include "../watch/log_throttle.h"
#include "../watch/usage.h"
#include "policy.h"

/* What runs in one server process: settings, stores, keys. One for each virtual host; the stores
 * behind it are shared. */
typedef struct ag_engine_t {
    const ag_site_t *site;
    const ag_expr_port_t *expr;
    ag_cred_engine_t cred;
    ag_id_t server; /* of the server's name, or the fleet's prefix */
    ag_store_t *shm;
    ag_inflight_t *inflight; /* requests in flight */
    ag_store_t *memcached;   /* NULL: shared memory alone */
    ag_breaker_t *breaker;
    ag_usage_t *usage;
    ag_callers_t *callers;
    ag_log_throttle_t *throttle; /* NULL: everything is told */
} ag_engine_t;

/* What a request is charged for: bill.h. */
typedef struct ag_bill_t ag_bill_t;

/* One request of a client, whatever sub-requests and redirects come of it. */
typedef struct ag_exchange_t {
    ag_request_t request;
    const ag_engine_t *engine;
    ag_bill_t *bills;                   /* what was taken, latest first; each count at most once */
    struct ag_inflight_held_t *entered; /* where it is counted as in flight */
    ag_quota_in_flight_t *in_flight;    /* the limits that were evaluated for that, in their order */
    int passes;                         /* how many checks were made */

    /* Sub-requests end before the request does, with all their memory. */
    struct ag_check_t *passed_below;        /* those that passed the gate and live still, latest first */
    const struct ag_check_t *refused_below; /* a copy of the last that was refused before `begun` */
    int begun;                              /* a handler has begun, so work is being done: ag_guard_begin() */
    int audited;
    const char *id;              /* by which the client and the log call a refused one; NULL: nobody asked yet */
    int failed;                  /* it brought a wrong credential, and that was counted */
    const ag_openapi_t *held_to; /* the document that it was found to keep to, in its head; or NULL */
} ag_exchange_t;

/* One pass through the hooks: the request itself, a sub-request or a redirect. */
typedef struct ag_check_t {
    int number; /* within the exchange, from 1 */
    ag_exchange_t *exchange;
    const ag_policy_t *policy;
    ag_verdict_t verdict;
    ag_credential_t credential;
    const ag_bill_t *bill;            /* what its limits said last; NULL: nothing */
    const void *config;               /* httpd's own: the section it was made for */
    const char *problem;              /* likewise: what is sent instead of httpd's error page, or NULL */
    int page;                         /* likewise: that is HTML */
    apr_time_t banned;                /* until when the address is, as the section sees it; 0: it is not */
    int ban_looked;                   /* that was found out */
    int ours;                         /* AuthType ApiGuard is in force */
    int passed;                       /* the last gate is behind it */
    int below;                        /* a sub-request's: its refusal is not the client's answer */
    struct ag_check_t *passed_before; /* the next in exchange->passed_below */
    struct ag_ask_t *asks;            /* it is a request for a token; NULL: it is not */
    ag_input_call_t *input;           /* what is known of its input; made where ag_guard_checks_input() */
    const ag_operation_t *operation;  /* which one of the section's OpenAPI document it is; or NULL */
} ag_check_t;

typedef enum {
    AG_PHASE_ADDRESS,  /* access_checker: only the address is known */
    AG_PHASE_IDENTITY, /* check_authn: who is it? Sets verdict.who */
    AG_PHASE_GATE,     /* fixups: the last before the handler */
    AG_PHASE_BODY      /* behind it, once the body has been read */
} ag_phase_e;

/* 1 when a section of these settings has a step in that phase. `ours`: AuthType ApiGuard is in force. */
int ag_guard_wants(ag_phase_e phase, const ag_policy_t *policy, int ours);

/* Runs the phase's steps until one refuses: its reason, which is in the verdict, or AG_R_NONE. A refusal at the
 * gate gives back what all steps have taken. */
ag_reason_e ag_guard_run(ag_check_t *check, ag_phase_e phase);

/* ag_step_NAME() and, of those that take something, ag_step_NAME_undo(): steps.def. */
#define AG_STEP(phase, name, wants) ag_reason_e ag_step_##name(ag_check_t *check);
#define AG_STEP_TAKES(phase, name, wants)                                                                            \
    AG_STEP(phase, name, wants)                                                                                      \
    void ag_step_##name##_undo(ag_check_t *check);
#include "steps.def"
#undef AG_STEP
#undef AG_STEP_TAKES

/* A key shown by other means (AuthBasicProvider apiguard): identify and methods. */
ag_reason_e ag_guard_identify_key(ag_check_t *check, const char *key);

/* The request asks for a token with a key: reads it, identifies the client and decides what the token may say. The
 * reason, which is in the verdict, or AG_R_NONE and check->asks. */
struct ag_ask_sent_t;
ag_reason_e ag_guard_ask_token(ag_check_t *check, const struct ag_ask_sent_t *asked);

/* 1 unless the limit's when= says no. */
int ag_guard_applies(const ag_limit_t *limit, const ag_check_t *check);

/* The name of the first limit that was asked, or NULL. */
const char *ag_guard_limit(const ag_check_t *check);

/* Writes verdict.lines and verdict.in_flight: all that was charged so far, and what was refused. */
void ag_guard_tell(ag_check_t *check);

/* What was charged until now is never given back: somebody was refused for another reason than a limit. A
 * wrong password, say, was looked up. */
void ag_guard_final(ag_exchange_t *exchange);

/* A handler begins, so work is done for what was charged until now: it is never given back, whatever
 * refuses an ErrorDocument, a redirect or a sub-request later. */
void ag_guard_begin(ag_exchange_t *exchange);

/* Gives back what a refused request took: of a sub-request its own, else everything that is not
 * final. */
void ag_guard_give_back(const ag_check_t *check);

/* Tells of the charges that are dry runs and did not fit. */
void ag_guard_watch(ag_check_t *check, const ag_charge_t *charges, int n);

/* Log level for an event that may repeat: WARNING for the first in a second with this `whom` (a digest of the
 * event and its subject), else INFO; *more: how many were suppressed since the last warning. */
ag_log_level_e ag_guard_level(const ag_check_t *check, apr_uint64_t whom, apr_uint32_t *more);

/* The same for the refusal in the verdict. Those that come as often as a client likes are 429 and 410;
 * all others are told every time. */
ag_log_level_e ag_guard_refusal_level(const ag_check_t *check, apr_uint32_t *more);

/* The same number in words, to end a line with. */
const char *ag_guard_more(const ag_check_t *check, apr_uint32_t more);

/* An identified client was refused by Require: that counts like an answer, refuses nothing. */
void ag_guard_charge_denied(ag_check_t *check);

/* What a limit did without its counters: "local", "allow" or "deny"; NULL when it had them. */
const char *ag_check_degraded(const ag_check_t *check);

/* A copy that outlives the pass: enough to tell of its refusal, all of it from `p`. */
const ag_check_t *ag_check_keep(const ag_check_t *check, apr_pool_t *p);

/* ---- scopes ----------------------------------------------------------------------------------- */

/* All scopes that the section's rules ask for and ApiGuardMethodScopes does of this method, parted by blanks; NULL:
 * none. The rules' are known where the section has ApiGuardResourceMetadata. */
const char *ag_guard_scopes(const ag_check_t *check);

/* A copy of what was asked, all of it from `p`. */
const ag_asked_t *ag_guard_keep_asked(const ag_asked_t *asked, apr_pool_t *p);

/* ---- ban_step: for the other steps ------------------------------------------------------------ */

/* Until when the address is banned, as this section sees it; 0: it is not. */
apr_time_t ag_guard_banned(ag_check_t *check);

ag_reason_e ag_guard_ban_refuse(ag_check_t *check, apr_time_t until);

/* Counts a wrong credential. The reason to refuse with: `reason`, or that others were faster and the
 * address is banned. */
ag_reason_e ag_guard_ban_count(ag_check_t *check, ag_reason_e reason);

/* 1 when the request comes from a page of another origin that may not use the cookies of whoever reads it. */
int ag_guard_foreign(const ag_check_t *check);

/* Holds it to the section's OpenAPI document, as far as that can be seen before the body is read. The reason, whose
 * words are in check->input, or AG_R_NONE. */
ag_reason_e ag_guard_openapi(ag_check_t *check);

/* 1 when the section looks at what a request brings along. */
static inline int ag_guard_checks_input(const ag_policy_t *policy)
{
    return policy->validate || policy->body_schemas || policy->params || policy->openapi;
}

/* 1 when the gate may refuse whoever it is: the section limits, has an end, or checks input. */
static inline int ag_guard_gates(const ag_policy_t *policy)
{
    return policy->limits.windows || policy->concurrency.windows || (policy->deprecated && policy->deprecated->end)
           || ag_guard_checks_input(policy);
}

#endif
