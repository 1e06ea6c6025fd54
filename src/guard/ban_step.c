/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_step: what a ban means to a request. A banned address gets no look-up for a credential that is
 * not known to be good; what is known passes, so that nobody can lock out others behind the same
 * address. Each request counts once.
 */
#include "../watch/audit.h"
#include "guard.h"

static ag_banned_t banned_of(const ag_check_t *check)
{
    const ag_cred_engine_t *engine = &check->exchange->engine->cred;

    return ag_ban_whom(&check->exchange->request.ip, engine->ban_server, engine->ban_name);
}

static apr_time_t look(const ag_check_t *check)
{
    ag_banned_t who = banned_of(check);

    return ag_bans_until(check->exchange->engine->cred.bans, &who, check->policy->ban.dry_run,
                         check->exchange->request.now);
}

/* Once a pass: who is banned meanwhile is found out when the failure is counted. */
apr_time_t ag_guard_banned(ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;

    if (!check->ban_looked) {
        check->ban_looked = 1;
        if (check->policy->ban.duration && exchange->engine->cred.bans
            && ag_bans_maybe(exchange->engine->cred.bans, &exchange->request.ip, exchange->request.now)) {
            check->banned = look(check);
        }
    }
    return check->banned;
}

ag_reason_e ag_guard_ban_refuse(ag_check_t *check, apr_time_t until)
{
    apr_time_t left = until - check->exchange->request.now + APR_USEC_PER_SEC - 1;

    check->verdict.retry_after = left < APR_USEC_PER_SEC ? 1 : (apr_uint32_t)apr_time_sec(left);
    return ag_refuse(&check->verdict, AG_R_BANNED, NULL);
}

/* Of the address, or with fewer bits of a network around it: for so many banned addresses, or with `alone` for its
 * failures. */
static void tell(const ag_check_t *check, const ag_banned_t *who, int bits, int alone, apr_time_t until)
{
    const ag_ban_rule_t *rule = &check->policy->ban;
    const ag_request_t *request = &check->exchange->request;
    ag_ip_t ip = who->ip;
    ag_ban_event_t event = {.server = who->name,
                            .net = bits < AG_BAN_BITS && !alone,
                            .n = alone ? ag_ban_customer_failures(rule) : rule->window.rate.n,
                            .period = rule->window.rate.period.seconds,
                            .duration = apr_time_sec(rule->duration),
                            .until = apr_time_sec(until),
                            .hard = rule->hard,
                            .dry_run = rule->dry_run};

    ag_ip_mask6(&ip, bits);
    event.ip = ag_ban_text(&ip, bits, request->pool);
    event.n = event.net && event.n < AG_BAN_NET_LEAST ? AG_BAN_NET_LEAST : event.n;
    ag_log(request->log, AG_LOG_WARNING, 0, "AG0141: %s", ag_audit_ban(&event, request->pool));
}

/* Some of them are refused for what others did: whoever runs the server should know. */
static void tell_shared(const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;
    ag_bans_t *bans = exchange->engine->cred.bans;

    if (ag_bans_turn(bans, exchange->request.now)) {
        ag_log(exchange->request.log, AG_LOG_WARNING, 0,
               "AG0701: the table of bans is full: since the "
               "start %" APR_UINT64_T_FMT " wrong credentials of addresses without a place were counted "
               "together with others', who may be banned with them; a larger ApiGuardSharedMemory "
               "holds more",
               ag_bans_shared(bans));
    }
}

ag_reason_e ag_guard_ban_count(ag_check_t *check, ag_reason_e reason)
{
    const ag_ban_rule_t *rule = &check->policy->ban;
    ag_exchange_t *exchange = check->exchange;
    ag_banned_t who = banned_of(check);
    apr_time_t until = 0;
    ag_ban_e result;

    if (!rule->duration || !exchange->engine->cred.bans || exchange->failed) {
        return reason;
    }
    exchange->failed = 1;
    result = ag_bans_count(&until, exchange->engine->cred.bans, rule, &who, exchange->request.now);
    switch (result) {
    case AG_BAN_COUNTED:
        return reason;
    case AG_BAN_BEGINS:
        tell(check, &who, AG_BAN_BITS, 0, until);
        return reason;
    case AG_BAN_CUSTOMER_ALONE:
        tell(check, &who, AG_BAN_CUSTOMER, 1, until);
        return reason;
    case AG_BAN_NET_ALONE:
        tell(check, &who, AG_BAN_CUSTOMER, 1, until);
        tell(check, &who, AG_BAN_NET, 0, until);
        return reason;
    case AG_BAN_CUSTOMER_BEGINS:
    case AG_BAN_NET_BEGINS:
        tell(check, &who, AG_BAN_BITS, 0, until);
        tell(check, &who, result == AG_BAN_NET_BEGINS ? AG_BAN_NET : AG_BAN_CUSTOMER, 0, until);
        return reason;
    case AG_BAN_SHARED:
    case AG_BAN_SHARED_BEGINS:
        tell_shared(check);
        return reason;
    case AG_BAN_STANDS:
        break;
    }
    if (rule->dry_run) {
        ag_would_refuse(&check->verdict, AG_R_BANNED);
        return reason;
    }
    return ag_guard_ban_refuse(check, until);
}
