/* SPDX-License-Identifier: Apache-2.0 */
/*
 * array: what the items of an array are checked by, for who asks without a value (hints.c).
 */
#ifndef AG_SCHEMA_ARRAY_H
#define AG_SCHEMA_ARRAY_H

#include "compiled.h"

typedef struct ag_items_t {
    ag_subs_t first;         /* of the first items, one each */
    const ag_schema_t *rest; /* of all others; NULL: any */
} ag_items_t;

/* NULL: nothing is said of its items. */
const ag_items_t *ag_schema_items_check(const ag_schema_t *schema);

#endif
