/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dry_run: what the log is told of limits. Those that are only tried out refuse nobody, and say when they
 * would have: in the log and, by the verdict, in a variable of the request. What happens again and again is a
 * warning once a second.
 */
#include <string.h>

#include <apr_strings.h>

#include "bill.h"

ag_log_level_e ag_guard_level(const ag_check_t *check, apr_uint64_t whom, apr_uint32_t *more)
{
    const ag_exchange_t *exchange = check->exchange;
    const ag_log_t *log = exchange->request.log;
    ag_log_throttle_t *throttle = exchange->engine->throttle;

    *more = 0;
    if (log && log->level < AG_LOG_WARNING) {
        return AG_LOG_INFO; /* where nothing is told, no other section's line is used up */
    }
    whom ^= exchange->engine->cred.ban_server * APR_UINT64_C(0xC2B2AE3D27D4EB4F); /* each has a log of its own */
    return !throttle || ag_log_throttle_tell(throttle, whom, exchange->request.now, more) ? AG_LOG_WARNING
                                                                                          : AG_LOG_INFO;
}

const char *ag_guard_more(const ag_check_t *check, apr_uint32_t more)
{
    return more ? apr_psprintf(check->exchange->request.pool, "; and %u more since this was last told", more) : "";
}

static apr_uint64_t of_charge(const ag_charge_t *charge)
{
    return charge->subject->id.lo ^ charge->window->id.lo;
}

static apr_uint64_t of_address(const ag_check_t *check)
{
    ag_ip_t ip = check->exchange->request.ip;
    apr_uint64_t parts[2];

    ag_ip_mask6(&ip, 64);
    memcpy(parts, &ip, sizeof parts);
    return parts[0] ^ parts[1] ^ (apr_uint64_t)check->verdict.reason;
}

/* By the limit that refused, or a ban or the like. */
static apr_uint64_t whom_refused(const ag_check_t *check)
{
    const ag_bill_t *bill = check->verdict.reason == AG_R_RATE_EXCEEDED ? check->bill : NULL;
    int i;

    for (i = 0; bill && i < bill->n; i++) {
        if (!bill->charges[i].allowed && !bill->charges[i].dry_run) {
            return of_charge(&bill->charges[i]);
        }
    }
    return of_address(check);
}

/* As often as a client likes, without a mistake in its credential: over a limit, or after the end. */
static int repeats(ag_reason_e reason)
{
    return ag_reason(reason)->status == 429 || reason == AG_R_GONE;
}

ag_log_level_e ag_guard_refusal_level(const ag_check_t *check, apr_uint32_t *more)
{
    *more = 0;
    return repeats(check->verdict.reason) ? ag_guard_level(check, whom_refused(check), more) : AG_LOG_WARNING;
}

void ag_guard_watch(ag_check_t *check, const ag_charge_t *charges, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (charges[i].dry_run && !charges[i].allowed) {
            apr_uint32_t more;
            ag_log_level_e level = ag_guard_level(check, of_charge(&charges[i]), &more);

            ag_would_refuse(&check->verdict, AG_R_RATE_EXCEEDED);
            ag_log(check->exchange->request.log, level, 0,
                   "AG0506: ApiGuardRateLimit %s would have "
                   "refused%s",
                   charges[i].subject->limit->text, ag_guard_more(check, more));
        }
    }
}
