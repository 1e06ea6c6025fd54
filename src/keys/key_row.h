/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_row: one row of a database becomes a key that is ready to use. Columns are known by their
 * names, so the shipped query and an operator's own are read alike. What cannot be understood never
 * widens what a key may do: a broken list of addresses or endpoints allows none, a broken rate
 * allows nothing, a broken time is past; each is logged with the key's public prefix.
 *
 * It asks the database nothing; keys_dbd does.
 */
#ifndef AG_KEY_ROW_H
#define AG_KEY_ROW_H

#include "keys.h"

/* The columns a query may yield. Only client_name must be there. */
typedef enum {
    AG_COL_ID,
    AG_COL_HASH,
    AG_COL_PREFIX,
    AG_COL_CLIENT,
    AG_COL_SCOPES,
    AG_COL_ROLES,
    AG_COL_IPS,
    AG_COL_ENDPOINTS,
    AG_COL_RATE,
    AG_COL_PLAN,
    AG_COL_PLAN_RATE,
    AG_COL_EXPIRES,
    AG_COL_ACTIVE,
    AG_COL_GRACE,
    AG_COL_COUNT
} ag_key_column_e;

/* The texts of one row, NULL for NULL; `here` has a bit for every column the query yields. */
typedef struct ag_key_row_t {
    const char *text[AG_COL_COUNT];
    unsigned int here;
} ag_key_row_t;

/* The column of that name in any case, or AG_COL_COUNT. */
ag_key_column_e ag_key_column(const char *name);

/* 1 for "/path", "METHOD /path" and, for any method, an asterisk in its place. */
int ag_key_endpoint_valid(const char *text, apr_pool_t *p);

/* The key of a row that was asked for by `hash`. APR_EGENERAL (logged) when the row is no key: no
 * usable client name, or another key's hash. */
apr_status_t ag_key_of_row(ag_key_t **key, const ag_key_row_t *row, const char *hash, const ag_log_t *log,
                           apr_pool_t *p);

/* keys_dbd: the rows of bcrypt hashes whose key begins with `prefix` (ag_key_row_t), nine at most. */
apr_status_t ag_keys_dbd_alike(apr_array_header_t **rows, const ag_db_port_t *port, const char *prefix,
                               const ag_log_t *log, apr_pool_t *p);

#endif
