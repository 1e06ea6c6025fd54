/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile: one schema after the other is taken from the queue and becomes a list of checks. See compile.h.
 */
#include "compile.h"

#include <string.h>

#include <apr_strings.h>

#include "uri.h"

/* ---- one schema ----------------------------------------------------------------------------------------- */

/* Draft-07 and OpenAPI 3.0: a schema with $ref is that $ref. */
static void leave_ref_alone(ag_compile_t *c)
{
    apr_uint32_t ref = c->found[AG_KW_ref];

    if (ref && !(1u << c->resource->dialect & AG_IN_2020)) {
        memset(c->found, 0, sizeof c->found);
        c->found[AG_KW_ref] = ref;
    }
}

static void find_keywords(ag_compile_t *c)
{
    apr_uint32_t i;

    AG_EACH_MEMBER(i, c->doc, c->schema->node)
    {
        const ag_node_t *name = &c->doc->nodes[i];
        int keyword = ag_keyword_find(c->resource, ag_doc_text(c->doc, name), name->n);

        if (keyword >= 0) {
            c->found[keyword] = i + 1;
        }
    }
    leave_ref_alone(c);
}

static const char *compile_object(ag_compile_t *c)
{
    const char *error = NULL;
    int i;

    find_keywords(c);
    for (i = 0; i < AG_KEYWORDS && !error; i++) {
        if (c->found[i]) {
            error = ag_keywords[i].compile(c, i, c->found[i]);
        }
    }
    c->schema->checks = apr_pmemdup(c->p, c->checks, (apr_size_t)c->n * sizeof *c->checks);
    c->schema->n = (unsigned short)c->n;
    return error;
}

static const char *compile_one(ag_schemas_t *set, ag_schema_t *schema)
{
    ag_compile_t c;
    const char *error;

    memset(&c, 0, sizeof c);
    c.set = set;
    c.schema = schema;
    c.resource = schema->resource;
    c.doc = schema->document->doc;
    c.p = set->p;
    schema->first_edge = (apr_uint32_t)set->edges->nelts;
    schema->scope = c.resource->dynamic ? c.resource : NULL;
    switch (c.doc->nodes[schema->node].kind) {
    case AG_JSON_TRUE:
        return NULL;
    case AG_JSON_FALSE:
        schema->kinds = 0;
        return NULL;
    case AG_JSON_OBJECT:
        error = compile_object(&c);
        schema->n_edges = (apr_uint32_t)set->edges->nelts - schema->first_edge;
        return error;
    default:
        return ag_set_wrong(set, schema->document, schema->node, "a schema is an object, true or false");
    }
}

const char *ag_compile_waiting(ag_schemas_t *set)
{
    const char *error = NULL;

    while (!error && set->compiled < set->all->nelts) {
        ag_schema_t *schema = APR_ARRAY_IDX(set->all, set->compiled++, ag_schema_t *);

        /* A $ref may lead to where nobody would look for schemas: their names count from now on. */
        error = ag_scan(set, schema->document, schema->node, (ag_resource_t *)(uintptr_t)schema->resource);
        error = error ? error : compile_one(set, schema);
    }
    return error;
}

static ag_document_t *document_of(const ag_schemas_t *set, const char *uri)
{
    const char *file = ag_uri_file(uri);
    ag_document_t *document = apr_hash_get(set->documents, uri, APR_HASH_KEY_STRING);

    return document
               ? document
               : apr_hash_get(set->documents, ag_uri_resolve("", file ? file : uri, set->p), APR_HASH_KEY_STRING);
}

const char *ag_schemas_compile(const ag_schema_t **schema, ag_schemas_t *set, const char *uri, const char *pointer)
{
    ag_document_t *document = document_of(set, uri);
    const ag_resource_t *resource = document ? document->whole : NULL;
    apr_uint32_t node = 0;

    *schema = NULL;
    if (!document) {
        return apr_psprintf(set->p, "%s#%s: this document is not here", uri, pointer);
    }
    if (!ag_set_follow(&node, &resource, document, pointer, set->p)) {
        return apr_psprintf(set->p, "%s#%s: nothing is there", uri, pointer);
    }
    *schema = ag_set_place(set, document, node, resource, "schema");
    return ag_compile_waiting(set);
}

const char *ag_schemas_compile_node(const ag_schema_t **schema, ag_schemas_t *set, const char *uri, apr_uint32_t node)
{
    ag_document_t *document = document_of(set, uri);

    *schema = NULL;
    if (!document) {
        return apr_psprintf(set->p, "%s#: this document is not here", uri);
    }
    *schema = ag_set_place(set, document, node, document->whole, "schema");
    return ag_compile_waiting(set);
}
