/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports: what the core needs from outside, as functions that the server's glue, the command-line
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

#endif
