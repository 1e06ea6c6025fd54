/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_wide: bans of more than one address, so that no flood of banned ones leaves others uncounted: of
 * an IPv6 network, and of all those for whom there is no slot.
 */
#include "ban_table.h"

#include "../watch/counters.h"

/* ---- with others that have no place ---------------------------------------------------------- */

#define LONGEST apr_time_from_sec(366 * 86400) /* of any rule; the memory may say anything */

static apr_time_t longer(apr_time_t a, apr_time_t b)
{
    a = a > LONGEST ? LONGEST : a;
    return a > b ? a : b;
}

/* Rules, and servers, share the place, too. It counts as the strictest of them would: the fewest
 * failures, until there is none for the longest period. */
static void share(ag_ban_slot_t *shared, const ag_ban_rule_t *rule, apr_time_t now)
{
    apr_time_t period = apr_time_from_sec((apr_time_t)rule->window.rate.period.seconds);
    apr_uint64_t quiet = (apr_uint64_t)now - (apr_uint64_t)shared->touched; /* huge, if that is to come */
    int idle = shared->until <= now && quiet >= shared->failures.c;

    if (!shared->server || idle || shared->dry_run > rule->dry_run) {
        memset(shared, 0, sizeof *shared);
        shared->server = 1;
        shared->dry_run = rule->dry_run;
        shared->failures.b = rule->window.rate.n;
    }
    if (rule->window.rate.n < shared->failures.b) {
        shared->failures.b = rule->window.rate.n;
    }
    shared->failures.c = (apr_uint64_t)longer((apr_time_t)shared->failures.c, period);
    shared->rule = (apr_uint64_t)longer((apr_time_t)shared->rule, rule->duration);
    shared->touched = now;
}

/* All of the set's slots are banned. A dry run is no reason to refuse those who share the place. */
ag_ban_e ag_ban_count_shared(apr_time_t *until, ag_bans_t *bans, ag_ban_slot_t *shared, const ag_ban_rule_t *rule,
                             apr_time_t now)
{
    apr_time_t duration;

    if (rule->dry_run && shared->server && !shared->dry_run) {
        __atomic_add_fetch(&bans->head->uncounted, 1, __ATOMIC_RELAXED);
        return AG_BAN_COUNTED;
    }
    share(shared, rule, now);
    __atomic_add_fetch(&bans->head->shared, 1, __ATOMIC_RELAXED);
    if (++shared->failures.a < shared->failures.b) {
        return AG_BAN_SHARED;
    }
    duration = (apr_time_t)shared->rule;
    ag_ban_begin(bans, shared, &bans->head->wide, duration, now);
    *until = shared->until;
    return AG_BAN_SHARED_BEGINS;
}

int ag_bans_turn(ag_bans_t *bans, apr_time_t now)
{
    apr_time_t last = __atomic_load_n(&bans->head->told, __ATOMIC_RELAXED);

    return (now < last || now - last >= apr_time_from_sec(10))
           && __atomic_compare_exchange_n(&bans->head->told, &last, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* ---- networks -------------------------------------------------------------------------------- */

/* Who is banned in a network: addresses, and smaller networks. */
typedef struct {
    apr_uint64_t n;
    unsigned char customer; /* the /56 of one of them, in a /48, */
    int several;            /* and whether another one is of another */
} inside_t;

static int is_in(const ag_ban_slot_t *slot, const ag_banned_t *net, int bits, int dry_run, apr_time_t now)
{
    return __atomic_load_n(&slot->until, __ATOMIC_ACQUIRE) > now && (dry_run || !slot->dry_run)
           && slot->server == net->server && slot->bits > (apr_uint32_t)bits && !ag_ip_is4(&slot->ip)
           && memcmp(&slot->ip, &net->ip, (apr_size_t)bits / 8) == 0;
}

/* By a glance without the lock: nearly every set has none. Whose ban begins meanwhile looks himself. */
static int may_be_in(const ag_ban_set_t *set, const ag_banned_t *net, int bits, int dry_run, apr_time_t now)
{
    int way;

    for (way = 0; way < AG_BAN_SET && !is_in(&set->slot[way], net, bits, dry_run, now); way++) {
    }
    return way < AG_BAN_SET;
}

static void add(inside_t *inside, const ag_ban_slot_t *slot)
{
    unsigned char customer = slot->ip.byte[AG_BAN_CUSTOMER / 8 - 1];

    inside->several |= inside->n && customer != inside->customer;
    inside->customer = customer;
    inside->n++;
}

/* Adds those of the set; they are freed when the network's own ban stands until `covered`. */
static void look_into(inside_t *inside, ag_ban_set_t *set, const ag_banned_t *net, int bits, int dry_run,
                      apr_time_t covered, apr_time_t now)
{
    ag_ban_slot_t *slot;

    ag_lock_take(&set->lock);
    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (!is_in(slot, net, bits, dry_run, now)) {
            continue;
        }
        add(inside, slot);
        if (slot->until <= covered && slot->dry_run == (apr_uint32_t)dry_run) {
            __atomic_store_n(&slot->server, 0, __ATOMIC_SEQ_CST);
        }
    }
    ag_lock_give(&set->lock);
}

static inside_t all_in_net(ag_bans_t *bans, const ag_banned_t *net, int bits, int dry_run, apr_time_t covered,
                           apr_time_t now)
{
    inside_t inside = {0, 0, 0};
    apr_uint64_t i;

    for (i = 0; i < bans->n_sets; i++) {
        if (may_be_in(&bans->sets[i], net, bits, dry_run, now)) {
            look_into(&inside, &bans->sets[i], net, bits, dry_run, covered, now);
        }
    }
    return inside;
}

static int begin_net(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *net, int bits, const ag_ban_rule_t *rule,
                     apr_time_t now)
{
    ag_ban_set_t *set = ag_ban_set_of(bans, &net->ip);
    ag_ban_slot_t *slot;
    int begins = 0;

    ag_lock_take(&set->lock);
    slot = ag_ban_place(set, net, (apr_uint32_t)bits, rule, now);
    if (slot && slot->until <= now) {
        ag_ban_begin(bans, slot, &bans->head->wide, rule->duration, now);
        *until = slot->until;
        begins = 1;
        ag_count(AG_COUNT_BANS_NETWORKS);
    }
    ag_lock_give(&set->lock);
    return begins;
}

/* So many banned ones make a network. */
static apr_uint64_t enough(const ag_ban_rule_t *rule)
{
    return rule->window.rate.n < AG_BAN_NET_LEAST ? AG_BAN_NET_LEAST : rule->window.rate.n;
}

/* 1 when it did. What makes a /48 must be of several /56s: no customer has his provider's banned. */
static int ban_net(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, int bits, const ag_ban_rule_t *rule,
                   apr_time_t now)
{
    ag_banned_t net = ag_ban_net_of(who, bits);
    inside_t inside = all_in_net(bans, &net, bits, (int)rule->dry_run, 0, now);

    if (inside.n < enough(rule) || (bits < AG_BAN_CUSTOMER && !inside.several)
        || !begin_net(until, bans, &net, bits, rule, now)) {
        return 0;
    }
    all_in_net(bans, &net, bits, (int)rule->dry_run, *until, now);
    return 1;
}

/* An address of it has just been banned. All of the table is looked at, once in as many failures as a
 * ban takes. */
ag_ban_e ag_ban_count_net(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule,
                          apr_time_t now)
{
    if (ag_ip_is4(&who->ip)) {
        return AG_BAN_BEGINS;
    }
    if (ban_net(until, bans, who, AG_BAN_NET, rule, now)) {
        return AG_BAN_NET_BEGINS;
    }
    return ban_net(until, bans, who, AG_BAN_CUSTOMER, rule, now) ? AG_BAN_CUSTOMER_BEGINS : AG_BAN_BEGINS;
}

apr_uint64_t ag_ban_customer_failures(const ag_ban_rule_t *rule)
{
    apr_uint64_t n = enough(rule);

    return n < AG_RATE_MAX / n ? n * n : AG_RATE_MAX;
}

static ag_window_t customer_window(const ag_ban_rule_t *rule)
{
    ag_window_t window = rule->window;

    window.rate.n = ag_ban_customer_failures(rule);
    window.algo = ag_algo_for(&ag_algo_sliding, window.rate.n);
    return window;
}

/* A ban that outlasts the window needs no such thing: nobody comes again in time. */
void ag_ban_forget_customer(ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule, apr_time_t now)
{
    ag_banned_t net = ag_ban_net_of(who, AG_BAN_CUSTOMER);
    ag_ban_set_t *set = ag_ban_set_of(bans, &net.ip);
    ag_window_t window = customer_window(rule);
    ag_ban_slot_t *slot;

    if (ag_ip_is4(&who->ip) || rule->duration >= apr_time_from_sec((apr_time_t)window.rate.period.seconds)) {
        return;
    }
    ag_lock_take(&set->lock);
    slot = ag_ban_place(set, &net, AG_BAN_CUSTOMER, rule, now);
    if (slot) {
        window.algo->refund(&slot->failures, &window, now, rule->window.rate.n - 1, now);
    }
    ag_lock_give(&set->lock);
}

/* Who has a place of his own for his /56 is counted there beside; it is no loss where there is none. */
static ag_ban_e count_customer(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule,
                               apr_time_t now)
{
    ag_banned_t net = ag_ban_net_of(who, AG_BAN_CUSTOMER);
    ag_ban_set_t *set = ag_ban_set_of(bans, &net.ip);
    ag_window_t window = customer_window(rule);
    ag_ban_e result = AG_BAN_COUNTED;
    ag_ban_slot_t *slot;
    ag_quota_t quota;

    ag_lock_take(&set->lock);
    slot = ag_ban_place(set, &net, AG_BAN_CUSTOMER, rule, now);
    if (slot && slot->until <= now) {
        slot->touched = now;
        if (!window.algo->step(&slot->failures, &window, now, 1, &quota) || quota.remaining == 0) {
            ag_ban_begin(bans, slot, &bans->head->wide, rule->duration, now);
            *until = slot->until;
            result = AG_BAN_CUSTOMER_ALONE;
        }
    }
    ag_lock_give(&set->lock);
    return result;
}

ag_ban_e ag_ban_count_customer(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule,
                               apr_time_t now)
{
    ag_ban_e result = ag_ip_is4(&who->ip) ? AG_BAN_COUNTED : count_customer(until, bans, who, rule, now);

    return result == AG_BAN_CUSTOMER_ALONE && ban_net(until, bans, who, AG_BAN_NET, rule, now) ? AG_BAN_NET_ALONE
                                                                                               : result;
}
