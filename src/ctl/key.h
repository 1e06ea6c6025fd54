/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: what the commands about keys share: a key as the table holds it, how it is named, found and
 * printed. A row is an array of texts in the order of ag_key_cell_e.
 */
#ifndef AG_CTL_KEY_H
#define AG_CTL_KEY_H

#include "ctl.h"

typedef enum {
    AG_K_ID, AG_K_PREFIX, AG_K_CLIENT, AG_K_EMAIL, AG_K_SCOPES, AG_K_ROLES, AG_K_IPS,
    AG_K_ENDPOINTS, AG_K_RATE, AG_K_PLAN, AG_K_CREATED, AG_K_EXPIRES, AG_K_GRACE, AG_K_ACTIVE,
    AG_K_ROTATED, AG_K_METADATA, AG_K_LAST_USED, AG_K_HASH
} ag_key_cell_e;

/* ---- key_view.c ------------------------------------------------------------------------------ */

/* The keys that fit `condition`: SQL from WHERE on, in which the table is k. An exit code; what was
 * wrong has been said. */
int ag_ctl_keys_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *condition, int n,
                       const char **values);

/* "active", "expired" or "revoked", now. */
const char *ag_ctl_key_status(const ag_ctl_t *ctl, const char **row);

/* As a table, or as a JSON array. */
void ag_ctl_keys_print(const ag_ctl_t *ctl, const ag_rows_t *rows);

/* One key: a line for each cell, or a JSON object. Its hash is not shown. */
void ag_ctl_key_print(const ag_ctl_t *ctl, const char **row);

/* ---- key_name.c ------------------------------------------------------------------------------ */

/* The one key that `operand` names: an id, a public prefix, or "-" for a whole key on standard
 * input, hashed under `pepper` ("file:PATH" or NULL). Opens the database. An exit code; what was
 * wrong has been said. */
int ag_ctl_key_find(const char ***row, ag_ctl_t *ctl, const char *operand, const char *pepper);

#endif
