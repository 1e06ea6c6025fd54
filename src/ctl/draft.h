/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft: a key's row before it is written, as texts the way the table holds them. Whether they come
 * from options, a file or another row, they pass the same checks, and the server's own reader has
 * the last word. It is no secret: the key itself is never in it.
 */
#ifndef AG_CTL_DRAFT_H
#define AG_CTL_DRAFT_H

#include "ctl.h"

/* The columns in the order of the INSERT. */
typedef enum {
    AG_D_HASH,
    AG_D_PREFIX,
    AG_D_CLIENT,
    AG_D_EMAIL,
    AG_D_SCOPES,
    AG_D_ROLES,
    AG_D_IPS,
    AG_D_ENDPOINTS,
    AG_D_RATE,
    AG_D_PLAN,
    AG_D_METADATA,
    AG_D_CREATED,
    AG_D_EXPIRES,
    AG_D_GRACE,
    AG_D_ACTIVE,
    AG_D_COUNT
} ag_draft_e;

typedef struct ag_draft_t {
    const char *text[AG_D_COUNT]; /* NULL for NULL */
} ag_draft_t;

/* The column's name in the table; what may stand in it, without a word of what does. */
const char *ag_draft_name(ag_draft_e column);
const char *ag_draft_rule(ag_draft_e column);

/* 1 when the column holds a list; 1 when it holds seconds since 1970. */
int ag_draft_is_list(ag_draft_e column);
int ag_draft_is_time(ag_draft_e column);

/* Words, each one entry of a list, into the column; none leave it NULL. An error text or NULL. */
const char *ag_draft_set_list(ag_draft_t *d, ag_draft_e column, const ag_words_t *words, apr_pool_t *p);

/* Validates one column. NULL if it is valid (a NULL text is), else an error text. */
const char *ag_draft_check_text(ag_draft_e column, const char *text, apr_pool_t *p);

/* The whole row; an error text and the column it is about, or NULL. */
const char *ag_draft_check(ag_draft_e *wrong, const ag_draft_t *d, apr_pool_t *p);

/* 1 when a stored hash is bcrypt's. */
int ag_draft_is_bcrypt(const char *hash);

/* Is there such a plan? NULL is none and right. An exit code; what was wrong has been said. */
int ag_draft_check_plan(ag_ctl_t *ctl, const char *plan);

/* Makes the row; *id is its number (`id` may be NULL). An exit code; what was wrong has been said.
 * */
int ag_draft_insert(const char **id, ag_ctl_t *ctl, const ag_draft_t *d);

#endif
