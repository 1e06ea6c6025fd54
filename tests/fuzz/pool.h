/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: what the sources of a fuzz target take from a pool is a block of malloc's each, freed with the pool: so that ASan
 * sees a byte beyond it, which it cannot within the large blocks of APR. script/fuzz includes this before each file.
 */
#ifndef AG_FUZZ_POOL_H
#define AG_FUZZ_POOL_H

#include <stdlib.h>
#include <string.h>

#include <apr_pools.h>
#include <apr_strings.h>

static inline apr_status_t ag_fuzz_free(void *block)
{
    free(block);
    return APR_SUCCESS;
}

static inline void *ag_fuzz_palloc(apr_pool_t *p, apr_size_t n)
{
    void *block = malloc(n ? n : 1);

    if (!block) {
        abort();
    }
    apr_pool_cleanup_register(p, block, ag_fuzz_free, apr_pool_cleanup_null);
    return block;
}

static inline void *ag_fuzz_pcalloc(apr_pool_t *p, apr_size_t n)
{
    return memset(ag_fuzz_palloc(p, n), 0, n);
}

static inline char *ag_fuzz_pstrmemdup(apr_pool_t *p, const char *text, apr_size_t n)
{
    char *copy = ag_fuzz_palloc(p, n + 1);

    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

#undef apr_pcalloc
#define apr_palloc     ag_fuzz_palloc
#define apr_pcalloc    ag_fuzz_pcalloc
#define apr_pstrmemdup ag_fuzz_pstrmemdup

#endif
