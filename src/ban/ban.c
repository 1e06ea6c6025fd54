/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban: a header, then sets of eight slots with a lock each. An address stands in the set its digest
 * names, with a slot for each rule it has failed under (ban_slot.c).
 */
#include "ban_table.h"

#define MAGIC APR_UINT64_C(0x616762616e733034) /* "agbans04": changes with the layout */

static const ag_table_shape_t shape = {.magic = MAGIC, .head = sizeof(ag_ban_head_t), .stripe = sizeof(ag_ban_set_t)};

ag_banned_t ag_ban_whom(const ag_ip_t *ip, apr_uint64_t server, const char *name)
{
    ag_banned_t who = {*ip, server, name};

    ag_ip_mask6(&who.ip, AG_BAN_BITS);
    return who;
}

apr_status_t ag_bans_attach(ag_bans_t **out, void *memory, apr_size_t size, int fresh, const ag_sip_key_t *key,
                            apr_pool_t *p)
{
    ag_bans_t *bans = apr_pcalloc(p, sizeof *bans);
    ag_table_t table = {0};
    apr_status_t rv = ag_table_attach(&table, &shape, memory, size, fresh);

    bans->head = memory;
    bans->sets = (ag_ban_set_t *)table.stripes;
    bans->n_sets = table.n_stripes;
    bans->key = key;
    *out = bans;
    return rv;
}

/* ---- looking --------------------------------------------------------------------------------- */

/* The ban that stands, or NULL; *placed: there is a slot, banned or not. */
static ag_ban_slot_t *find_ban(int *placed, ag_ban_set_t *set, const ag_banned_t *who, apr_uint32_t bits, int dry_run,
                               apr_time_t now)
{
    ag_ban_slot_t *slot;

    *placed = 0;
    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (!ag_ban_slot_is(slot, who, bits)) {
            continue;
        }
        *placed = 1;
        if (ag_ban_stands(slot, dry_run, now)) {
            return slot;
        }
    }
    return NULL;
}

/* The same for an address, which may share its set's ban. Who has a slot is counted alone. */
static ag_ban_slot_t *find_own(ag_ban_set_t *set, const ag_banned_t *who, int dry_run, apr_time_t now)
{
    int placed;
    ag_ban_slot_t *slot = find_ban(&placed, set, who, AG_BAN_BITS, dry_run, now);

    return !placed && ag_ban_stands(&set->shared, dry_run, now) ? &set->shared : slot;
}

/* The ban of the network of so many bits that stands, or NULL; *locked gets the set, whose lock is then
 * held. */
static ag_ban_slot_t *find_one_net(ag_ban_set_t **locked, const ag_bans_t *bans, const ag_banned_t *who, int bits,
                                   int dry_run, apr_time_t now)
{
    ag_banned_t net = ag_ban_net_of(who, bits);
    ag_ban_slot_t *slot;
    int placed;

    *locked = ag_ban_set_of(bans, &net.ip);
    ag_lock_take(&(*locked)->lock);
    slot = find_ban(&placed, *locked, &net, (apr_uint32_t)bits, dry_run, now);
    if (!slot) {
        ag_lock_give(&(*locked)->lock);
    }
    return slot;
}

/* Of either network around it. */
static ag_ban_slot_t *find_net(ag_ban_set_t **locked, const ag_bans_t *bans, const ag_banned_t *who, int dry_run,
                               apr_time_t now)
{
    ag_ban_slot_t *slot;

    if (ag_ip_is4(&who->ip) || __atomic_load_n(&bans->head->wide, __ATOMIC_RELAXED) <= now) {
        return NULL;
    }
    slot = find_one_net(locked, bans, who, AG_BAN_NET, dry_run, now);
    return slot ? slot : find_one_net(locked, bans, who, AG_BAN_CUSTOMER, dry_run, now);
}

/* Whatever ban stands, or NULL; *locked as in find_net(). */
static ag_ban_slot_t *find_any(ag_ban_set_t **locked, const ag_bans_t *bans, const ag_banned_t *who, int dry_run,
                               apr_time_t now)
{
    ag_ban_slot_t *slot;

    *locked = ag_ban_set_of(bans, &who->ip);
    ag_lock_take(&(*locked)->lock);
    slot = find_own(*locked, who, dry_run, now);
    if (slot) {
        return slot;
    }
    ag_lock_give(&(*locked)->lock);
    return find_net(locked, bans, who, dry_run, now);
}

apr_time_t ag_bans_until(ag_bans_t *bans, const ag_banned_t *who, int dry_run, apr_time_t now)
{
    ag_ban_set_t *set;
    const ag_ban_slot_t *slot = find_any(&set, bans, who, dry_run, now);
    apr_time_t until = 0;

    if (slot) {
        until = slot->until;
        ag_lock_give(&set->lock);
    }
    return until;
}

int ag_bans_may_verify(ag_bans_t *bans, const ag_banned_t *who, apr_time_t now)
{
    apr_uint32_t second = (apr_uint32_t)apr_time_sec(now);
    ag_ban_set_t *set;
    ag_ban_slot_t *slot = find_any(&set, bans, who, 1, now);
    int may = 1;

    if (slot) {
        slot->spent = slot->second == second ? slot->spent : 0;
        slot->second = second;
        may = slot->spent < AG_BAN_BUDGET;
        slot->spent += (apr_uint32_t)may;
        ag_lock_give(&set->lock);
    }
    return may;
}

/* ---- one failure ----------------------------------------------------------------------------- */

static ag_ban_e count(apr_time_t *until, ag_bans_t *bans, ag_ban_set_t *set, const ag_ban_rule_t *rule,
                      const ag_banned_t *who, apr_time_t now)
{
    ag_ban_slot_t *slot = find_own(set, who, (int)rule->dry_run, now);
    ag_quota_t quota;

    if (slot) {
        *until = slot->until;
        return AG_BAN_STANDS;
    }
    slot = ag_ban_place(set, who, AG_BAN_BITS, rule, now);
    if (!slot) {
        return ag_ban_count_shared(until, bans, &set->shared, rule, now);
    }
    slot->touched = now;
    if (rule->window.algo->step(&slot->failures, &rule->window, now, 1, &quota) && quota.remaining > 0) {
        return AG_BAN_COUNTED;
    }
    ag_ban_begin(bans, slot, ag_bans_word(bans, &slot->ip), rule->duration, now);
    *until = slot->until;
    return AG_BAN_BEGINS;
}

ag_ban_e ag_bans_count(apr_time_t *until, ag_bans_t *bans, const ag_ban_rule_t *rule, const ag_banned_t *who,
                       apr_time_t now)
{
    ag_ban_set_t *set;
    const ag_ban_slot_t *slot = find_net(&set, bans, who, (int)rule->dry_run, now);
    ag_ban_e result;

    if (slot) {
        *until = slot->until;
        ag_lock_give(&set->lock);
        return AG_BAN_STANDS;
    }
    set = ag_ban_set_of(bans, &who->ip);
    ag_lock_take(&set->lock);
    result = count(until, bans, set, rule, who, now);
    ag_lock_give(&set->lock);
    if (result == AG_BAN_COUNTED) {
        return ag_ban_count_customer(until, bans, who, rule, now);
    }
    if (result != AG_BAN_BEGINS) {
        return result;
    }
    ag_ban_forget_customer(bans, who, rule, now);
    return ag_ban_count_net(until, bans, who, rule, now);
}
