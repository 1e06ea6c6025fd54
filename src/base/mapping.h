/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping: memory that a process shares with the children it forks. Only address space is reserved; the system gives
 * what is written to, and takes back what is emptied. Who needs room for a table that may become large asks for the
 * most it can be.
 */
#ifndef AG_MAPPING_H
#define AG_MAPPING_H

#include <apr_pools.h>

#define AG_MAPPING_ROUNDED(n) (((n) + 65535) & ~(apr_size_t)65535) /* no page holds parts of two things */

/* Reserves it, all zero. It is unmapped with `p` in the process that made it; NULL: never, unless by
 * ag_mapping_drop(). (A pool that outlives this code must not call it.) */
apr_status_t ag_mapping_make(void **memory, apr_size_t size, apr_pool_t *p);

/* Unmaps in this process what was made without a pool; others keep theirs. */
void ag_mapping_drop(void *memory, apr_size_t size);

/* Gives memory back to the system; it reads as zeros then. `memory` begins a page, and what its last page holds
 * besides goes, too. */
void ag_mapping_empty(void *memory, apr_size_t size);

#endif
