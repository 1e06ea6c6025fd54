/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban: a header, then sets of eight slots with a lock each. An address stands in the set its digest
 * names, with a slot for each rule it has failed under.
 *
 * A slot is taken by the one store of its server. A process killed while it counts may leave a count
 * that is one off, never a ban that nobody asked for: the end of a ban is one store, too.
 */
#include "ban.h"

#include <apr_strings.h>

#define MAGIC APR_UINT64_C(0x616762616e733032) /* "agbans02": changes with the layout */

static int shape(apr_uint64_t *sets, apr_size_t size)
{
    *sets = size < sizeof(ag_ban_head_t) ? 0 : (size - sizeof(ag_ban_head_t)) / sizeof(ag_ban_set_t);
    return *sets > 0;
}

static apr_status_t format(const ag_bans_t *bans)
{
    apr_status_t rv = APR_SUCCESS;
    apr_uint64_t i, sets = bans->n_sets;

    memset(bans->head, 0, sizeof *bans->head + sets * sizeof *bans->sets);
    for (i = 0; rv == APR_SUCCESS && i < sets; i++) {
        rv = ag_lock_init(&bans->sets[i].lock);
    }
    bans->head->sets = sets;
    bans->head->magic = MAGIC;
    return rv;
}

apr_status_t ag_bans_attach(ag_bans_t **out, void *memory, apr_size_t size, int fresh,
                            const ag_sip_key_t *key, apr_pool_t *p)
{
    ag_bans_t *bans = apr_pcalloc(p, sizeof *bans);

    bans->head = memory;
    bans->sets = (ag_ban_set_t *)(bans->head + 1);
    bans->key = key;
    *out = bans;
    if (!shape(&bans->n_sets, size)) {
        return APR_EINVAL;
    }
    if (fresh) {
        return format(bans);
    }
    return bans->head->magic == MAGIC && bans->head->sets == bans->n_sets ? APR_SUCCESS : APR_EINVAL;
}

/* ---- looking --------------------------------------------------------------------------------- */

static ag_ban_set_t *set_of(const ag_bans_t *bans, const ag_ip_t *ip)
{
    return &bans->sets[ag_sip(bans->key, ip, sizeof *ip).lo % bans->n_sets];
}

static int is_of(const ag_ban_slot_t *slot, const ag_banned_t *who)
{
    return slot->server == who->server && memcmp(&slot->ip, &who->ip, sizeof slot->ip) == 0;
}

/* The ban that stands, or NULL. */
static ag_ban_slot_t *find_ban(ag_ban_set_t *set, const ag_banned_t *who, int dry_run,
                               apr_time_t now)
{
    ag_ban_slot_t *slot;

    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (is_of(slot, who) && slot->until > now && (dry_run || !slot->dry_run)) {
            return slot;
        }
    }
    return NULL;
}

apr_time_t ag_bans_until(ag_bans_t *bans, const ag_banned_t *who, int dry_run, apr_time_t now)
{
    ag_ban_set_t *set = set_of(bans, &who->ip);
    const ag_ban_slot_t *slot;
    apr_time_t until;

    ag_lock_take(&set->lock);
    slot = find_ban(set, who, dry_run, now);
    until = slot ? slot->until : 0;
    ag_lock_give(&set->lock);
    return until;
}

int ag_bans_spare(ag_bans_t *bans, const ag_banned_t *who, apr_time_t now)
{
    ag_ban_set_t *set = set_of(bans, &who->ip);
    apr_uint32_t second = (apr_uint32_t)apr_time_sec(now);
    ag_ban_slot_t *slot;
    int may = 1;

    ag_lock_take(&set->lock);
    slot = find_ban(set, who, 1, now);
    if (slot) {
        slot->spent = slot->second == second ? slot->spent : 0;
        slot->second = second;
        may = slot->spent < AG_BAN_BUDGET;
        slot->spent += (apr_uint32_t)may;
    }
    ag_lock_give(&set->lock);
    return may;
}

/* ---- counting -------------------------------------------------------------------------------- */

/* What is counted together: not an id, since two rules of the same numbers are the same. How they are
 * counted stands in it, too: the desk outlives the module. */
static apr_uint64_t rule_number(const ag_ban_rule_t *rule)
{
    const ag_rate_t *rate = &rule->window.rate;

    return (rate->n * APR_UINT64_C(0x9E3779B97F4A7C15) + rate->period.seconds)
               * APR_UINT64_C(0xC2B2AE3D27D4EB4F)
           + (apr_uint64_t)rule->duration * 2 + rule->dry_run
           + ((apr_uint64_t)ag_algo_number(rule->window.algo) << 56);
}

/* A free slot, else the one that was touched least recently of those that are not banned; or NULL. */
static ag_ban_slot_t *victim_of(ag_ban_set_t *set, apr_time_t now)
{
    ag_ban_slot_t *victim = NULL, *slot;

    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (!slot->server) {
            return slot;
        }
        if (slot->until <= now && (!victim || slot->touched < victim->touched)) {
            victim = slot;
        }
    }
    return victim;
}

static ag_ban_slot_t *claim(ag_ban_set_t *set, const ag_banned_t *who, const ag_ban_rule_t *rule,
                            apr_time_t now)
{
    ag_ban_slot_t *slot = victim_of(set, now);

    if (slot) {
        __atomic_store_n(&slot->server, 0, __ATOMIC_SEQ_CST);
        memset(slot, 0, sizeof *slot);
        slot->ip = who->ip;
        slot->rule = rule_number(rule);
        slot->dry_run = rule->dry_run;
        apr_cpystrn(slot->name, who->name, sizeof slot->name);
        __atomic_store_n(&slot->server, who->server, __ATOMIC_SEQ_CST);
    }
    return slot;
}

static ag_ban_slot_t *slot_of(ag_ban_set_t *set, const ag_banned_t *who, const ag_ban_rule_t *rule,
                              apr_time_t now)
{
    apr_uint64_t number = rule_number(rule);
    ag_ban_slot_t *slot;

    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (is_of(slot, who) && slot->rule == number) {
            return slot;
        }
    }
    return claim(set, who, rule, now);
}

/* Words of several sets may be raised at once; one is lowered by time alone. */
static void raise_word(apr_time_t *word, apr_time_t to)
{
    apr_time_t was = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (was < to
           && !__atomic_compare_exchange_n(word, &was, to, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
}

static void begin(ag_bans_t *bans, ag_ban_slot_t *slot, const ag_ban_rule_t *rule, apr_time_t now)
{
    static const ag_counter_t none = {0, 0, 0};
    apr_time_t until = now + rule->duration;

    slot->failures = none; /* so that when it ends, it ends */
    slot->began = now;
    __atomic_store_n(&slot->until, until, __ATOMIC_SEQ_CST);
    raise_word(ag_bans_word(bans, &slot->ip), until);
    __atomic_add_fetch(&bans->head->begun, 1, __ATOMIC_RELAXED);
}

static ag_ban_e count(apr_time_t *until, ag_bans_t *bans, ag_ban_set_t *set,
                      const ag_ban_rule_t *rule, const ag_banned_t *who, apr_time_t now)
{
    ag_ban_slot_t *slot = find_ban(set, who, rule->dry_run, now);
    ag_quota_t quota;

    if (slot) {
        *until = slot->until;
        return AG_BAN_STANDS;
    }
    slot = slot_of(set, who, rule, now);
    if (!slot) {
        __atomic_add_fetch(&bans->head->uncounted, 1, __ATOMIC_RELAXED);
        return AG_BAN_COUNTED;
    }
    slot->touched = now;
    if (rule->window.algo->step(&slot->failures, &rule->window, now, 1, &quota)
        && quota.remaining > 0) {
        return AG_BAN_COUNTED;
    }
    begin(bans, slot, rule, now);
    *until = slot->until;
    return AG_BAN_BEGINS;
}

ag_ban_e ag_bans_count(apr_time_t *until, ag_bans_t *bans, const ag_ban_rule_t *rule,
                       const ag_banned_t *who, apr_time_t now)
{
    ag_ban_set_t *set = set_of(bans, &who->ip);
    ag_ban_e result;

    ag_lock_take(&set->lock);
    result = count(until, bans, set, rule, who, now);
    ag_lock_give(&set->lock);
    return result;
}

/* ---- for the tool ---------------------------------------------------------------------------- */

static int clear_set(ag_ban_set_t *set, const ag_ip_t *ip, apr_time_t now)
{
    ag_ban_slot_t *slot;
    int ended = 0;

    ag_lock_take(&set->lock);
    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (slot->server && (!ip || memcmp(&slot->ip, ip, sizeof *ip) == 0)) {
            ended += slot->until > now;
            __atomic_store_n(&slot->server, 0, __ATOMIC_SEQ_CST);
        }
    }
    ag_lock_give(&set->lock);
    return ended;
}

int ag_bans_clear(ag_bans_t *bans, const ag_ip_t *ip, apr_time_t now)
{
    ag_ip_t net = {{0}};
    apr_uint64_t i;
    int ended = 0;

    if (ip) {
        net = *ip;
        ag_ip_mask6(&net, 64);
    }
    for (i = 0; i < bans->n_sets; i++) {
        ended += clear_set(&bans->sets[i], ip ? &net : NULL, now);
    }
    return ended;
}

apr_array_header_t *ag_bans_list(ag_bans_t *bans, apr_time_t now, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 8, sizeof(ag_ban_slot_t));
    apr_uint64_t i;
    int way;

    for (i = 0; i < bans->n_sets; i++) {
        ag_lock_take(&bans->sets[i].lock);
        for (way = 0; way < AG_BAN_SET; way++) {
            const ag_ban_slot_t *slot = &bans->sets[i].slot[way];

            if (slot->server && slot->until > now) {
                ag_ban_slot_t *copy = apr_array_push(list);

                *copy = *slot;
                copy->name[AG_BAN_NAME - 1] = '\0';
            }
        }
        ag_lock_give(&bans->sets[i].lock);
    }
    return list;
}

const char *ag_ban_text(const ag_ip_t *ip, apr_pool_t *p)
{
    return apr_pstrcat(p, ag_ip_text(ip, p), ag_ip_is4(ip) ? NULL : "/64", NULL);
}
