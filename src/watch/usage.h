/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: how often each key is used, counted in shared memory and written to the database from
 * time to time by somebody who is not a request. A slot belongs to one key of one store on one day.
 *
 * A request finds its slot and adds one, without a lock. The one writer first moves what was
 * counted into the slots' wide words, which nobody else touches; those are cleared only when the
 * database has them. So a write that fails, or half fails, changes nothing here.
 *
 * No slot is needed for a request to be answered: a full table counts what it lost (AG_COUNT_USAGE_LOST), and
 * no more.
 */
#ifndef AG_USAGE_H
#define AG_USAGE_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../base/log.h"
#include "../core/ports.h"

typedef struct ag_usage_t ag_usage_t;

/* What is to be added to one row of api_usage. */
typedef struct ag_usage_row_t {
    apr_uint64_t key; /* api_keys.id */
    apr_int64_t day;  /* its first second, UTC */
    apr_uint64_t requests;
    apr_uint64_t denied;   /* of them */
    apr_int64_t last_used; /* seconds since 1970; up to a second late */
    apr_size_t slot;       /* the table's own */
} ag_usage_row_t;

/* How many bytes so many slots take. */
apr_size_t ag_usage_bytes(apr_size_t slots);

/* Lays the table into `memory` (8-byte aligned), as ag_cache_attach() does: with `fresh` it is
 * formatted, without it is an earlier generation's, or APR_EINVAL when that had another shape. */
apr_status_t ag_usage_attach(ag_usage_t **usage, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* Counts one request of key number `key` (0: nothing is counted) in the store `store`. */
void ag_usage_count(ag_usage_t *usage, apr_uint64_t store, apr_uint64_t key, apr_time_t now, int denied);

/* ---- the writer ------------------------------------------------------------------------------ */

/* Becomes the writer, and moves what was counted so far to where rows are read. 0 when another
 * process or thread is it at the moment. To be followed by ag_usage_end() in the same thread. */
int ag_usage_begin(ag_usage_t *usage, apr_time_t now);
void ag_usage_end(ag_usage_t *usage);

/* Names each store with rows that wait to be written, some of them several times; what it is told lives
 * in `p`. */
typedef void ag_usage_store_fn(void *ctx, const apr_uint64_t *store);
void ag_usage_stores(ag_usage_t *usage, ag_usage_store_fn *tell, void *ctx, apr_pool_t *p);

/* Up to `max` rows of a store that wait to be written, by key and day, so that two servers that
 * write the same rows lock them in the same order. How many. */
int ag_usage_rows(ag_usage_row_t *rows, int max, ag_usage_t *usage, apr_uint64_t store);

/* The database has these rows: they count from nothing again. */
void ag_usage_written(ag_usage_t *usage, const ag_usage_row_t *rows, int n);

/* Gives up what nobody could write for a week: its database is no longer configured. */
void ag_usage_expire(ag_usage_t *usage, apr_time_t now);

/* How many slots there are and how many are taken. */
void ag_usage_fill(ag_usage_t *usage, apr_size_t *slots, apr_size_t *used);

/* ---- usage_dbd: the statement ---------------------------------------------------------------- */

/* Adds the rows to api_usage in one transaction: all of them or none. A key that is no longer in
 * api_keys is passed over; with `own_table` the keys are in another table, and nobody looks. What
 * went wrong is put into *error. */
apr_status_t ag_usage_write(const char **error, const ag_db_port_t *port, int own_table, const ag_usage_row_t *rows,
                            int n, apr_pool_t *p);

#endif
