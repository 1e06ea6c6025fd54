/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: what the parent process keeps over a graceful restart. The module is unloaded and loaded again between
 * two generations of the server, perhaps as another version, so nothing kept may point into it.
 */
#ifndef AG_KEEP_H
#define AG_KEEP_H

#include <apr_pools.h>

/* The block of that name, of `size` bytes; all zero where there was none, or one of another size. It lives as
 * long as `pkeep`, the process's pool, in memory that no child can change. A name ends in the number of its
 * block's layout: a version of the module with another layout has another number, finds nothing and begins
 * anew. */
void *ag_keep(const char *name, apr_size_t size, apr_pool_t *pkeep);

#endif
