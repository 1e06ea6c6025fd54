/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_ref: $ref and $dynamicRef. Where they lead is found out when all documents are there (refs.c).
 */
#include <string.h>

#include "compile.h"
#include "ref.h"
#include "walk.h"

/* The outermost resource on the way here that has such a $dynamicAnchor (2020-12 s8.2.3.2). */
static const ag_schema_t *outermost(const ag_walk_t *w, const ag_reference_t *reference)
{
    const ag_schema_t *found = reference->to;
    const ag_scope_t *scope;

    for (scope = w->scope; scope; scope = scope->outer) {
        const ag_anchor_t *anchor = ag_set_anchor(scope->resource, reference->anchor);

        if (anchor && anchor->schema) {
            found = anchor->schema;
        }
    }
    return found;
}

static int fits_ref(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_reference_t *reference = check->data;

    return ag_schema_walk(w, reference->anchor ? outermost(w, reference) : reference->to, node);
}

const char *ag_compile_ref(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(STRING));
    ag_reference_t *reference;
    ag_pending_t *pending;

    if (error) {
        return error;
    }
    reference = apr_pcalloc(c->p, sizeof *reference);
    pending = apr_array_push(c->set->pending);
    pending->from = c->schema;
    pending->node = value;
    pending->reference = reference;
    pending->dynamic = keyword == AG_KW_dynamicRef;
    pending->edge = c->set->edges->nelts;
    ag_compile_edge(c, NULL);
    ag_compile_check(c, keyword, AG_KINDS_ALL, fits_ref, reference);
    return NULL;
}

const ag_schema_t *ag_ref_alone(const ag_schema_t *schema)
{
    const ag_reference_t *reference;

    if (schema->n != 1 || schema->checks->fits != fits_ref || schema->kinds != AG_KINDS_ALL) {
        return NULL;
    }
    reference = schema->checks->data;
    return reference->anchor ? NULL : reference->to;
}

const ag_schema_t *ag_ref_of(const ag_schema_t *schema)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        if (schema->checks[i].fits == fits_ref) {
            return ((const ag_reference_t *)schema->checks[i].data)->to;
        }
    }
    return NULL;
}
