/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: a fixed set of strings, hashed at configuration time; a look-up takes one hash and, nearly always, one
 * comparison. Only the schema's own strings stand in it, so no request can make it slow.
 */
#ifndef AG_SCHEMA_INDEX_H
#define AG_SCHEMA_INDEX_H

#include <apr_pools.h>

typedef struct ag_name_t {
    const char *text; /* not NUL-terminated */
    apr_uint32_t n;
} ag_name_t;

typedef struct ag_index_t {
    unsigned n;
    unsigned mask;
    ag_name_t *v;
    apr_uint32_t *slots; /* number + 1; 0: empty */
} ag_index_t;

/* An empty set for up to `most` names. */
void ag_index_make(ag_index_t *names, unsigned most, apr_pool_t *p);

/* The name's number, from 0 in the order they came; it is added if it is new. The text is kept, not copied. */
unsigned ag_index_put(ag_index_t *names, const char *text, apr_uint32_t n);

/* The name's number, or -1. */
int ag_index_find(const ag_index_t *names, const char *text, apr_uint32_t n);

#endif
