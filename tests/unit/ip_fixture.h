/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_fixture: addresses and networks from texts.
 */
#ifndef AG_IP_FIXTURE_H
#define AG_IP_FIXTURE_H

#include "unit.h"

#include <arpa/inet.h>

#include "../../src/ipset/ipset.h"

static inline ag_ip_t ip_of(const char *text)
{
    ag_ip_t ip;

    if (!ag_ip_parse(&ip, text)) {
        fail_msg("%s is no address", text);
    }
    return ip;
}

static inline ag_net_t net_of(const char *text, apr_pool_t *p)
{
    ag_net_t net;
    const char *error = ag_net_parse(&net, text, NULL, p);

    if (error) {
        fail_msg("%s", error);
    }
    return net;
}

#endif
