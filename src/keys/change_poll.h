/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_poll: when a database's change log is read, and by whom, for all processes of a server: for keys that are
 * cached, and for tokens that are revoked. What is read, and what becomes of it, is the caller's.
 *
 * Normally the server's watchdog reads it for all processes, twice a second, and no request waits for
 * it; where there is none, or it is late, one request does. When the last reading is older than two
 * seconds nobody knows what was changed since, so then every request reads the log itself before it
 * trusts what is known. Only after a reading failed, or while one hangs, do the others leave it to one,
 * and the database counts as down.
 */
#ifndef AG_CHANGE_POLL_H
#define AG_CHANGE_POLL_H

#include "../base/log.h"
#include "single_flight.h"

#define AG_POLL_INTERVAL                                                                                             \
    (APR_USEC_PER_SEC * 4 / 5) /* between the readings of requests: less than a second, since the
                                                       reading takes time as well; more than the watchdog leaves */
#define AG_POLL_LAG (2 * APR_USEC_PER_SEC)

/* In shared memory, zero when fresh; every member is read and written atomically. */
typedef struct ag_poll_shared_t {
    apr_time_t last_good;    /* when the log was last read */
    apr_time_t last_try;     /* when somebody last began to; 0: nobody ever needed to */
    apr_time_t failed_until; /* it failed: until then one at a time tries */
    apr_time_t trying_until; /* somebody is reading, and the others need not wait for it */
    apr_int64_t trier;       /* the process that is */
    apr_uint64_t noticed;    /* ag_poll_t.signal, as it was before the log was last read */
} ag_poll_shared_t;

/* Reads it. Two may do so at once. */
typedef apr_status_t ag_poll_read_fn(void *ctx, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

typedef struct ag_poll_t {
    ag_poll_shared_t *shared;
    const apr_uint64_t *signal; /* moves when apiguardctl has changed something on this machine */
    ag_single_flight_t flight;  /* of who reads: a question of its own */
    ag_poll_read_fn *read;
    void *ctx;
} ag_poll_t;

/* 1 when `then` lies at most `span` before `now`. A little after it is all right, since requests
 * carry the time they came in; a lot after it is a clock that was set back, and no. */
static inline int ag_within(apr_time_t now, apr_time_t then, apr_time_t span)
{
    return then <= now + apr_time_from_sec(2) && now - then <= span;
}

typedef enum {
    AG_POLL_DOWN, /* the database is away: what is known may be old */
    AG_POLL_UP,   /* what is known lags no more than two seconds behind, and nothing we were told of */
    AG_POLL_BLIND /* something was changed and cannot be read: nothing may be trusted */
} ag_poll_e;

/* 1 when it is AG_POLL_UP and nothing is due: what nearly every request finds. */
static inline int ag_poll_is_fresh(const ag_poll_shared_t *shared, const apr_uint64_t *signal, apr_time_t now)
{
    return __atomic_load_n(signal, __ATOMIC_SEQ_CST) == __atomic_load_n(&shared->noticed, __ATOMIC_SEQ_CST)
           && ag_within(now, __atomic_load_n(&shared->last_good, __ATOMIC_SEQ_CST), AG_POLL_LAG)
           && ag_within(now, __atomic_load_n(&shared->last_try, __ATOMIC_SEQ_CST), AG_POLL_INTERVAL - 1);
}

/* Reads the log when it is due. */
ag_poll_e ag_poll_up(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

/* Reads it, whether it is due or not. */
apr_status_t ag_poll_now(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

/* For the watchdog: reads it unless nobody ever needed it, or it failed a moment ago. */
void ag_poll_tend(const ag_poll_t *poll, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

#endif
