/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspected: what is remembered of tokens whose issuer was asked, in shared memory, by an id of the token and the
 * realm. Of an active one the names, which are at hand on the next request, and the text of the answer, for whoever
 * asks for a claim; of any other a mark.
 */
#ifndef AG_INTROSPECTED_H
#define AG_INTROSPECTED_H

#include "token.h"

/* ---- introspect_judge.c ---------------------------------------------------------------------------- */

/* Does the answer satisfy the section? AG_R_NONE, *who and *memo, or a reason and call->detail. What is asked on each
 * request (ag_token_end()) is left to the caller. */
ag_reason_e ag_introspect_judge(ag_principal_t **who, ag_token_memo_t *memo, ag_cred_call_t *call,
                                const ag_introspect_answer_t *answer);

/* A principal's parse_claims: `raw` is the answer's text. */
json_t *ag_introspect_claims_of(ag_principal_t *who, apr_pool_t *p);

/* ---- answers --------------------------------------------------------------------------------------- */

/* Keeps an answer; `who` is NULL where it does not satisfy the section. */
void ag_introspected_keep(const ag_cred_call_t *call, ag_id_t id, const ag_token_memo_t *memo,
                          const ag_principal_t *who, const ag_introspect_answer_t *answer);

/* 1 when an answer not older than `seconds` was found; *reason is then what follows from it at this moment. */
int ag_introspected_recall(ag_reason_e *reason, ag_principal_t **who, ag_cred_call_t *call, ag_id_t id,
                           apr_int64_t seconds);

/* ---- marks: bits of one byte ------------------------------------------------------------------------ */

#define AG_INTROSPECTED_INACTIVE 1
#define AG_INTROSPECTED_WAS_GOOD 2 /* within a day: nobody has guessed it */
#define AG_INTROSPECTED_FAILED   4 /* who asked about it had no answer */

/* Sets a bit in place of what was there, but for WAS_GOOD. All bits. */
int ag_introspected_mark(const ag_cred_call_t *call, ag_id_t id, int bit, apr_time_t now);

/* Its bits when it is known not to be active, or 0. */
int ag_introspected_is_inactive(const ag_cred_call_t *call, ag_id_t id);

/* Who asked about it since then had no answer. */
int ag_introspected_has_failed(const ag_cred_call_t *call, ag_id_t id, apr_time_t since);

#endif
