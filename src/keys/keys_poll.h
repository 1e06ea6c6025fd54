/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_poll: what the processes of one server agree on about one database: when its change log was
 * last read, and whether it answers.
 */
#ifndef AG_KEYS_POLL_H
#define AG_KEYS_POLL_H

#include "change_poll.h"
#include "keys.h"

/* In shared memory, zero when fresh; every member is read and written atomically. */
typedef struct ag_keys_shared_t {
    ag_poll_shared_t poll;
    apr_int64_t revision; /* the change log is read up to here */
    apr_uint64_t sweeps;  /* moves before keys are dropped; a fill that saw it move is void */
    apr_time_t told;      /* when a fault of the database was last logged */
} ag_keys_shared_t;

_Static_assert(sizeof(ag_keys_shared_t) <= AG_KEYS_SHARED_SIZE, "ag_keys_t.shared");

/* A question to the database. */
static inline ag_single_flight_t ag_keys_flight(const ag_keys_t *keys, const ag_key_realm_t *realm, ag_id_t what)
{
    ag_single_flight_t flight = {.flights = keys->flights,
                                 .store = realm->id,
                                 .what = what,
                                 .places = keys->places,
                                 .late = APR_USEC_PER_SEC,
                                 .patience = 2 * APR_USEC_PER_SEC};

    return flight;
}

/* What is wrong with a database each request finds out anew, and each would tell. So a fault is noted by
 * ag_keys_fault(), and for a second the log that ag_keys_log() makes of `log` keeps faults to itself. */
const ag_log_t *ag_keys_log(ag_log_t *once, const ag_keys_t *keys, const ag_log_t *log, apr_time_t now);
apr_status_t ag_keys_fault(const ag_keys_t *keys, apr_status_t rv, apr_time_t now);

/* Reads the log when it is due. */
ag_poll_e ag_keys_up(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                     apr_pool_t *p);

#endif
