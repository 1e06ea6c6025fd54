/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: see index.h. Open addressing, at most half full.
 */
#include "index.h"

#include <string.h>

#define MIX APR_UINT64_C(0x9E3779B97F4A7C15)

static apr_uint64_t eight(const char *text)
{
    apr_uint64_t word;

    memcpy(&word, text, 8);
    return word;
}

static apr_uint32_t four(const char *text)
{
    apr_uint32_t word;

    memcpy(&word, text, 4);
    return word;
}

/* The last bytes, less than eight; those of short names are read twice rather than past the end. */
static apr_uint64_t tail(const char *text, apr_uint32_t n)
{
    if (n >= 4) {
        return (apr_uint64_t)four(text) << 32 | four(text + n - 4);
    }
    return n ? (apr_uint64_t)(unsigned char)text[0] << 16 | (apr_uint64_t)(unsigned char)text[n / 2] << 8
                   | (unsigned char)text[n - 1]
             : 0;
}

static unsigned hash(const char *text, apr_uint32_t n)
{
    apr_uint64_t h = n * MIX;

    for (; n >= 8; text += 8, n -= 8) {
        h = (h ^ eight(text)) * MIX;
        h ^= h >> 32;
    }
    h = (h ^ tail(text, n)) * MIX;
    return (unsigned)(h >> 32);
}

void ag_index_make(ag_index_t *names, unsigned most, apr_pool_t *p)
{
    unsigned size = 4;

    while (size < 2 * most) {
        size *= 2;
    }
    names->n = 0;
    names->mask = size - 1;
    names->v = apr_pcalloc(p, most * sizeof *names->v);
    names->slots = apr_pcalloc(p, size * sizeof *names->slots);
}

/* The slot where the name is, or would be. */
static apr_uint32_t *slot(const ag_index_t *names, const char *text, apr_uint32_t n)
{
    unsigned at = hash(text, n) & names->mask;

    for (;; at = (at + 1) & names->mask) {
        const ag_name_t *name;

        if (!names->slots[at]) {
            return &names->slots[at];
        }
        name = &names->v[names->slots[at] - 1];
        if (name->n == n && memcmp(name->text, text, n) == 0) {
            return &names->slots[at];
        }
    }
}

unsigned ag_index_put(ag_index_t *names, const char *text, apr_uint32_t n)
{
    apr_uint32_t *at = slot(names, text, n);

    if (!*at) {
        names->v[names->n].text = text;
        names->v[names->n].n = n;
        *at = ++names->n;
    }
    return *at - 1;
}

int ag_index_find(const ag_index_t *names, const char *text, apr_uint32_t n)
{
    return (int)*slot(names, text, n) - 1;
}
