/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet: the way to memcached: connections made after fork, a time that no request waits longer
 * than, and a breaker that spares everybody the wait. What is asked on the way is in central.h.
 */
#ifndef AG_LIMIT_FLEET_H
#define AG_LIMIT_FLEET_H

#include <libmemcachedutil-1.0/pool.h>

#include "breaker.h"
#include "entry.h"

typedef struct ag_fleet_t {
    memcached_pool_st *handles;
    ag_fleet_config_t config;
    int several; /* servers, each with its breaker */
} ag_fleet_t;

/* One visit. */
typedef struct ag_call_t {
    ag_fleet_t *fleet;
    ag_wire_t wire;
    apr_time_t now;       /* the request's */
    apr_uint32_t servers; /* of several: those it may ask, a bit each */
} ag_call_t;

/* Connections come when they are needed; they end with the pool. */
apr_status_t ag_fleet_open(ag_fleet_t **fleet, const ag_fleet_config_t *config, apr_pool_t *pchild);

/* A connection on loan, or APR_EAGAIN while nobody should ask. */
apr_status_t ag_fleet_begin(ag_call_t *call, ag_fleet_t *fleet, apr_time_t now, apr_pool_t *p);

/* Where each of several servers has a breaker: may the one that has this entry be asked? Otherwise
 * APR_EAGAIN. To be called for every entry before anything is asked. */
apr_status_t ag_fleet_enter(ag_call_t *call, const ag_entry_t *entry);

/* On which of the servers it lies, counted from 0; below AG_FLEET_SERVERS. */
int ag_fleet_server(const ag_call_t *call, const ag_entry_t *entry);
int ag_fleet_servers(const ag_call_t *call);

/* Gives it back, and tells the breaker how it went. */
void ag_fleet_end(ag_call_t *call);

#endif
