/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finish: what can be said only when all schemas are compiled: none asks itself about the same value again, and the
 * chains of those that ask each other about one are short enough for the walk.
 */
#include <apr_strings.h>

#include "logic.h"
#include "ref.h"
#include "refs.h"
#include "set.h"
#include "walk.h"

/* Of the levels a walk may have, so many may be about one value. */
#define CHAIN (AG_WALK_DEEPEST / 4)

enum { NEW, OPEN, DONE };

static const ag_schema_t *edge(const ag_schemas_t *set, const ag_schema_t *schema, apr_uint32_t i)
{
    return APR_ARRAY_IDX(set->edges, (int)(schema->first_edge + i), const ag_schema_t *);
}

typedef struct {
    ag_schema_t *schema;
    apr_uint32_t next; /* edge */
} step_t;

static void open_step(apr_array_header_t *stack, const ag_schema_t *schema)
{
    step_t *step = apr_array_push(stack);

    step->schema = (ag_schema_t *)(uintptr_t)schema;
    step->schema->visit = OPEN;
    step->next = 0;
}

/* What a schema refers to, or consists of, is read only: so is it. */
static void find_read_only(ag_schema_t *schema)
{
    const ag_schema_t *ref = ag_ref_of(schema);
    const ag_subs_t *all = ag_all_of(schema);
    unsigned i;

    schema->read_only |= ref && ref->read_only;
    for (i = 0; all && i < all->n; i++) {
        schema->read_only |= all->v[i]->read_only;
    }
}

/* All below it is known. */
static const char *close_step(ag_schemas_t *set, apr_array_header_t *stack)
{
    ag_schema_t *schema = ((step_t *)apr_array_pop(stack))->schema;
    apr_uint32_t i;

    for (i = 0; i < schema->n_edges; i++) {
        const ag_schema_t *other = edge(set, schema, i);

        schema->above = other->above >= schema->above ? (unsigned short)(other->above + 1) : schema->above;
    }
    find_read_only(schema);
    schema->visit = DONE;
    return schema->above <= CHAIN
               ? NULL
               : ag_set_wrong(set, schema->document, schema->node,
                              "more than %d schemas within one another would look at the same value", CHAIN);
}

static const char *follow(ag_schemas_t *set, apr_array_header_t *stack, const ag_schema_t *start)
{
    const char *error = NULL;

    open_step(stack, start);
    while (stack->nelts && !error) {
        step_t *step = &APR_ARRAY_IDX(stack, stack->nelts - 1, step_t);
        const ag_schema_t *other;

        if (step->next == step->schema->n_edges) {
            error = close_step(set, stack);
            continue;
        }
        other = edge(set, step->schema, step->next++);
        if (other->visit == OPEN) {
            return ag_set_wrong(set, other->document, other->node,
                                "this schema leads back to itself without looking at a part of the value");
        }
        if (other->visit == NEW) {
            open_step(stack, other);
        }
    }
    return error;
}

static const char *find_circles(ag_schemas_t *set)
{
    apr_array_header_t *stack = apr_array_make(set->p, 64, sizeof(step_t));
    const char *error = NULL;
    int i;

    for (i = 0; i < set->all->nelts && !error; i++) {
        const ag_schema_t *schema = APR_ARRAY_IDX(set->all, i, ag_schema_t *);

        if (schema->visit == NEW) {
            error = follow(set, stack, schema);
        }
    }
    return error;
}

/* ---- short cuts ----------------------------------------------------------------------------------------------- */

/* A schema that is just a $ref is passed over, unless $dynamicRef must know that the walk came through here. */
static void find_alias(ag_schema_t *schema)
{
    const ag_schema_t *to = ag_ref_alone(schema);

    if (to && (!schema->scope || schema->scope == to->scope)) {
        schema->alias = to;
    }
}

const char *ag_schemas_finish(ag_schemas_t *set)
{
    const char *error = ag_refs_resolve(set);
    int i;

    error = error ? error : find_circles(set);
    for (i = 0; i < set->all->nelts && !error; i++) {
        find_alias(APR_ARRAY_IDX(set->all, i, ag_schema_t *));
    }
    return error;
}
