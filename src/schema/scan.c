/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: finds the names in a document: $id makes a resource, $anchor and $dynamicAnchor name a place in it. Only
 * where schemas stand: an $id within an enum is no name. Without recursion.
 */
#include <string.h>

#include <apr_strings.h>

#include "keywords.h"
#include "set.h"
#include "uri.h"

typedef struct {
    apr_uint32_t node;
    ag_resource_t *resource;
} found_t;

typedef struct {
    ag_schemas_t *set;
    ag_document_t *document;
    apr_array_header_t *stack; /* found_t */
} scan_t;

/* The string that a member of the schema is; NULL: there is none. *node is its value. */
static const char *text_of(apr_uint32_t *node, const scan_t *s, apr_uint32_t schema, const char *name)
{
    const ag_doc_t *doc = s->document->doc;

    *node = ag_doc_member(doc, schema, name, strlen(name));
    return *node && doc->nodes[*node].kind == AG_JSON_STRING
               ? apr_pstrmemdup(s->set->p, ag_doc_text(doc, &doc->nodes[*node]), doc->nodes[*node].n)
               : NULL;
}

/* ---- anchors ------------------------------------------------------------------------------------------- */

/* A letter or "_", then letters, digits, "-", "_", "." (2020-12 s8.2.2); draft-07 has ":" as well (s8.2.3). */
static int is_anchor(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char others[] = "0123456789-.:";

    if (!*name || !strchr(letters, *name)) {
        return 0;
    }
    while (*name && (strchr(letters, *name) || strchr(others, *name))) {
        name++;
    }
    return !*name;
}

static const char *add_anchor(scan_t *s, ag_resource_t *resource, const char *name, int dynamic, apr_uint32_t schema,
                              apr_uint32_t at)
{
    ag_anchor_t *anchor = ag_set_anchor(resource, name);

    if (!is_anchor(name)) {
        return ag_set_wrong(s->set, s->document, at,
                            "a name begins with a letter or _, "
                            "and letters, digits, -, _ and . follow");
    }
    if (anchor && anchor->node != schema) {
        return ag_set_wrong(s->set, s->document, at, "another schema of this document has the same name");
    }
    if (!anchor) {
        anchor = apr_pcalloc(s->set->p, sizeof *anchor);
        anchor->name = name;
        anchor->node = schema;
        anchor->next = resource->anchors;
        resource->anchors = anchor;
    }
    anchor->dynamic |= dynamic;
    resource->dynamic |= dynamic;
    return NULL;
}

static const char *take_anchors(scan_t *s, ag_resource_t *resource, apr_uint32_t schema)
{
    const char *name, *error = NULL;
    apr_uint32_t at;

    if (!(1u << resource->dialect & AG_IN_2020)) {
        return NULL;
    }
    if ((name = text_of(&at, s, schema, "$anchor"))) {
        error = add_anchor(s, resource, name, 0, schema, at);
    }
    if (!error && (name = text_of(&at, s, schema, "$dynamicAnchor"))) {
        error = add_anchor(s, resource, name, 1, schema, at);
    }
    return error;
}

/* ---- resources ----------------------------------------------------------------------------------------- */

/* The resource that begins at the schema; its URI is also `uri`. */
static const char *add_resource(ag_resource_t **resource, scan_t *s, const char *uri, apr_uint32_t schema,
                                apr_uint32_t at)
{
    ag_resource_t *other = apr_hash_get(s->set->resources, uri, APR_HASH_KEY_STRING);
    apr_uint32_t *key;

    if (other && (other->document != s->document || other->root != schema)) {
        return ag_set_wrong(s->set, s->document, at, "another schema has the same $id, in %s", other->document->name);
    }
    if (schema == s->document->whole->root) {
        *resource = s->document->whole;
    }
    else {
        const ag_resource_t *outer = *resource;

        *resource = apr_pmemdup(s->set->p, outer, sizeof **resource);
        (*resource)->root = schema;
        (*resource)->anchors = NULL;
        (*resource)->dynamic = 0;
        key = apr_pmemdup(s->set->p, &schema, sizeof schema);
        apr_hash_set(s->document->roots, key, sizeof *key, *resource);
    }
    (*resource)->uri = uri;
    apr_hash_set(s->set->resources, uri, APR_HASH_KEY_STRING, *resource);
    return NULL;
}

/* What its $id says: another resource, or in draft-07 ("#name") a name in this one. Generators (jsonschema.net) write the
 * way to each place there, "#/properties/a", which draft-07 does not know: it names nothing. */
static const char *take_id(ag_resource_t **resource, scan_t *s, const char *id, apr_uint32_t schema, apr_uint32_t at)
{
    const char *fragment = ag_uri_fragment(id, s->set->p);
    const char *error = NULL;

    if (id[0] == '#' && id[1] == '/' && (*resource)->dialect == AG_DIALECT_07) {
        return NULL;
    }
    if (!fragment || (*fragment && (*resource)->dialect != AG_DIALECT_07)) {
        return ag_set_wrong(s->set, s->document, at, "$id has no fragment: a name in a document is an $anchor");
    }
    if (*id != '#') {
        error = add_resource(resource, s, ag_uri_resolve((*resource)->uri, id, s->set->p), schema, at);
    }
    return error || !*fragment ? error : add_anchor(s, *resource, fragment, 0, schema, at);
}

/* Draft-07 and OpenAPI 3.0: what stands beside $ref is nothing. */
static int is_hidden(const scan_t *s, const ag_resource_t *resource, apr_uint32_t schema)
{
    apr_uint32_t at;

    return !(1u << resource->dialect & AG_IN_2020) && text_of(&at, s, schema, "$ref");
}

static const char *take_names(ag_resource_t **resource, scan_t *s, apr_uint32_t schema)
{
    const ag_resource_t *outer = *resource;
    const char *id, *error = NULL;
    apr_uint32_t at, dialect;

    if ((*resource)->dialect == AG_DIALECT_OPENAPI_30) {
        return NULL;
    }
    id = text_of(&at, s, schema, "$id");
    dialect = ag_doc_member(s->document->doc, schema, "$schema", strlen("$schema"));
    if (dialect && schema == s->document->whole->root) {
        error = ag_dialect_of(*resource, s->set, dialect);
    }
    if (error || is_hidden(s, *resource, schema)) {
        return error;
    }
    if (id && *id && (error = take_id(resource, s, id, schema, at))) {
        return error;
    }
    if (dialect && *resource != outer) {
        error = ag_dialect_of(*resource, s->set, dialect);
    }
    return error ? error : take_anchors(s, *resource, schema);
}

/* ---- the way through a document ------------------------------------------------------------------------- */

static void later(scan_t *s, ag_resource_t *resource, apr_uint32_t node)
{
    found_t *found;

    if (s->document->doc->nodes[node].kind == AG_JSON_OBJECT && !s->document->scanned[node]) {
        s->document->scanned[node] = 1;
        found = apr_array_push(s->stack);
        found->node = node;
        found->resource = resource;
    }
}

static void look_into(scan_t *s, ag_resource_t *resource, ag_shape_e shape, apr_uint32_t value)
{
    const ag_doc_t *doc = s->document->doc;
    int kind = doc->nodes[value].kind;
    apr_uint32_t i;

    if (shape == AG_SHAPE_MAP && kind == AG_JSON_OBJECT) {
        AG_EACH_MEMBER(i, doc, value)
        {
            later(s, resource, i + 1);
        }
    }
    else if ((shape == AG_SHAPE_LIST || shape == AG_SHAPE_EITHER) && kind == AG_JSON_ARRAY) {
        AG_EACH_ITEM(i, doc, value)
        {
            later(s, resource, i);
        }
    }
    else if (shape == AG_SHAPE_SCHEMA || shape == AG_SHAPE_EITHER) {
        later(s, resource, value);
    }
}

static const char *scan_one(scan_t *s, apr_uint32_t node, ag_resource_t *resource)
{
    const ag_doc_t *doc = s->document->doc;
    const char *error = take_names(&resource, s, node);
    apr_uint32_t i;

    AG_EACH_MEMBER(i, doc, node)
    {
        int keyword = ag_keyword_find(resource, ag_doc_text(doc, &doc->nodes[i]), doc->nodes[i].n);

        if (keyword >= 0) {
            look_into(s, resource, ag_keywords[keyword].shape, i + 1);
        }
    }
    return error;
}

const char *ag_scan(ag_schemas_t *set, ag_document_t *document, apr_uint32_t node, ag_resource_t *resource)
{
    scan_t s = {set, document, NULL};
    const char *error = NULL;

    if (document->scanned[node]) {
        return NULL;
    }
    s.stack = apr_array_make(set->p, 64, sizeof(found_t));
    later(&s, resource, node);
    while (!error && s.stack->nelts) {
        found_t found = *(found_t *)apr_array_pop(s.stack);

        error = scan_one(&s, found.node, found.resource);
    }
    return error;
}
