/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipset: sets of networks. A set is parsed once and becomes two sorted arrays of disjoint ranges, so
 * a look-up is one binary search: 20 steps in a million entries. An IPv4-mapped address
 * (::ffff:192.0.2.1) is the IPv4 address, in sets and in questions.
 *
 * A set is one block of bytes without pointers, so it may lie in shared memory or in a cache record.
 */
#ifndef AG_IPSET_H
#define AG_IPSET_H

#include <apr_network_io.h>
#include <apr_pools.h>
#include <apr_tables.h>

/* An address in network byte order; IPv4 as its mapped IPv6 form. */
typedef struct ag_ip_t {
    unsigned char byte[16];
} ag_ip_t;

/* A network as written. */
typedef struct ag_net_t {
    ag_ip_t first;
    ag_ip_t last;
} ag_net_t;

typedef struct ag_ipset_t {
    apr_uint32_t size; /* of the whole block, in bytes */
    apr_uint32_t n4;
    apr_uint32_t n6;
    apr_uint32_t pad; /* n4 pairs of apr_uint32_t follow, then n6 pairs of ag_ip_t */
} ag_ipset_t;

/* 1 when the address was understood (IPv4 or IPv6; no zone id). */
int ag_ip_of(ag_ip_t *ip, const apr_sockaddr_t *address);
int ag_ip_parse(ag_ip_t *ip, const char *text);

/* Clears all bits behind the first `bits` of an IPv6 address; an IPv4 address is left whole. */
void ag_ip_mask6(ag_ip_t *ip, int bits);

/* 1 when it is IPv4 (mapped). */
int ag_ip_is4(const ag_ip_t *ip);

/* The address as text (RFC 5952), IPv4 in dotted form. */
const char *ag_ip_text(const ag_ip_t *ip, apr_pool_t *p);

/* A network as `Require ip` takes it: an address, CIDR, address/netmask, or a partial IPv4 address
 * ("10.1"). ::ffff:192.0.2.0/120 is 192.0.2.0/24. Host bits are cleared, *masked tells so (may be NULL). An error text or NULL. */
const char *ag_net_parse(ag_net_t *net, const char *text, int *masked, apr_pool_t *p);

/* The network as text: masked, with its bits, or one address without. */
const char *ag_net_text(const ag_net_t *net, apr_pool_t *p);

/* The set of `n` networks, in one block from `p`. An empty set holds nobody. */
ag_ipset_t *ag_ipset_make(const ag_net_t *nets, int n, apr_pool_t *p);

/* 1 when a set that comes from shared memory lies within `room` bytes. */
int ag_ipset_fits(const ag_ipset_t *set, apr_size_t room);

/* 1 when the address lies in one of the networks. `set` may be NULL: holds nobody. */
int ag_ipset_has(const ag_ipset_t *set, const ag_ip_t *ip);

#endif
