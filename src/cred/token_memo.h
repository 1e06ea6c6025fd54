/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_memo: what is remembered of a verified token: when it is good, its principal's names, and by what it can be
 * revoked. One flat record: two times, two counts, ids, then texts that end in NUL.
 */
#ifndef AG_TOKEN_MEMO_H
#define AG_TOKEN_MEMO_H

#include <apr_time.h>

#include "../core/principal.h"

#define AG_TOKEN_RECORD_SIZE                                                                                         \
    1088 /* a token with longer names is verified each time; one whose names take
                                     up to a quarter of that takes a quarter of the room */

typedef struct ag_token_memo_t {
    apr_time_t begins;
    apr_time_t expires; /* 0: never */
} ag_token_memo_t;

/* The record's length, or 0 when it does not fit. */
apr_size_t ag_token_memo_write(char *record, apr_size_t size, const ag_token_memo_t *memo, const ag_principal_t *who);

/* 1 when the record is whole. The principal points into `record`, which is 8-byte aligned. */
int ag_token_memo_read(ag_token_memo_t *memo, ag_principal_t **who, const char *record, apr_size_t n, apr_pool_t *p);

#endif
