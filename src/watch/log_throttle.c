/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_throttle: one word, one exchange; no lock.
 */
#include "log_throttle.h"

#include "counters.h"

#define WORD_BITS 10
#define SECOND    APR_UINT64_C(0xFFFFFFFF)
#define ONE       (SECOND + 1)
#define OLDER     60

_Static_assert(AG_REPEATS == 1 << WORD_BITS, "the words are chosen by their bits");

/* A request may be older than the line: it waited for memcached, or was redirected late. */
static int is_told(apr_uint64_t word, apr_uint64_t second)
{
    return (word - second) % ONE < OLDER;
}

int ag_log_throttle_tell(ag_log_throttle_t *throttle, apr_uint64_t whom, apr_time_t now, apr_uint32_t *more)
{
    apr_uint64_t second = (apr_uint64_t)apr_time_sec(now) & SECOND;
    apr_uint64_t *word = &throttle->words[whom * APR_UINT64_C(0x9E3779B97F4A7C15) >> (64 - WORD_BITS)];
    apr_uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(word, &old, is_told(old, second) ? old + ONE : second, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
    }
    if (is_told(old, second)) {
        ag_count(AG_COUNT_LOG_REPEATS);
        *more = 0;
        return 0;
    }
    *more = (apr_uint32_t)(old >> 32);
    return 1;
}
