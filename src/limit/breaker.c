/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaker: a circuit breaker of two atomic words. open_until is 0 while it is closed.
 */
#include "breaker.h"

#define OPEN_AFTER 2
#define OPEN_FOR   APR_USEC_PER_SEC
#define AHEAD      (11 * OPEN_FOR) /* a time-out of ten seconds at most, and a second */

int ag_breaker_enter(ag_breaker_t *breaker, apr_time_t now)
{
    apr_uint64_t until = __atomic_load_n(&breaker->open_until, __ATOMIC_ACQUIRE);
    apr_uint64_t again = (apr_uint64_t)(now + OPEN_FOR);

    if (!until) {
        return 1;
    }
    if (until > (apr_uint64_t)now && until <= (apr_uint64_t)(now + AHEAD)) { /* else the clock was set back */
        return 0;
    }
    return __atomic_compare_exchange_n(&breaker->open_until, &until, again, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

int ag_breaker_good(ag_breaker_t *breaker)
{
    if (!__atomic_load_n(&breaker->failures, __ATOMIC_ACQUIRE)) {
        return 0;
    }
    __atomic_store_n(&breaker->failures, 0, __ATOMIC_RELEASE);
    return __atomic_exchange_n(&breaker->open_until, 0, __ATOMIC_ACQ_REL) != 0;
}

int ag_breaker_bad(ag_breaker_t *breaker, apr_time_t now, int waited)
{
    apr_uint64_t until = (apr_uint64_t)(now + OPEN_FOR);
    apr_uint32_t weight = waited ? OPEN_AFTER : 1;

    if (__atomic_add_fetch(&breaker->failures, weight, __ATOMIC_ACQ_REL) < OPEN_AFTER) {
        return 0;
    }
    return __atomic_exchange_n(&breaker->open_until, until, __ATOMIC_ACQ_REL) == 0;
}
