/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptable_fixture: networks and addresses by chance, near to one another, at a moment of the tests.
 */
#ifndef AG_IPTABLE_FIXTURE_H
#define AG_IPTABLE_FIXTURE_H

#include "ip_fixture.h"

#include "../../src/ipset/iptable.h"

#define NOW_S 1700000000u

static apr_uint64_t seed = 88172645463325252u;

static inline apr_uint32_t any(apr_uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (apr_uint32_t)(seed >> 33) % below;
}

/* A network of `bits` of 128 around some bytes. */
static inline ag_net_t net_at(ag_ip_t ip, int bits)
{
    ag_net_t net = {ip, ip};
    int i;

    for (i = bits; i < 128; i++) {
        net.first.byte[i / 8] &= (unsigned char)~(0x80 >> i % 8);
        net.last.byte[i / 8] |= (unsigned char)(0x80 >> i % 8);
    }
    return net;
}

/* Few distinct bytes, so that networks nest and addresses meet them. */
static inline ag_ip_t any_ip(int four, apr_uint32_t spread)
{
    ag_ip_t ip = ip_of(four ? "10.0.0.0" : "2001:db8::");
    int i;

    for (i = four ? 13 : 4; i < 16; i++) {
        ip.byte[i] = (unsigned char)any(spread);
    }
    return ip;
}

#endif
