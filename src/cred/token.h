/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: what checks of all kinds of tokens have in common, whether they are verified here or asked about.
 */
#ifndef AG_TOKEN_H
#define AG_TOKEN_H

#include "cred.h"
#include "jwt_cause.h"
#include "token_memo.h"

/* 1 for two dots, no more: what a signed token looks like from afar. */
int ag_token_looks_signed(const char *text);

/* Refuses for a cause without a claim's name. */
ag_reason_e ag_token_refuse(ag_cred_call_t *call, ag_jwt_cause_e cause);

/* Is what is remembered good at this moment? */
ag_reason_e ag_token_times(const ag_token_memo_t *memo, ag_cred_call_t *call);

/* Marks the token as good, takes that back, and asks whether it was so within a day. */
void ag_token_mark(const ag_cred_call_t *call, ag_id_t id);
void ag_token_unmark(const ag_cred_call_t *call, ag_id_t id);
int ag_token_marked(const ag_cred_call_t *call, ag_id_t id);

/* The end of each check: *who (or NULL) gets realm and issuer's name, and proves what it is bound to, which is shown
 * anew with each request. With a reason to refuse, *who becomes call->shown. */
ag_reason_e ag_token_end(ag_principal_t **who, ag_cred_call_t *call, ag_reason_e reason);

#endif
