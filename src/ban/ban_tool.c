/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban_tool: what apiguardctl does with the table of bans. It has no key, so it looks at all of it.
 */
#include "ban_table.h"

#include <apr_strings.h>

/* One of two networks of IPv6, or addresses, holds the other. */
static int overlap(const ag_ban_slot_t *slot, const ag_ip_t *ip, int bits)
{
    ag_ip_t net = *ip, other = slot->ip;
    int least = slot->bits < (apr_uint32_t)bits ? (int)slot->bits : bits;

    ag_ip_mask6(&net, least);
    ag_ip_mask6(&other, least);
    return memcmp(&net, &other, sizeof net) == 0;
}

static int clear_slot(ag_ban_slot_t *slot, apr_time_t now)
{
    int ended = slot->server && slot->until > now;

    __atomic_store_n(&slot->until, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->server, 0, __ATOMIC_SEQ_CST);
    return ended;
}

static int clear_set(ag_ban_set_t *set, const ag_ip_t *ip, int bits, apr_time_t now)
{
    ag_ban_slot_t *slot;
    int ended;

    ag_lock_take(&set->lock);
    ended = clear_slot(&set->shared, now);
    for (slot = set->slot; slot < set->slot + AG_BAN_SET; slot++) {
        if (slot->server && (!ip || overlap(slot, ip, bits))) {
            ended += clear_slot(slot, now);
        }
    }
    ag_lock_give(&set->lock);
    return ended;
}

int ag_bans_clear(ag_bans_t *bans, const ag_ip_t *ip, int bits, apr_time_t now)
{
    apr_uint64_t i;
    int ended = 0;

    for (i = 0; i < bans->n_sets; i++) {
        ended += clear_set(&bans->sets[i], ip, bits, now);
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

void ag_bans_fill(ag_bans_fill_t *fill, ag_bans_t *bans, apr_time_t now)
{
    apr_uint64_t i;
    int way;

    memset(fill, 0, sizeof *fill);
    fill->places = bans->n_sets * AG_BAN_SET;
    for (i = 0; i < bans->n_sets; i++) {
        ag_lock_take(&bans->sets[i].lock);
        fill->shared += bans->sets[i].shared.until > now;
        for (way = 0; way < AG_BAN_SET; way++) {
            const ag_ban_slot_t *slot = &bans->sets[i].slot[way];

            fill->banned += slot->server && slot->until > now;
        }
        ag_lock_give(&bans->sets[i].lock);
    }
}

const char *ag_ban_text(const ag_ip_t *ip, int bits, apr_pool_t *p)
{
    const char *text = ag_ip_text(ip, p);

    return ag_ip_is4(ip) ? text : apr_psprintf(p, "%s/%d", text, bits);
}
