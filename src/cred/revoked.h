/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoked: the entries of api_revoked_tokens that are in force, as a set of ids in memory that all processes of a
 * server share. Room is reserved for two tables, of which one is in force: a single change is written into that one,
 * and after a reading of all rows the other one takes its place. Who asks takes no lock.
 *
 * It never answers "not revoked" when it does not know: no table yet, or one that is not sound.
 */
#ifndef AG_REVOKED_H
#define AG_REVOKED_H

#include <apr_time.h>

#include "../base/digest.h"

typedef struct ag_revoked_t ag_revoked_t;

typedef enum { AG_REVOKED_NO, AG_REVOKED_YES, AG_REVOKED_UNKNOWN } ag_revoked_e;

/* An entry. Times are seconds since 1970. */
typedef struct ag_revocation_t {
    ag_id_t id;          /* ag_revocable_id() */
    apr_int64_t before;  /* tokens issued before; AG_REVOKED_ALWAYS: whenever they were */
    apr_int64_t expires; /* from then on it says nothing; 0: it is gone already */
} ag_revocation_t;

#define AG_REVOKED_ALWAYS APR_INT64_MAX

/* So many fit, three quarters of the slots. */
#define AG_REVOKED_SLOTS (sizeof(void *) > 4 ? (apr_uint64_t)1 << 20 : (apr_uint64_t)1 << 17)
#define AG_REVOKED_MAX   (AG_REVOKED_SLOTS / 4 * 3)

/* Reserves it. It is unmapped with `p` in the process that made it; NULL: never. */
apr_status_t ag_revoked_make(ag_revoked_t **revoked, apr_pool_t *p);

/* Room for what the processes that read the database agree on, AG_REVOKED_NOTES bytes, zero at first. */
#define AG_REVOKED_NOTES 128
void *ag_revoked_notes(ag_revoked_t *revoked);

/* 1 when there is a table in force that holds nothing. */
int ag_revoked_is_empty(const ag_revoked_t *revoked);

/* Is a token revoked by one of these ids? Those that are zero are passed over. `issued` is microseconds, -1: before
 * any time. */
ag_revoked_e ag_revoked_ask(const ag_revoked_t *revoked, const ag_id_t *ids, int n, apr_time_t issued,
                            apr_time_t now);

/* Which change of the database is the last one that is in the table; 0 to begin with. */
apr_int64_t ag_revoked_revision(const ag_revoked_t *revoked);

/* Puts a table of these entries in force; another one that goes on from `from` has been so meanwhile: APR_EAGAIN, and
 * nothing is changed. APR_ENOSPC: there are more than fit; then there is no table in force any more. */
apr_status_t ag_revoked_replace(ag_revoked_t *revoked, const ag_revocation_t *entries, apr_size_t n, apr_int64_t from,
                                apr_int64_t to);

/* Brings the table in force from one revision to another. APR_EAGAIN likewise; APR_ENOSPC: what fits is in, and the
 * revision stays: it must be replaced. */
apr_status_t ag_revoked_change(ag_revoked_t *revoked, const ag_revocation_t *entries, apr_size_t n, apr_int64_t from,
                               apr_int64_t to);

#endif
