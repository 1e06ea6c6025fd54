/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight: ApiGuardConcurrency. A request that is let in holds a slot of every count that applies, until
 * its answer is through and its pool ends, or its process dies. All or none; redirects and sub-requests
 * are the same request.
 */
#include <string.h>

#include <apr_strings.h>

#include "guard.h"

/* One count of an exchange; sub-requests may end before it. */
typedef struct ag_inflight_held_t {
    ag_id_t id;
    ag_inflight_t *inflight;
    apr_uint32_t slot;
    int by; /* the number of the pass that took it */
    struct ag_inflight_held_t *next;
} ag_inflight_held_t;

static apr_status_t give(void *entered)
{
    const ag_inflight_held_t *one = entered;

    ag_inflight_give(one->inflight, one->slot);
    return APR_SUCCESS;
}

static ag_id_t count_of(unsigned *may, const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;
    ag_subject_t subject;

    ag_limit_subject(&subject, limit, &exchange->request, check->verdict.who, exchange->engine->expr,
                     exchange->engine->cred.sip);
    *may = ag_room_plain(&subject);
    return ag_id_mix(subject.id, limit->windows->id);
}

static int is_in(const ag_exchange_t *exchange, ag_id_t id)
{
    const ag_inflight_held_t *one;

    for (one = exchange->entered; one && !ag_id_equal(one->id, id); one = one->next) {
    }
    return one != NULL;
}

static void note(ag_check_t *check, ag_id_t id, apr_uint32_t slot)
{
    ag_exchange_t *exchange = check->exchange;
    ag_inflight_held_t *one = apr_palloc(exchange->request.pool, sizeof *one);

    one->id = id;
    one->inflight = exchange->engine->inflight;
    one->slot = slot;
    one->by = check->number;
    one->next = exchange->entered;
    exchange->entered = one;
    apr_pool_cleanup_register(exchange->request.pool, one, give, apr_pool_cleanup_null);
}

static int is_told(const ag_quota_in_flight_t *told, const ag_limit_t *limit)
{
    const ag_quota_policy_t *wire = &limit->windows->wire;

    return told->dry_run == limit->dry_run && told->policy->field_size == wire->field_size
           && memcmp(told->policy->field, wire->field, wire->field_size) == 0;
}

/* What answers tell of the limit, once: another pass of the exchange may evaluate it again. */
static ag_quota_in_flight_t *tell(const ag_check_t *check, const ag_limit_t *limit)
{
    apr_pool_t *p = check->exchange->request.pool;
    ag_quota_in_flight_t **at = &check->exchange->in_flight;
    ag_quota_policy_t *kept;

    while (*at && !is_told(*at, limit)) {
        at = &(*at)->next;
    }
    if (!*at) {
        *at = apr_pcalloc(p, sizeof **at);
        (*at)->policy = &limit->windows->wire;
        (*at)->dry_run = limit->dry_run;
        if (check->below) { /* its .htaccess ends with it */
            (*at)->policy = kept = apr_pmemdup(p, &limit->windows->wire, sizeof *kept);
            ag_quota_outlive(kept, p);
        }
    }
    return *at;
}

static ag_reason_e refuse(ag_check_t *check, const ag_limit_t *limit, ag_id_t count)
{
    ag_verdict_t *verdict = &check->verdict;

    if (limit->dry_run) {
        apr_uint32_t more;
        ag_log_level_e level = ag_guard_level(check, count.lo, &more);

        ag_would_refuse(verdict, AG_R_CONCURRENCY_EXCEEDED);
        ag_log(check->exchange->request.log, level, 0,
               "AG0505: ApiGuardConcurrency %s would have "
               "refused%s",
               limit->text, ag_guard_more(check, more));
        return AG_R_NONE;
    }
    verdict->retry_after = 1; /* nobody knows how long the others take */
    verdict->in_flight = check->exchange->in_flight;
    ag_refuse(verdict, AG_R_CONCURRENCY_EXCEEDED,
              apr_psprintf(check->exchange->request.pool, "No more than %" APR_UINT64_T_FMT " at a time",
                           limit->windows->rate.n));
    return verdict->reason;
}

static ag_reason_e enter(ag_check_t *check, const ag_limit_t *limit)
{
    const ag_exchange_t *exchange = check->exchange;
    unsigned may;
    ag_id_t id = count_of(&may, limit, check);
    ag_quota_in_flight_t *told;
    apr_uint32_t slot;

    if (is_in(exchange, id)) {
        return AG_R_NONE;
    }
    told = tell(check, limit);
    slot = ag_inflight_take_of(exchange->engine->inflight, id, may, limit->windows->rate.n, exchange->request.now);
    told->refused |= !slot;
    if (!slot) {
        return refuse(check, limit, id);
    }
    note(check, id, slot);
    return AG_R_NONE;
}

/* Lets the request in among those in flight until its pool ends. */
ag_reason_e ag_step_inflight(ag_check_t *check)
{
    const apr_array_header_t *limits = check->policy->concurrency.list;
    ag_reason_e reason = check->verdict.reason;
    int i;

    for (i = 0; limits && reason == AG_R_NONE && i < limits->nelts; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits, i, ag_limit_t *);

        if (limit && ag_guard_applies(limit, check)) {
            reason = enter(check, limit);
        }
    }
    return reason;
}

void ag_step_inflight_undo(ag_check_t *check)
{
    ag_exchange_t *exchange = check->exchange;

    while (exchange->entered && exchange->entered->by == check->number) {
        ag_inflight_held_t *one = exchange->entered;

        exchange->entered = one->next;
        apr_pool_cleanup_run(exchange->request.pool, one, give);
    }
}
