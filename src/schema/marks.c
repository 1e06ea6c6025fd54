/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks: see marks.h. The arena is a list of blocks that are never given back before the request's end, only used
 * again.
 */
#include "marks.h"

#include <string.h>

#define BLOCK 16000

struct ag_arena_block_t {
    ag_arena_block_t *next;
    apr_size_t size;
};

static ag_arena_block_t *make_block(ag_arena_t *arena, apr_size_t size)
{
    ag_arena_block_t *block;

    size = size < BLOCK ? BLOCK : size;
    block = apr_palloc(arena->p, sizeof *block + size);
    block->size = size;
    block->next = NULL;
    return block;
}

/* The next block that is large enough, behind the one in use. */
static void move_on(ag_arena_t *arena, apr_size_t size)
{
    ag_arena_block_t **at = arena->block ? &arena->block->next : &arena->first;

    while (*at && (*at)->size < size) {
        at = &(*at)->next;
    }
    if (!*at) {
        *at = make_block(arena, size);
    }
    arena->block = *at;
    arena->used = 0;
}

void *ag_arena_take(ag_arena_t *arena, apr_size_t size)
{
    char *memory;

    size = (size + 7) & ~(apr_size_t)7;
    if (!arena->block || arena->block->size - arena->used < size) {
        move_on(arena, size);
    }
    memory = (char *)(arena->block + 1) + arena->used;
    arena->used += size;
    return memset(memory, 0, size);
}

void ag_arena_back(ag_arena_t *arena, const ag_arena_t *before)
{
    arena->block = before->block;
    arena->used = before->used;
}

static apr_size_t words_of(const ag_marks_t *marks)
{
    return ((apr_size_t)marks->n + 63) / 64;
}

void ag_marks_make(ag_marks_t *marks, apr_uint32_t n, ag_arena_t *arena)
{
    marks->n = n;
    marks->few = 0;
    marks->words = n > 64 ? ag_arena_take(arena, words_of(marks) * sizeof(apr_uint64_t)) : NULL;
}

void ag_marks_join(ag_marks_t *marks, const ag_marks_t *more)
{
    apr_size_t i;

    marks->few |= more->few;
    for (i = 0; marks->words && i < words_of(marks); i++) {
        marks->words[i] |= more->words[i];
    }
}

void ag_marks_all(ag_marks_t *marks)
{
    if (marks->words) {
        memset(marks->words, 0xFF, words_of(marks) * sizeof(apr_uint64_t));
    }
    marks->few = ~APR_UINT64_C(0);
}
