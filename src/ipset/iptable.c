/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptable: the asking half; see iptable.h. The block may be written anew while it is read (ipshare),
 * so each word is read just once and believed only within bounds.
 */
#include <apr_strings.h>

#include "iptable_layout.h"

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)

/* Who owns the last piece that begins at or before the address. */
static apr_uint32_t owner4(const ag_iptable_t *head, const void *block, apr_uint32_t ip)
{
    const apr_uint32_t *cut = cuts4(head, block);
    apr_uint32_t low = 0, high = head->n4;

    while (low < high) {
        apr_uint32_t middle = low + (high - low) / 2;

        if (LOAD(cut[middle]) <= ip) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low ? LOAD(cut[head->n4 + low - 1]) : 0;
}

static apr_uint32_t owner6(const ag_iptable_t *head, const void *block, cut6_t ip)
{
    const cut6_t *cut = cuts6(block);
    apr_uint32_t low = 0, high = head->n6;

    while (low < high) {
        apr_uint32_t middle = low + (high - low) / 2;
        apr_uint64_t hi = LOAD(cut[middle].hi);

        if (hi < ip.hi || (hi == ip.hi && LOAD(cut[middle].lo) <= ip.lo)) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low ? LOAD(owners6(head, block)[low - 1]) : 0;
}

apr_uint32_t ag_iptable_find(const ag_iptable_t *head, const void *block, const ag_ip_t *ip, apr_uint32_t now)
{
    const apr_uint32_t *life = lives(head, block);
    apr_uint32_t owner = ag_ip_is4(ip) ? owner4(head, block, number4(ip)) : owner6(head, block, number6(ip));

    while (owner && owner <= head->kept) {
        apr_uint32_t expires = LOAD(life[owner - 1]);
        apr_uint32_t up;

        if (!expires || now < expires) {
            return owner;
        }
        up = LOAD(life[head->kept + owner - 1]);
        owner = up < owner ? up : 0;
    }
    return head->kept ? 0 : owner;
}

int ag_iptable_fits(const ag_iptable_t *head, apr_size_t room)
{
    return head->kept <= AG_IPTABLE_MAX
           && sizeof *head + (apr_uint64_t)head->n6 * (sizeof(cut6_t) + 4) + (apr_uint64_t)head->n4 * 8
                      + (apr_uint64_t)head->kept * 12 + head->texts
                  <= room;
}

const char *ag_iptable_text(const ag_iptable_t *head, const void *block, apr_uint32_t number, apr_pool_t *p)
{
    const apr_uint32_t *text = lives(head, block) + 2 * (apr_size_t)head->kept;
    apr_uint32_t at = LOAD(text[number - 1]);

    return at < head->texts ? apr_pstrndup(p, (const char *)(text + head->kept) + at, head->texts - at) : "";
}
