/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaker: when not to ask a store that does not answer. After a time-out, or two other faults in
 * a row (one may be a connection that ended with an earlier server), it opens for a second; then one caller tries the store, and what that one finds decides. Its few words lie in
 * shared memory, so all processes learn from each other; it does no logging and no waiting.
 */
#ifndef AG_LIMIT_BREAKER_H
#define AG_LIMIT_BREAKER_H

#include "limit.h"

/* 1 when the store may be asked. */
int ag_breaker_enter(ag_breaker_t *breaker, apr_time_t now);

/* The store answered; 1 when that closed the breaker. */
int ag_breaker_good(ag_breaker_t *breaker);

/* It did not, and somebody `waited` for it in vain until `now`; 1 when that opened the breaker. */
int ag_breaker_bad(ag_breaker_t *breaker, apr_time_t now, int waited);

#endif
