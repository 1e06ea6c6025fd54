/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addresses: what it costs to ask a set of N entries for one address, after N of them have been put
 * there: as many IPv4 as IPv6 networks, half of the questions for addresses that are in one. Prints
 * entries, bytes, seconds to sort and publish, nanoseconds a question. With
 *     valgrind --tool=callgrind --toggle-collect=ag_ipshare_ask build/addresses 1000000 20000
 * the total is that of the questions alone: divide it by their number, 20000.
 *     cc -O2 -o build/addresses tests/bench/addresses.c src/ipset/[a-z]*.c src/base/lock.c \
 *         src/base/measure.c $(apr-1-config --includes --cppflags --link-ld) -lpthread
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "../../src/ipset/ipshare.h"

static apr_uint64_t seed = 88172645463325252u;

static unsigned char any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned char)(seed >> 33);
}

static ag_ip_t any_ip(int four)
{
    ag_ip_t ip = {{0}};
    int i;

    memset(ip.byte + 10, four ? 0xFF : 0, 2);
    ip.byte[0] = four ? 0 : 0x20;
    for (i = four ? 12 : 1; i < 16; i++) {
        ip.byte[i] = any();
    }
    return ip;
}

/* /24 and /48 */
static ag_net_t net_of(ag_ip_t ip, int four)
{
    ag_net_t net = {ip, ip};
    int i = four ? 15 : 6;

    memset(net.first.byte + i, 0, (size_t)(16 - i));
    memset(net.last.byte + i, 0xFF, (size_t)(16 - i));
    return net;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000000;
    int asked = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000000;
    ag_ip_t *known = calloc((size_t)n + 1, sizeof *known);
    ag_ip_t *questions = calloc((size_t)asked + 1, sizeof *questions);
    ag_iptable_maker_t *maker;
    const ag_iptable_t *table;
    ag_ipshare_t *share;
    apr_time_t start;
    apr_pool_t *p;
    double made;
    int i, yes = 0;

    apr_initialize();
    apr_pool_create(&p, NULL);
    maker = ag_iptable_start(1, p);
    for (i = 0; i < n; i++) {
        ag_net_t net = net_of(known[i] = any_ip(i & 1), i & 1);

        ag_iptable_add(maker, &net, 0, i & 1 ? "203.0.113.0/24" : "2001:db8:1234::/48");
    }
    for (i = 0; i < asked; i++) {
        questions[i] = any() & 1 && n ? known[(any() << 16 | any() << 8 | any()) % n] : any_ip(any() & 1);
    }
    ag_ipshare_make(&share, p);
    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
    start = apr_time_now();
    table = ag_iptable_finish(maker, 1);
    ag_ipshare_publish(share, table);
    made = (double)(apr_time_now() - start) / APR_USEC_PER_SEC;
    start = apr_time_now();
    for (i = 0; i < asked; i++) {
        yes += ag_ipshare_ask(share, &questions[i], apr_time_from_sec(1700000000)) == AG_IP_YES;
    }
    printf("%d entries, %u bytes, made in %.2f s, %.0f ns a question, %d of %d in it\n", n, table->size, made,
           1000.0 * (double)(apr_time_now() - start) / asked, yes, asked);
    return 0;
}
