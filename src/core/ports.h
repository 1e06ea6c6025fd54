/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports: what the core needs from outside, as functions that the server, the command-line
 * tool or a test fills in.
 */
#ifndef AG_PORTS_H
#define AG_PORTS_H

#include <apr_dbd.h>
#include <apr_hash.h>

#include "request.h"

/* A database connection on loan. `prepared` and `pool` live as long as the connection; in the former
 * core/statement keeps statements under their SQL, beside what others keep under labels. */
typedef struct ag_db_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_hash_t *prepared;
    apr_pool_t *pool;
    void *loan; /* the lender's own */
} ag_db_t;

/* Where connections come from. acquire() fails when the database cannot be reached (already logged
 * by the lender); every acquire() that succeeds is followed by one release(). */
typedef struct ag_db_port_t {
    apr_status_t (*acquire)(void *ctx, ag_db_t *db, apr_pool_t *p);
    void (*release)(void *ctx, ag_db_t *db);
    void *ctx;
} ag_db_port_t;

/* A boolean, number or string expression of the server's language, compiled at configuration time. */
typedef struct ag_expr_t ag_expr_t;

typedef struct ag_expr_port_t {
    /* Compiles; NULL and *error when the text is wrong. `string`: it yields text, not a boolean. */
    ag_expr_t *(*parse)(void *ctx, const char *text, int string, const char **error);
    /* 1 true, 0 false, -1 failed. */
    int (*test)(const ag_expr_t *expr, const ag_request_t *request);
    /* The text, or NULL when it failed. */
    const char *(*text)(const ag_expr_t *expr, const ag_request_t *request);
    void *ctx;
} ag_expr_port_t;

/* One document from another server. */
typedef struct ag_fetch_t {
    const char *url;             /* https://; http:// to a loopback address alone */
    const char *accept;          /* the media type wanted, or NULL */
    const char *form;            /* x-www-form-urlencoded: it is sent by POST; or NULL: a GET */
    const char *user, *password; /* Basic (RFC 7617), or NULL */
    const char *ca_file;         /* PEM: trusted instead of the system's certificates; or NULL */
    apr_size_t max_size;         /* of the body, in bytes */
    apr_interval_time_t timeout; /* of all of it, redirects included; microseconds */
    long redirects;              /* of a GET that are followed at most, all of them to https */
    int (*ends)(void *ctx);      /* asked about once a second: 1 gives up; or NULL */
    void *ctx;
} ag_fetch_t;

typedef struct ag_fetched_t {
    const char *body; /* `length` bytes and a NUL */
    apr_size_t length;
    const char *type;    /* Content-Type as sent, or NULL */
    apr_int64_t max_age; /* seconds, by Cache-Control (RFC 9111 5.2.2); 0: not to be kept, -1: it says nothing */
    long status;
} ag_fetched_t;

/* It blocks, `timeout` at most: never called where a request would wait, unless its caller bounds that. */
typedef struct ag_fetch_port_t {
    /* Fills *out from p, whatever the status; or returns why there is no answer, without a secret. */
    const char *(*run)(void *ctx, ag_fetched_t *out, const ag_fetch_t *fetch, apr_pool_t *p);
    void *ctx;
} ag_fetch_port_t;

#endif
