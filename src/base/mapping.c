/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping: see mapping.h.
 */
#include "mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

typedef struct {
    void *memory;
    apr_size_t size;
} mapping_t;

static apr_status_t unmap(void *mapping)
{
    const mapping_t *m = mapping;

    munmap(m->memory, m->size);
    return APR_SUCCESS;
}

apr_status_t ag_mapping_make(void **memory, apr_size_t size, apr_pool_t *p)
{
    mapping_t *mapping;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        return APR_FROM_OS_ERROR(errno);
    }
    *memory = at;
    if (p) {
        mapping = apr_palloc(p, sizeof *mapping);
        mapping->memory = at;
        mapping->size = size;
        apr_pool_cleanup_register(p, mapping, unmap, apr_pool_cleanup_null);
    }
    return APR_SUCCESS;
}

void ag_mapping_drop(void *memory, apr_size_t size)
{
    munmap(memory, size);
}

void ag_mapping_empty(void *memory, apr_size_t size)
{
#ifdef MADV_REMOVE
    if (madvise(memory, AG_MAPPING_ROUNDED(size), MADV_REMOVE) == 0) {
        return;
    }
#endif
    memset(memory, 0, size);
}
