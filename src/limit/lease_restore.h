/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_restore: a memcached that was restarted or flushed has forgotten what it counted. A visit gives
 * back what its node had seen of that counter; but a node that nobody asks visits none, nor does one that
 * refuses by what it knows, and others would begin at less.
 */
#ifndef AG_LIMIT_LEASE_RESTORE_H
#define AG_LIMIT_LEASE_RESTORE_H

#include "limit.h"

/* Looks whether a memcached lost its memory, and if so gives it all that this node saw of its
 * counters; to be called once a second. The store is ag_store_lease_open()'s. A fault is not told:
 * the next call begins again where this one ended. */
void ag_lease_restore(ag_store_t *store, apr_time_t now, apr_pool_t *p);

#endif
