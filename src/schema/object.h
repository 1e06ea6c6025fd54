/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: what the members of an object are checked by, for who asks without a value (hints.c) or which of several
 * schemas fits best (best.c).
 */
#ifndef AG_SCHEMA_OBJECT_H
#define AG_SCHEMA_OBJECT_H

#include "compiled.h"
#include "index.h"
#include "pattern.h"

typedef struct ag_property_t {
    const ag_schema_t *schema; /* NULL: "required" alone names it */
    unsigned required;         /* which of the required ones it is, from 1; 0: none */
} ag_property_t;

typedef struct ag_patterned_t {
    ag_pattern_t *pattern;
    const ag_schema_t *schema;
} ag_patterned_t;

typedef struct ag_members_t {
    ag_index_t names;
    ag_property_t *properties; /* as names.v */
    unsigned required;         /* how many */
    unsigned n_patterns;
    ag_patterned_t *patterns;
    const ag_schema_t *others; /* of members that none of these is about; NULL: any */
} ag_members_t;

/* NULL: nothing is said of its members. */
const ag_members_t *ag_schema_members(const ag_schema_t *schema);

#endif
