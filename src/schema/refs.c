/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refs: finds what each $ref names, when all documents are there; more may come by that.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"
#include "refs.h"
#include "set.h"
#include "uri.h"

/* ---- one ---------------------------------------------------------------------------------------------------- */

/* The node that a fragment means in a resource: a JSON pointer, or a name. */
static int find_fragment(apr_uint32_t *node, const ag_resource_t **resource, const ag_anchor_t **anchor,
                         const char *fragment, apr_pool_t *p)
{
    *node = (*resource)->root;
    *anchor = NULL;
    if (!*fragment || *fragment == '/') {
        return ag_set_follow(node, resource, (*resource)->document, fragment, p);
    }
    *anchor = ag_set_anchor(*resource, fragment);
    *node = *anchor ? (*anchor)->node : 0;
    return *anchor != NULL;
}

/* A name that a $dynamicRef looks for on the way. */
static void look_for(ag_schemas_t *set, const char *name)
{
    int i;

    for (i = 0; i < set->anchors->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(set->anchors, i, const char *), name) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(set->anchors, const char *) = name;
}

static const char *resolve(ag_schemas_t *set, const ag_pending_t *pending)
{
    const ag_document_t *document = pending->from->document;
    const ag_node_t *value = &document->doc->nodes[pending->node];
    const char *reference = apr_pstrmemdup(set->p, ag_doc_text(document->doc, value), value->n);
    const char *uri = ag_uri_resolve(pending->from->resource->uri, reference, set->p);
    const char *fragment = ag_uri_fragment(reference, set->p);
    const ag_resource_t *resource;
    const ag_anchor_t *anchor;
    apr_uint32_t node;
    const char *error;

    if (strlen(reference) != value->n || !fragment || !ag_text_printable(reference)) {
        return ag_set_wrong(set, document, pending->node, "this is no reference: RFC 3986 has its form");
    }
    error = ag_load(&resource, set, uri, pending->from, pending->node, reference);
    if (error) {
        return error;
    }
    if (!find_fragment(&node, &resource, &anchor, fragment, set->p)) {
        return ag_set_wrong(set, document, pending->node, "\"%s\" leads nowhere", reference);
    }
    pending->reference->to = ag_set_place(set, resource->document, node, resource, "$ref");
    APR_ARRAY_IDX(set->edges, pending->edge, const ag_schema_t *) = pending->reference->to;
    if (pending->dynamic && anchor && anchor->dynamic) {
        pending->reference->anchor = anchor->name;
        look_for(set, anchor->name);
    }
    return NULL;
}

static const char *resolve_waiting(ag_schemas_t *set)
{
    const char *error = NULL;

    while (!error && set->resolved < set->pending->nelts) {
        ag_pending_t pending = APR_ARRAY_IDX(set->pending, set->resolved++, ag_pending_t); /* more may come */

        error = resolve(set, &pending);
    }
    return error;
}

/* ---- all ---------------------------------------------------------------------------------------------------- */

static void place_anchors(ag_schemas_t *set, ag_resource_t *resource)
{
    int i;

    for (i = 0; i < set->anchors->nelts; i++) {
        ag_anchor_t *anchor = ag_set_anchor(resource, APR_ARRAY_IDX(set->anchors, i, const char *));

        if (anchor && anchor->dynamic && !anchor->schema) {
            anchor->schema = ag_set_place(set, resource->document, anchor->node, resource, "$dynamicRef");
        }
    }
}

/* Wherever a $dynamicRef may find such a name, its schema is there. */
static void place_all_anchors(ag_schemas_t *set)
{
    apr_hash_index_t *at;

    for (at = set->anchors->nelts ? apr_hash_first(set->p, set->resources) : NULL; at; at = apr_hash_next(at)) {
        place_anchors(set, apr_hash_this_val(at));
    }
}

const char *ag_refs_resolve(ag_schemas_t *set)
{
    const char *error = ag_compile_waiting(set);

    while (!error && (set->resolved < set->pending->nelts || set->compiled < set->all->nelts)) {
        error = resolve_waiting(set);
        place_all_anchors(set);
        error = error ? error : ag_compile_waiting(set);
    }
    return error;
}
