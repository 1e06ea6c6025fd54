/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspect: tokens that say nothing to us, so their issuer is asked (RFC 7662). The one question that a request
 * waits for: so it is asked once for all who wait for the same, and a bounded part of the workers waits at all.
 */
#ifndef AG_INTROSPECT_H
#define AG_INTROSPECT_H

#include "../base/cache.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../core/ports.h"
#include "../keys/single_flight.h"
#include "seats.h"

/* The longest record of an answer; one that is longer is asked for each time. */
#define AG_INTROSPECT_RECORD_SIZE 4096

/* ApiGuardIntrospection. Fixed once the configuration is read. Times are seconds. */
typedef struct ag_introspection_t {
    const char *url;
    const char *client;
    const char *source; /* of the secret: "file:/abs/path" */
    const char *ca;     /* "file:/abs/path": trusted instead of the system's certificates; or NULL */
    int post;           /* client and secret stand in the form, else in Authorization: Basic */
    apr_int64_t timeout, cache, negative, stale;
    /* Once the secret was read: */
    const char *user, *password; /* for Basic, each encoded as in a form (RFC 6749 s2.3.1); or NULL */
    const char *form;            /* what stands in the form behind the token */
    ag_id_t id;                  /* of who is asked, as whom, and by which secret: part of the realm */
    int number;                  /* of its state; the start gives it */
} ag_introspection_t;

/* What the processes know of an endpoint. Times are microseconds. */
typedef struct ag_introspect_state_t {
    apr_uint64_t whose;    /* of an id: a reload may give the state to another endpoint */
    apr_uint64_t failed;   /* when it last failed; of what it says of a single token see cred_introspect.c */
    apr_uint64_t answered; /* when it last did answer */
    apr_uint64_t told;     /* 1: the log was told that it fails */
    apr_uint64_t too_long; /* 1: the log was told of an answer that was too long to be kept */
} ag_introspect_state_t;

#define AG_INTROSPECT_STATES 64 /* where there are more endpoints, some share one, and are away together */

/* In shared memory, zero when fresh. */
typedef struct ag_introspect_shared_t {
    ag_seats_t seats;
    ag_introspect_state_t states[AG_INTROSPECT_STATES];
} ag_introspect_shared_t;

/* What a process asks with, and where it remembers the answers. */
typedef struct ag_introspect_engine_t {
    const ag_fetch_port_t *fetch; /* NULL: nobody can be asked */
    ag_cache_t *answers;          /* of tokens that are active */
    ag_cache_t *inactive;         /* tokens that are not, apart, so that junk pushes no answer out */
    ag_single_flights_t *flights; /* not the database's */
    ag_introspect_shared_t *shared;
    int seats; /* how many requests may wait at once */
} ag_introspect_engine_t;

/* ---- introspect_ask.c: one question --------------------------------------------------------------- */

typedef enum { AG_INTROSPECT_ACTIVE, AG_INTROSPECT_INACTIVE, AG_INTROSPECT_FAILED } ag_introspect_e;

typedef struct ag_introspect_answer_t {
    const char *text; /* of an active token: the JSON object, `n` bytes */
    apr_size_t n;
    json_t *claims;    /* the same, parsed; it ends with the pool */
    const char *error; /* AG_INTROSPECT_FAILED: why, without a secret */
    int of_token;      /* likewise: only this token is not answered, as far as anybody can tell */
} ag_introspect_answer_t;

/* Asks, `patience` at most. */
ag_introspect_e ag_introspect_ask(ag_introspect_answer_t *answer, const ag_fetch_port_t *port,
                                  const ag_introspection_t *whom, const char *token, apr_size_t n,
                                  apr_interval_time_t patience, apr_pool_t *p);

/* As in an application/x-www-form-urlencoded document; the pool's. */
const char *ag_introspect_encode(const char *text, apr_size_t n, apr_pool_t *p);

/* ---- introspect_turn.c: who asks, and who waits --------------------------------------------------- */

typedef enum {
    AG_TURN_ASK,    /* ask, then ag_introspect_turn_end() */
    AG_TURN_LOOK,   /* look whether another has brought the answer, else call again */
    AG_TURN_REFUSED /* too many wait, or the time is up; nothing needs to be ended */
} ag_turn_e;

typedef struct ag_introspect_turn_t {
    const ag_introspect_engine_t *engine;
    const ag_introspection_t *whom;
    ag_single_flight_t flight;
    apr_time_t began, until; /* of its seat */
    int seat;                /* -1: none */
    int asks;
} ag_introspect_turn_t;

/* `what` names the token. */
void ag_introspect_turn_begin(ag_introspect_turn_t *turn, const ag_introspect_engine_t *engine,
                              const ag_introspection_t *whom, ag_id_t what);
ag_turn_e ag_introspect_turn(ag_introspect_turn_t *turn);

/* What is left of timeout=, microseconds. */
apr_interval_time_t ag_introspect_turn_left(const ag_introspect_turn_t *turn);

void ag_introspect_turn_end(ag_introspect_turn_t *turn);

/* What came of a question. */
void ag_introspect_failed(const ag_introspect_engine_t *engine, const ag_introspection_t *whom,
                          const ag_introspect_answer_t *answer, const ag_log_t *log);
void ag_introspect_answered(const ag_introspect_engine_t *engine, const ag_introspection_t *whom,
                            const ag_log_t *log);

/* 1 when it failed within so many microseconds, and nobody had an answer since. */
int ag_introspect_is_away(const ag_introspect_engine_t *engine, const ag_introspection_t *whom,
                          apr_interval_time_t within);

/* An answer that does not fit into a record. */
void ag_introspect_too_long(const ag_introspect_engine_t *engine, const ag_introspection_t *whom, apr_size_t n,
                            const ag_log_t *log);

#endif
