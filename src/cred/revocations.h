/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocations: is a token that is good in itself revoked? Those that are stand in the database's table
 * api_revoked_tokens; all of its rows that are in force lie in shared memory (revoked.h), and what changed is read
 * within a second, or at once after apiguardctl has told of it (keys/change_poll.h). So no request asks the database.
 *
 * Fails closed: as long as the table could not be read, nobody knows who is revoked. What was read once goes on while
 * the database is away. A database whose tables know no such rows (version 3, or none of ours) revokes nothing.
 */
#ifndef AG_REVOCATIONS_H
#define AG_REVOCATIONS_H

#include "../core/ports.h"
#include "../core/principal.h"
#include "../core/reason.h"
#include "../keys/change_poll.h"
#include "revoked.h"

/* Of one database, in one process. */
typedef struct ag_revocations_t {
    ag_revoked_t *revoked;
    ag_poll_t poll; /* ag_revocations_open() sets what is not the server's */
    ag_db_port_t db;
    const ag_sip_key_t *sip;
} ag_revocations_t;

/* Sets what does the reading; all else is set already. */
void ag_revocations_open(ag_revocations_t *revocations);

/* AG_R_NONE, or why this token may not be used. who->revocable is set (revocable.h). */
ag_reason_e ag_revocations_ask(const ag_revocations_t *revocations, const ag_principal_t *who, apr_time_t now,
                               const ag_log_t *log, apr_pool_t *p);

/* ---- revocations_dbd.c ----------------------------------------------------------------------- */

/* Brings what is in shared memory to what is in the database. Faults are logged when they begin and when they end. */
ag_poll_read_fn ag_revocations_read;

/* In shared memory: ag_revoked_notes(). */
typedef struct ag_revocations_notes_t {
    ag_poll_shared_t poll;
    apr_int64_t loaded;  /* 1: the table was read; 0: there was none so far */
    apr_int64_t failing; /* what has been logged and is not over */
} ag_revocations_notes_t;

#endif
