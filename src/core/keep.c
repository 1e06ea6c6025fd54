/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: see keep.h. A size that differs has a layout that differs, whatever the name says.
 */
#include "keep.h"

typedef struct {
    apr_uint64_t size;
    apr_uint64_t block[];
} kept_t;

void *ag_keep(const char *name, apr_size_t size, apr_pool_t *pkeep)
{
    void *found = NULL;
    kept_t *kept;

    apr_pool_userdata_get(&found, name, pkeep);
    kept = found;
    if (!kept || kept->size != size) {
        kept = apr_pcalloc(pkeep, sizeof *kept + size);
        kept->size = size;
        apr_pool_userdata_set(kept, name, apr_pool_cleanup_null, pkeep);
    }
    return kept->block;
}
