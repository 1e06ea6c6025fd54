/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callers: who still calls what is deprecated. Requests are counted by section, client and day in shared memory, and
 * written to the database from time to time by somebody who is not a request, as usage (usage.h) is of keys.
 *
 * These sections are few and on their way out, so a lock does here: a request holds that of its stripe while it adds
 * one, the writer while it copies rows. None is held while a database is asked: what it has taken is subtracted
 * afterwards, so a write that fails changes nothing here.
 *
 * A full table counts what it lost (AG_COUNT_CALLERS_LOST), and no more.
 */
#ifndef AG_CALLERS_H
#define AG_CALLERS_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "../base/digest.h"
#include "../core/ports.h"

typedef struct ag_callers_t ag_callers_t;

/* Under which name a request is counted. Each text ends with a NUL; what is longer is cut. */
typedef struct ag_caller_t {
    apr_uint64_t store; /* whose database takes it */
    apr_uint64_t day;   /* since 1970 */
    char section[192];
    char kind[16]; /* of the credential: "key" */
    char client[160];
} ag_caller_t;

/* What is to be added to one row of api_deprecated_usage. */
typedef struct ag_callers_row_t {
    ag_caller_t name;
    ag_id_t id; /* the table's own */
    apr_uint64_t requests;
    apr_uint64_t refused;  /* of them */
    apr_int64_t last_used; /* seconds since 1970 */
} ag_callers_row_t;

/* Lays the table into `memory` (8-byte aligned), as ag_cache_attach() does: with `fresh` it is formatted, without it
 * is an earlier generation's, or APR_EINVAL when that had another shape. */
apr_status_t ag_callers_attach(ag_callers_t **callers, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* A name of these texts on the day of `now`. */
void ag_caller_name(ag_caller_t *name, apr_uint64_t store, const char *section, const char *kind, const char *client,
                    apr_time_t now);

/* Counts one request; `sip` is the server's secret. */
void ag_callers_count(ag_callers_t *callers, const ag_caller_t *name, apr_time_t now, int refused,
                      const ag_sip_key_t *sip);

/* ---- the writer: one at a time, who holds ag_usage_begin() ------------------------------------- */

/* A copy of up to `max` rows that wait to be written, by store and then in one order on all servers, so that two that
 * write the same rows lock them in the same order. Gives up first what nobody could write for a week. */
apr_array_header_t *ag_callers_rows(ag_callers_t *callers, int max, apr_time_t now, apr_pool_t *p);

/* The database has these rows. */
void ag_callers_written(ag_callers_t *callers, const ag_callers_row_t *rows, int n);

/* ---- callers_dbd: the statement ---------------------------------------------------------------- */

/* Adds the rows to api_deprecated_usage in one transaction: all of them or none. What went wrong is put into *error. */
apr_status_t ag_callers_write(const char **error, const ag_db_port_t *port, const ag_callers_row_t *rows, int n,
                              apr_pool_t *p);

#endif
