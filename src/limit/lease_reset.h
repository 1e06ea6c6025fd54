/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_reset: what an administrator wants of a fleet's counter: to see it, and to begin it anew for
 * all nodes. Nothing here is on a request's way. The stores are those of ag_store_lease_open().
 */
#ifndef AG_LIMIT_LEASE_RESET_H
#define AG_LIMIT_LEASE_RESET_H

#include "limit.h"

typedef struct ag_lease_view_t {
    apr_time_t asked;  /* when memcached said what charge->quota tells; 0: it never did */
    apr_uint64_t held; /* tokens that this machine has reserved and not used; the quota has them as left */
} ag_lease_view_t;

/* Reads the counter and charges nothing. Else than APR_SUCCESS: memcached cannot tell; the view is
 * what this machine knew before, perhaps nothing. */
apr_status_t ag_lease_look(ag_lease_view_t *view, ag_store_t *store, ag_charge_t *charge, apr_time_t now,
                           apr_pool_t *p);

/* Begins it anew; *there gets 1 when anything was counted. Every node that hears of it admits again;
 * what they had reserved before may be used beside, or until they hear be given back. Else than APR_SUCCESS: memcached cannot be told,
 * or not all of it. */
apr_status_t ag_lease_forget(int *there, ag_store_t *store, const ag_charge_t *charge, apr_time_t now, apr_pool_t *p);

/* Hears of what was begun anew on other nodes; to be called once a second. */
void ag_lease_hear(ag_store_t *store, apr_time_t now, apr_pool_t *p);

#endif
