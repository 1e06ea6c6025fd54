/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ref: where a schema's $ref leads.
 */
#ifndef AG_SCHEMA_REF_H
#define AG_SCHEMA_REF_H

#include "compiled.h"

/* NULL: it has none. */
const ag_schema_t *ag_ref_of(const ag_schema_t *schema);

/* Likewise; NULL also where something else stands beside it, or where it leads depends on the way here. */
const ag_schema_t *ag_ref_alone(const ag_schema_t *schema);

#endif
