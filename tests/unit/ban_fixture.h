/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_fixture: tables of bans in plain memory, rules, addresses by number, and failures of theirs, each checked
 * for what must hold of any.
 */
#ifndef AG_BAN_FIXTURE_H
#define AG_BAN_FIXTURE_H

#include "unit.h"

#include "../../src/ban/ban.h"

#define SECOND apr_time_from_sec(1)

static const ag_sip_key_t key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static inline ag_bans_t *table(void **state, apr_size_t sets)
{
    apr_size_t size = sizeof(ag_ban_head_t) + sets * sizeof(ag_ban_set_t);
    ag_bans_t *bans;

    assert_int_equal(ag_bans_attach(&bans, apr_palloc(*state, size), size, 1, &key, *state), APR_SUCCESS);
    return bans;
}

static inline ag_ban_rule_t rule(apr_uint64_t n, apr_uint32_t period, apr_int64_t duration)
{
    ag_ban_rule_t made;

    memset(&made, 0, sizeof made);
    made.window.rate.n = n;
    made.window.rate.period.seconds = period;
    made.window.algo = &ag_algo_sliding;
    made.duration = duration * SECOND;
    return made;
}

static inline ag_banned_t who(const char *ip)
{
    ag_banned_t made = {{{0}}, 7, "api.test"};

    assert_true(ag_ip_parse(&made.ip, ip));
    return made;
}

/* The n-th IPv4 address, or the n-th /64 of the network. */
static inline ag_banned_t numbered(const char *first, unsigned n)
{
    ag_banned_t made = who(first);
    int at = ag_ip_is4(&made.ip) ? 14 : 6;

    made.ip.byte[at] = (unsigned char)(n >> 8);
    made.ip.byte[at + 1] = (unsigned char)n;
    return made;
}

static inline ag_ban_e failure(ag_bans_t *bans, const ag_ban_rule_t *r, const ag_banned_t *w, apr_time_t now)
{
    apr_time_t until = -1;
    ag_ban_e result = ag_bans_count(&until, bans, r, w, now);

    assert_true(result == AG_BAN_COUNTED || result == AG_BAN_SHARED ? until == -1 : until > now);
    return result;
}

static inline int banned(ag_bans_t *bans, const ag_banned_t *w, apr_time_t now)
{
    apr_time_t until = ag_bans_until(bans, w, 0, now);

    assert_true(!until || ag_bans_maybe(bans, &w->ip, now));
    return until > now;
}

#endif
