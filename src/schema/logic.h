/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logic: which schemas a schema is made of, for who asks without a value.
 */
#ifndef AG_SCHEMA_LOGIC_H
#define AG_SCHEMA_LOGIC_H

#include "compiled.h"

/* Its allOf; NULL: it has none. */
const ag_subs_t *ag_all_of(const ag_schema_t *schema);

#endif
