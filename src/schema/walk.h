/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: one check of one value. The recursion is bounded (AG_WALK_DEEPEST schemas in one another), so is the work
 * (run->steps), and nothing is allocated for a node.
 */
#ifndef AG_SCHEMA_WALK_H
#define AG_SCHEMA_WALK_H

#include "compiled.h"
#include "marks.h"

/* How many schemas may be asked within one another: a body's levels times what asks about each. A level of the walk
 * takes less than 512 bytes of the C stack, so all of it less than 512 KB. */
#define AG_WALK_DEEPEST 1000

/* The resources (documents, or parts with a $id) the walk has come through: what $dynamicRef looks at. */
typedef struct ag_scope_t {
    const ag_resource_t *resource;
    const struct ag_scope_t *outer;
} ag_scope_t;

struct ag_walk_t {
    ag_schema_run_t *run;
    const ag_doc_t *doc;
    apr_uint64_t steps; /* left */
    int quiet;          /* above 0: nobody counts findings, and the first one decides */
    int costly;         /* the steps, the levels or a pattern's limit ran out; quiet then, too */
    unsigned depth;
    ag_marks_t *marks; /* what has been looked at of this value; NULL: nobody asks */
    const ag_scope_t *scope;
    ag_arena_t arena;
};

/* 1 when the value fits. */
int ag_schema_walk(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node);

/* Likewise, of a part of the value that `w->marks` is about. */
static inline int ag_walk_part(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node)
{
    ag_marks_t *marks = w->marks;
    int fits;

    w->marks = NULL;
    fits = ag_schema_walk(w, schema, node);
    w->marks = marks;
    return fits;
}

/* Likewise of the same value, where a no does no harm: what was looked at counts only if it fits. */
int ag_walk_try(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node);

static inline int ag_walk_give_up(ag_walk_t *w)
{
    w->quiet += !w->costly;
    w->costly = 1;
    return 0;
}

/* Takes `n` steps; 0: there are not so many left. */
static inline int ag_walk_spend(ag_walk_t *w, apr_uint64_t n)
{
    if (w->steps < n) {
        return ag_walk_give_up(w);
    }
    w->steps -= n;
    return 1;
}

/* What reading so many bytes costs. */
static inline int ag_walk_spend_bytes(ag_walk_t *w, apr_uint32_t n)
{
    return n < 64 || ag_walk_spend(w, n / 64);
}

static inline unsigned ag_walk_kind(const ag_walk_t *w, apr_uint32_t node)
{
    return 1u << w->doc->nodes[node].kind;
}

/* ---- findings.c --------------------------------------------------------------------------------------- */

/* Adds a finding, unless w->quiet; always 0. */
int ag_walk_wrong(ag_walk_t *w, const char *keyword, apr_uint32_t node, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

/* "a number", "an object"; of several, "a string or null". */
const char *ag_kinds_words(unsigned kinds, apr_pool_t *p);

#endif
