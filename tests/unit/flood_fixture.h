/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flood_fixture: clients by their addresses, as requests come from them, and a network that floods.
 */
#ifndef AG_FLOOD_FIXTURE_H
#define AG_FLOOD_FIXTURE_H

#include "limit_fixture.h"
#include "counts_fixture.h"

#include "../../src/limit/lease.h"
#include "../../src/limit/counters.h"

#define USUAL_SIZE ((32 << 20) / 100 * 40) /* of the default ApiGuardSharedMemory */
#define SMALL_SIZE 8192                    /* one stripe of ten sets */
#define FLOOD      227000

static const ag_sip_key_t key = {7, 9};
static const ag_expr_port_t no_expr;

static inline ag_store_t *attach(size_t size)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, share(size), size, 1, pool), APR_SUCCESS);
    counts_fresh();
    return store;
}

/* By address as requests are; the limit counts IPv6 by so many bits. */
typedef struct {
    ag_limit_t limit;
    ag_request_t request;
    ag_subject_t subject;
} client_t;

static inline ag_subject_t *at_ip(client_t *client, int bits, const ag_ip_t *ip)
{
    memset(client, 0, sizeof *client);
    client->limit.by = AG_BY_IP;
    client->limit.prefix6 = bits;
    client->request.ip = *ip;
    client->request.pool = pool;
    ag_limit_subject(&client->subject, &client->limit, &client->request, NULL, &no_expr, &key);
    return &client->subject;
}

static inline ag_subject_t *at(client_t *client, const char *address)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    return at_ip(client, 64, &ip);
}

static inline ag_subject_t *ipv4(client_t *client, unsigned n)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, "198.51.0.0"));
    ip.byte[14] = (unsigned char)(n >> 8);
    ip.byte[15] = (unsigned char)n;
    return at_ip(client, 64, &ip);
}

static inline int with(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    ag_charge_t c = make_charge(w, s);

    return ag_store_shm_with(store, &c, now);
}

/* ---- who is ---------------------------------------------------------------------------------- */

/* Fills all that addresses and names may, with a window of a minute. */
static inline void fill(ag_store_t *store, unsigned count)
{
    ag_window_t minute = make_window(1, 60, &ag_algo_fixed);
    client_t client;
    unsigned i;

    for (i = 0; i < count; i++) {
        hit(store, &minute, ipv4(&client, i));
    }
}

#endif
