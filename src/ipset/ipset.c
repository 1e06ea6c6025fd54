/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipset: see ipset.h. Networks are nested or apart, never half over each other, but address ranges
 * sorted by their start can be merged without knowing that.
 */
#include "ipset.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <arpa/inet.h>

#include "../base/measure.h"
#include "../base/text.h"

typedef struct {
    apr_uint32_t first;
    apr_uint32_t last;
} range4_t;

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int ag_ip_is4(const ag_ip_t *ip)
{
    return memcmp(ip->byte, mapped, sizeof mapped) == 0;
}

static apr_uint32_t number4(const ag_ip_t *ip)
{
    return (apr_uint32_t)ip->byte[12] << 24 | (apr_uint32_t)ip->byte[13] << 16 | (apr_uint32_t)ip->byte[14] << 8
           | ip->byte[15];
}

static void set4(ag_ip_t *ip, const void *four)
{
    memcpy(ip->byte, mapped, sizeof mapped);
    memcpy(ip->byte + 12, four, 4);
}

int ag_ip_of(ag_ip_t *ip, const apr_sockaddr_t *address)
{
    if (address->family == APR_INET) {
        set4(ip, &address->sa.sin.sin_addr);
        return 1;
    }
#if APR_HAVE_IPV6
    if (address->family == APR_INET6) {
        memcpy(ip->byte, &address->sa.sin6.sin6_addr, 16);
        return 1;
    }
#endif
    return 0;
}

int ag_ip_parse(ag_ip_t *ip, const char *text)
{
    struct in_addr four;

    if (inet_pton(AF_INET, text, &four) == 1) {
        set4(ip, &four);
        return 1;
    }
    return inet_pton(AF_INET6, text, ip->byte) == 1;
}

/* Sets the bits behind the first `bits` to zeros or ones; 1 when that changed any. */
static int fill(ag_ip_t *ip, int bits, int ones)
{
    ag_ip_t before = *ip;
    int i;

    for (i = bits; i < 128; i++) {
        unsigned char bit = (unsigned char)(0x80 >> (i & 7));

        ip->byte[i >> 3] = (unsigned char)(ones ? ip->byte[i >> 3] | bit : ip->byte[i >> 3] & ~bit);
    }
    return memcmp(&before, ip, sizeof before) != 0;
}

void ag_ip_mask6(ag_ip_t *ip, int bits)
{
    if (!ag_ip_is4(ip)) {
        fill(ip, bits, 0);
    }
}

const char *ag_ip_text(const ag_ip_t *ip, apr_pool_t *p)
{
    char *text = apr_palloc(p, INET6_ADDRSTRLEN);
    ag_buf_t four;
    int i;

    if (!ag_ip_is4(ip)) {
        return inet_ntop(AF_INET6, ip->byte, text, INET6_ADDRSTRLEN);
    }
    ag_buf_init(&four, text, INET6_ADDRSTRLEN);
    for (i = 12; i < 16; i++) {
        ag_buf_mem(&four, ".", i > 12);
        ag_buf_uint(&four, ip->byte[i]);
    }
    return text;
}

/* "10.1" or "10.1." as Require ip takes it: how many bits it gives, or -1. */
static int partial(ag_ip_t *ip, const char *text, apr_pool_t *p)
{
    unsigned char four[4] = {0, 0, 0, 0};
    char *last, *part;
    int n = 0;

    for (part = apr_strtok(apr_pstrdup(p, text), ".", &last); part; part = apr_strtok(NULL, ".", &last)) {
        apr_int64_t byte;

        if (n == 4 || strlen(part) > 3 || ag_measure_number(&byte, part, 0, 255, p)) {
            return -1;
        }
        four[n++] = (unsigned char)byte;
    }
    if (n == 0 || n == 4 || *text == '.' || strstr(text, "..")) {
        return -1;
    }
    set4(ip, four);
    return 96 + 8 * n;
}

/* What follows the slash: a number of bits, or an IPv4 netmask. As bits of 128, or -1. Behind IPv4
 * written as IPv6 the bits may be counted either way, 96 to 128 or 0 to 32. */
static int mask_bits(const ag_ip_t *ip, int as6, const char *text, apr_pool_t *p)
{
    int four = ag_ip_is4(ip);
    apr_int64_t bits;
    ag_ip_t mask;
    apr_uint32_t m;

    if (as6 && !ag_measure_number(&bits, text, 96, 128, p)) {
        return (int)bits;
    }
    if (!ag_measure_number(&bits, text, 0, four ? 32 : 128, p)) {
        return (int)bits + (four ? 96 : 0);
    }
    if (!four || !ag_ip_parse(&mask, text) || !ag_ip_is4(&mask)) {
        return -1;
    }
    m = number4(&mask);
    if (~m & (~m + 1)) {
        return -1; /* the netmask has a one-bit behind a zero-bit */
    }
    return 96 + (m ? 32 - __builtin_ctz(m) : 0);
}

const char *ag_net_parse(ag_net_t *net, const char *text, int *masked, apr_pool_t *p)
{
    const char *slash = strchr(text, '/');
    const char *address = slash ? apr_pstrmemdup(p, text, (apr_size_t)(slash - text)) : text;
    int bits = 128;
    int changed;

    if (!ag_ip_parse(&net->first, address)) {
        bits = slash ? -1 : partial(&net->first, text, p);
    }
    else if (slash) {
        bits = mask_bits(&net->first, strchr(address, ':') != NULL && ag_ip_is4(&net->first), slash + 1, p);
    }
    if (bits < 0) {
        return apr_psprintf(p,
                            "\"%s\" is not an address or network: 192.0.2.1, 192.0.2.0/24, "
                            "192.0.2.0/255.255.255.0, 192.0.2, 2001:db8::/32",
                            text);
    }
    changed = fill(&net->first, bits, 0);
    if (masked) {
        *masked = changed;
    }
    net->last = net->first;
    fill(&net->last, bits, 1);
    return NULL;
}

/* The bits that first and last share. */
static int shared_bits(const ag_net_t *net)
{
    int i;

    for (i = 0; i < 128; i++) {
        if ((net->first.byte[i >> 3] ^ net->last.byte[i >> 3]) & (0x80 >> (i & 7))) {
            break;
        }
    }
    return i;
}

const char *ag_net_text(const ag_net_t *net, apr_pool_t *p)
{
    int bits = shared_bits(net);
    int four = ag_ip_is4(&net->first) && ag_ip_is4(&net->last);
    const char *first = ag_ip_text(&net->first, p);

    return bits == 128 ? first : apr_psprintf(p, "%s/%d", first, four ? bits - 96 : bits);
}

static int by_first(const void *a, const void *b)
{
    return memcmp(&((const ag_net_t *)a)->first, &((const ag_net_t *)b)->first, sizeof(ag_ip_t));
}

/* Merges what overlaps in the sorted array; how many are left. */
static int merge(ag_net_t *nets, int n)
{
    int kept = 0, i;

    for (i = 1; i < n; i++) {
        if (memcmp(&nets[i].first, &nets[kept].last, sizeof(ag_ip_t)) > 0) {
            nets[++kept] = nets[i];
        }
        else if (memcmp(&nets[i].last, &nets[kept].last, sizeof(ag_ip_t)) > 0) {
            nets[kept].last = nets[i].last;
        }
    }
    return n ? kept + 1 : 0;
}

/* ::/0 and the like hold the mapped IPv4 addresses as IPv6 ranges; they mean IPv6 only, as in
 * Require ip, so only ranges that begin and end in the mapped block are IPv4. */
static int range_is4(const ag_net_t *net)
{
    return ag_ip_is4(&net->first) && ag_ip_is4(&net->last);
}

static range4_t *ranges4(const ag_ipset_t *set)
{
    return (range4_t *)(set + 1);
}

static ag_net_t *ranges6(const ag_ipset_t *set)
{
    return (ag_net_t *)(ranges4(set) + set->n4);
}

/* Sorts networks of one family into `nets` from the front; how many ranges they make. */
static apr_uint32_t family(ag_net_t *out, const ag_net_t *nets, int n, int four)
{
    int i, found = 0;

    for (i = 0; i < n; i++) {
        if (range_is4(&nets[i]) == four) {
            out[found++] = nets[i];
        }
    }
    qsort(out, (size_t)found, sizeof *out, by_first);
    return (apr_uint32_t)merge(out, found);
}

ag_ipset_t *ag_ipset_make(const ag_net_t *nets, int n, apr_pool_t *p)
{
    ag_net_t *four = apr_palloc(p, ((apr_size_t)n + 1) * sizeof *four);
    ag_net_t *six = apr_palloc(p, ((apr_size_t)n + 1) * sizeof *six);
    apr_uint32_t n4 = family(four, nets, n, 1);
    apr_uint32_t n6 = family(six, nets, n, 0);
    apr_size_t size = sizeof(ag_ipset_t) + n4 * sizeof(range4_t) + n6 * sizeof(ag_net_t);
    ag_ipset_t *set = apr_pcalloc(p, size);
    apr_uint32_t i;

    set->size = (apr_uint32_t)size;
    set->n4 = n4;
    set->n6 = n6;
    for (i = 0; i < n4; i++) {
        ranges4(set)[i].first = number4(&four[i].first);
        ranges4(set)[i].last = number4(&four[i].last);
    }
    memcpy(ranges6(set), six, n6 * sizeof(ag_net_t));
    return set;
}

int ag_ipset_fits(const ag_ipset_t *set, apr_size_t room)
{
    return room >= sizeof *set
           && (apr_uint64_t)set->n4 * sizeof(range4_t) + (apr_uint64_t)set->n6 * sizeof(ag_net_t)
                  <= room - sizeof *set;
}

static int has4(const ag_ipset_t *set, apr_uint32_t ip)
{
    const range4_t *range = ranges4(set);
    apr_uint32_t low = 0, high = set->n4;

    while (low < high) {
        apr_uint32_t middle = low + (high - low) / 2;

        if (ip > range[middle].last) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < set->n4 && ip >= range[low].first;
}

static int has6(const ag_ipset_t *set, const ag_ip_t *ip)
{
    const ag_net_t *range = ranges6(set);
    apr_uint32_t low = 0, high = set->n6;

    while (low < high) {
        apr_uint32_t middle = low + (high - low) / 2;

        if (memcmp(ip, &range[middle].last, sizeof *ip) > 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < set->n6 && memcmp(ip, &range[low].first, sizeof *ip) >= 0;
}

int ag_ipset_has(const ag_ipset_t *set, const ag_ip_t *ip)
{
    if (!set) {
        return 0;
    }
    return ag_ip_is4(ip) ? has4(set, number4(ip)) : has6(set, ip);
}
