/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_table: what the files of the table of bans have in common. See ban.h.
 */
#ifndef AG_BAN_TABLE_H
#define AG_BAN_TABLE_H

#include "ban.h"

/* The set of an address, or of a network's first one. */
ag_ban_set_t *ag_ban_set_of(const ag_bans_t *bans, const ag_ip_t *ip);

/* The network of so many bits around an address. */
ag_banned_t ag_ban_net_of(const ag_banned_t *who, int bits);

/* ---- with the lock of the set held ----------------------------------------------------------- */

static inline int ag_ban_stands(const ag_ban_slot_t *slot, int dry_run, apr_time_t now)
{
    return slot->until > now && (dry_run || !slot->dry_run);
}

/* Is it that of the address or network? Of any rule. */
int ag_ban_slot_is(const ag_ban_slot_t *slot, const ag_banned_t *who, apr_uint32_t bits);

/* The slot of an address or network under a rule, a new one if need be; NULL: all are banned. */
ag_ban_slot_t *ag_ban_place(ag_ban_set_t *set, const ag_banned_t *who, apr_uint32_t bits, const ag_ban_rule_t *rule,
                            apr_time_t now);

/* A ban begins; `word` is asked before the table. */
void ag_ban_begin(ag_bans_t *bans, ag_ban_slot_t *slot, apr_time_t *word, apr_time_t duration, apr_time_t now);

/* Counts a failure of somebody for whom there is no slot. */
ag_ban_e ag_ban_count_shared(apr_time_t *until, ag_bans_t *bans, ag_ban_slot_t *shared, const ag_ban_rule_t *rule,
                             apr_time_t now);

/* ---- with no lock held ----------------------------------------------------------------------- */

/* A failure that bans no address counts for its /56: who comes from another /64 before each ban would else never
 * be banned. AG_BAN_COUNTED, AG_BAN_CUSTOMER_ALONE or AG_BAN_NET_ALONE. */
ag_ban_e ag_ban_count_customer(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule,
                               apr_time_t now);

/* An address has just been banned for what was counted for its /56, too: that is forgotten there, or whoever is banned
 * again and again for less than the window would have his neighbours banned. */
void ag_ban_forget_customer(ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule, apr_time_t now);

/* After an address was banned: bans a network around it, too, if that is due. AG_BAN_BEGINS when it is
 * not. */
ag_ban_e ag_ban_count_net(apr_time_t *until, ag_bans_t *bans, const ag_banned_t *who, const ag_ban_rule_t *rule,
                          apr_time_t now);

#endif
