/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks: which members or items of one value a schema has looked at: unevaluatedProperties and unevaluatedItems take
 * the others. Only kept below a schema that has one of the two. Up to 64 fit into the struct, more take memory of an
 * arena that grows and shrinks with the walk.
 */
#ifndef AG_SCHEMA_MARKS_H
#define AG_SCHEMA_MARKS_H

#include <apr_pools.h>

typedef struct ag_arena_block_t ag_arena_block_t;

/* Zeroed is empty; `p` is set by who has one. */
typedef struct ag_arena_t {
    apr_pool_t *p;
    ag_arena_block_t *first, *block;
    apr_size_t used; /* of `block` */
} ag_arena_t;

/* Zeroed memory, until the arena is set back to what it was (a copy of the struct) before. */
void *ag_arena_take(ag_arena_t *arena, apr_size_t size);
void ag_arena_back(ag_arena_t *arena, const ag_arena_t *before);

typedef struct ag_marks_t {
    apr_uint32_t n;
    apr_uint64_t few;    /* the first 64 */
    apr_uint64_t *words; /* of more than 64: all; NULL: up to 64 */
} ag_marks_t;

void ag_marks_make(ag_marks_t *marks, apr_uint32_t n, ag_arena_t *arena);
void ag_marks_join(ag_marks_t *marks, const ag_marks_t *more);
void ag_marks_all(ag_marks_t *marks);

static inline void ag_marks_set(ag_marks_t *marks, apr_uint32_t i)
{
    if (marks && marks->words) {
        marks->words[i / 64] |= APR_UINT64_C(1) << i % 64;
    }
    else if (marks) {
        marks->few |= APR_UINT64_C(1) << i;
    }
}

static inline int ag_marks_has(const ag_marks_t *marks, apr_uint32_t i)
{
    return (marks->words ? marks->words[i / 64] >> i % 64 : marks->few >> i) & 1;
}

#endif
