/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_slot: one place in the table of bans: whose it is, who gives way, and when a ban begins.
 *
 * A slot is taken by the one store of its server. A process killed while it counts may leave a count
 * that is one off, never a ban that nobody asked for: the end of a ban is one store, too.
 */
#include "ban_table.h"

#include <apr_strings.h>

#include "../watch/counters.h"

ag_ban_set_t *ag_ban_set_of(const ag_bans_t *bans, const ag_ip_t *ip)
{
    return &bans->sets[ag_sip(bans->key, ip, sizeof *ip).lo % bans->n_sets];
}

int ag_ban_slot_is(const ag_ban_slot_t *slot, const ag_banned_t *who, apr_uint32_t bits)
{
    return slot->server == who->server && slot->bits == bits && memcmp(&slot->ip, &who->ip, sizeof slot->ip) == 0;
}

ag_banned_t ag_ban_net_of(const ag_banned_t *who, int bits)
{
    ag_banned_t net = *who;

    ag_ip_mask6(&net.ip, bits);
    return net;
}

/* What is counted together: not an id, since two rules of the same numbers are the same. How they are
 * counted stands in it, too: the control file outlives the module. */
static apr_uint64_t rule_number(const ag_ban_rule_t *rule)
{
    const ag_rate_t *rate = &rule->window.rate;

    return (rate->n * APR_UINT64_C(0x9E3779B97F4A7C15) + rate->period.seconds) * APR_UINT64_C(0xC2B2AE3D27D4EB4F)
           + (apr_uint64_t)rule->duration * 2 + rule->dry_run
           + ((apr_uint64_t)ag_algo_number(rule->window.algo) << 56);
}

/* A free slot gives way first, then whoever failed least recently; who is banned does not. */
static apr_time_t worth(const void *at, apr_time_t now)
{
    const ag_ban_slot_t *slot = at;

    if (!slot->server) {
        return AG_TABLE_FREE;
    }
    return slot->until > now ? AG_TABLE_KEEP : slot->touched;
}

static ag_ban_slot_t *claim(ag_ban_set_t *set, const ag_banned_t *who, apr_uint32_t bits, const ag_ban_rule_t *rule,
                            apr_time_t now)
{
    ag_ban_slot_t *slot = ag_table_victim(set->slot, sizeof *slot, (1u << AG_BAN_SET) - 1, worth, now);

    if (slot) {
        __atomic_store_n(&slot->server, 0, __ATOMIC_SEQ_CST);
        memset(slot, 0, sizeof *slot);
        slot->ip = who->ip;
        slot->bits = bits;
        slot->rule = rule_number(rule);
        slot->dry_run = rule->dry_run;
        apr_cpystrn(slot->name, who->name, sizeof slot->name);
        __atomic_store_n(&slot->server, who->server, __ATOMIC_SEQ_CST);
    }
    return slot;
}

ag_ban_slot_t *ag_ban_place(ag_ban_set_t *set, const ag_banned_t *who, apr_uint32_t bits, const ag_ban_rule_t *rule,
                            apr_time_t now)
{
    apr_uint64_t number = rule_number(rule);
    ag_ban_slot_t *slot;

    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (ag_ban_slot_is(slot, who, bits) && slot->rule == number) {
            return slot;
        }
    }
    return claim(set, who, bits, rule, now);
}

/* Words of several sets may be raised at once; one is lowered by time alone. */
static void raise_word(apr_time_t *word, apr_time_t to)
{
    apr_time_t was = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (was < to && !__atomic_compare_exchange_n(word, &was, to, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
}

void ag_ban_begin(ag_bans_t *bans, ag_ban_slot_t *slot, apr_time_t *word, apr_time_t duration, apr_time_t now)
{
    static const ag_counter_t none = {0, 0, 0};

    slot->failures = none; /* so that when it ends, it ends */
    slot->began = now;
    __atomic_store_n(&slot->until, now + duration, __ATOMIC_SEQ_CST);
    raise_word(word, now + duration);
    __atomic_add_fetch(&bans->head->begun, 1, __ATOMIC_RELAXED);
    ag_count(AG_COUNT_BANS);
}
