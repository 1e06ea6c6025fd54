/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_throttle: what may happen thousands of times a second is told once a second, with how often it
 * happened meanwhile. A log that writes as much as a flood sends costs more than the flood.
 *
 * Each hit falls to one of 1,024 words of shared memory, by whom it hit. Whoever shares a word shares
 * its line: so there are never more than 1,024 lines a second, whoever comes from wherever.
 */
#ifndef AG_LOG_THROTTLE_H
#define AG_LOG_THROTTLE_H

#include <apr_time.h>

#define AG_REPEATS 1024

/* In shared memory, zero when fresh. A word is the second of the last line, and above it how many
 * hits have come since. */
typedef struct ag_log_throttle_t {
    apr_uint64_t words[AG_REPEATS];
} ag_log_throttle_t;

/* 1: tell of it, and of *more like it since the last line. 0: there has been one within this second.
 * `whom` is any number that is the same for the same. */
int ag_log_throttle_tell(ag_log_throttle_t *throttle, apr_uint64_t whom, apr_time_t now, apr_uint32_t *more);

#endif
