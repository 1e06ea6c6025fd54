/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keywords: the table, and finding a keyword by its name.
 */
#include "keywords.h"

#include <string.h>

#include "set.h"

const ag_keyword_t ag_keywords[AG_KEYWORDS] = {
#define AG_KEYWORD(id, name, in, vocabulary, shape, compile) {name, sizeof(name) - 1, in, vocabulary, shape, compile},
#include "keywords.def"
#undef AG_KEYWORD
};

int ag_keyword_find(const ag_resource_t *resource, const char *name, apr_uint32_t n)
{
    int i;

    for (i = 0; i < AG_KEYWORDS; i++) {
        const ag_keyword_t *row = &ag_keywords[i];

        if (row->n == n && memcmp(row->name, name, n) == 0) {
            return row->in & 1u << resource->dialect && row->vocabulary & resource->vocabularies ? i : -1;
        }
    }
    return -1;
}
