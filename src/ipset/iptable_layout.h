/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptable_layout: where things lie in a table's block. Only iptable*.c include it. Behind the head:
 *     cut6_t[n6]   where an IPv6 piece begins       owner6[n6]   its narrowest network, 0: none
 *     cut4[n4]     where an IPv4 piece begins       owner4[n4]
 *     expires[kept]   up[kept], the enclosing network   text[kept], an offset   the texts
 * all of 32 bits but cut6_t. An enclosing network always has the lower number.
 */
#ifndef AG_IPTABLE_LAYOUT_H
#define AG_IPTABLE_LAYOUT_H

#include <string.h>

#include <arpa/inet.h>

#include "iptable.h"

typedef struct {
    apr_uint64_t hi;
    apr_uint64_t lo;
} cut6_t;

static inline const cut6_t *cuts6(const void *block)
{
    return (const cut6_t *)((const ag_iptable_t *)block + 1);
}

static inline const apr_uint32_t *owners6(const ag_iptable_t *head, const void *block)
{
    return (const apr_uint32_t *)(cuts6(block) + head->n6);
}

static inline const apr_uint32_t *cuts4(const ag_iptable_t *head, const void *block)
{
    return owners6(head, block) + head->n6;
}

static inline const apr_uint32_t *lives(const ag_iptable_t *head, const void *block)
{
    return cuts4(head, block) + 2 * (apr_size_t)head->n4;
}

static inline apr_uint32_t number4(const ag_ip_t *ip)
{
    apr_uint32_t number;

    memcpy(&number, ip->byte + 12, sizeof number);
    return ntohl(number);
}

static inline cut6_t number6(const ag_ip_t *ip)
{
    apr_uint32_t word[4];
    cut6_t number;

    memcpy(word, ip->byte, sizeof word);
    number.hi = (apr_uint64_t)ntohl(word[0]) << 32 | ntohl(word[1]);
    number.lo = (apr_uint64_t)ntohl(word[2]) << 32 | ntohl(word[3]);
    return number;
}

#endif
