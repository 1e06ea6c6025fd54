/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptable: a million networks, each with a life of its own, and the narrowest one around an address
 * that has not expired. Networks nest or are apart, so the line of all addresses is cut where the
 * narrowest network changes: one binary search finds the piece, and its owner's enclosing networks
 * are tried when it has expired.
 *
 * A finished table is one block of bytes without pointers. It never knows where it came from.
 */
#ifndef AG_IPTABLE_H
#define AG_IPTABLE_H

#include "ipset.h"

#define AG_IPTABLE_MAX (1u << 22) /* entries: 4 million */

/* The head of a block. The arrays follow, see iptable_layout.h. */
typedef struct ag_iptable_t {
    apr_uint32_t size;  /* of the whole block, in bytes */
    apr_uint32_t n;     /* entries */
    apr_uint32_t n4;    /* cuts in the IPv4 addresses */
    apr_uint32_t n6;    /* cuts in the IPv6 addresses */
    apr_uint32_t kept;  /* entries that are told apart: n, or 0 (see ag_iptable_start()) */
    apr_uint32_t texts; /* bytes of their texts */
    apr_uint32_t whole; /* 0: an entry could not be read, so "not in it" is not certain */
    apr_uint32_t pad;
} ag_iptable_t;

typedef struct ag_iptable_maker_t ag_iptable_maker_t;

/* Begins a table; what it takes up is given back with `p`. Without `entries` a table only says whether
 * an address is in it: half the memory, and nothing expires. */
ag_iptable_maker_t *ag_iptable_start(int entries, apr_pool_t *p);

/* Adds a network: `expires` in seconds since 1970 (0: never), `text` as its owner names it (or NULL).
 * 0 when there are too many, or no memory. */
int ag_iptable_add(ag_iptable_maker_t *maker, const ag_net_t *net, apr_uint32_t expires, const char *text);

/* Notes that an entry could not be read. */
void ag_iptable_miss(ag_iptable_maker_t *maker);

/* The table of all that was added and has not expired at `now` (seconds). Of equal networks the one
 * that lives longest is kept. It goes with the maker's pool. NULL: no memory. */
const ag_iptable_t *ag_iptable_finish(ag_iptable_maker_t *maker, apr_uint32_t now);

/* The narrowest network around `ip` that has not expired: its number from 1, or 0. `head` is the
 * table's own, or a copy of it: then the rest of `block` may change at any time, the answer is
 * worthless, and nothing is read outside of the block. */
apr_uint32_t ag_iptable_find(const ag_iptable_t *head, const void *block, const ag_ip_t *ip, apr_uint32_t now);

/* 1 when all of a table with that head lies within `room` bytes. */
int ag_iptable_fits(const ag_iptable_t *head, apr_size_t room);

/* The text of entry `number` of a table that keeps them; `head` as above. */
const char *ag_iptable_text(const ag_iptable_t *head, const void *block, apr_uint32_t number, apr_pool_t *p);

#endif
