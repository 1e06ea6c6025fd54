/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refs: see refs.c.
 */
#ifndef AG_SCHEMA_REFS_H
#define AG_SCHEMA_REFS_H

#include "compiled.h"

/* Resolves each $ref and compiles what it leads to, until nothing waits. An error text or NULL. */
const char *ag_refs_resolve(ag_schemas_t *set);

#endif
