/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota: what a limit has to say to a client. Written by the rooms that count, read by those that
 * answer.
 */
#ifndef AG_QUOTA_H
#define AG_QUOTA_H

#include <apr.h>

/* What one window of one limit says of itself on every answer, put together with the configuration.
 * The texts are parts of others and end with their sizes. */
typedef struct ag_quota_policy_t {
    const char *name;  /* on the wire: 100/min */
    const char *field; /* "100/min";q=100;w=60 */
    const char *begin; /* , "100/min";r= */
    apr_uint16_t field_size;
    apr_uint16_t begin_size;
    apr_uint32_t window; /* w, seconds; 0: it limits requests in flight */
    apr_uint64_t limit;  /* q */
} ag_quota_policy_t;

/* What it says to one request (draft-ietf-httpapi-ratelimit-headers-11 s4). */
typedef struct ag_quota_t {
    apr_uint64_t remaining; /* r: what is left after this request; 0 when refused */
    apr_uint32_t reset;     /* t: seconds, rounded up, to the window's end while remaining > 0, else
                               until one request can pass. A sliding window may take longer
                               for that than its period: it fades, it does not end */
    apr_uint32_t retry;     /* refused: seconds, rounded up, at least 1, until this cost can pass */
} ag_quota_t;

/* Both, ready to be told. */
typedef struct ag_quota_line_t {
    const ag_quota_policy_t *policy;
    const char *subject; /* whose requests it counts: "client:key::acme"; NULL where nobody asks */
    ag_quota_t quota;
    int refused;
    int dry_run;
} ag_quota_line_t;

/* A limit on requests in flight that was evaluated. How many are left is not told: that is over before a client
 * reads it. */
typedef struct ag_quota_in_flight_t {
    const ag_quota_policy_t *policy;
    int refused;
    int dry_run;
    struct ag_quota_in_flight_t *next;
} ag_quota_in_flight_t;

#endif
