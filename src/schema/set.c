/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set: places, and the ways to them. See set.h.
 */
#include "set.h"

#include <string.h>

#include <apr_strings.h>

#include "index.h"

const char *ag_set_wrong(ag_schemas_t *set, const ag_document_t *document, apr_uint32_t node, const char *text, ...)
{
    const char *what;
    va_list args;

    va_start(args, text);
    what = apr_pvsprintf(set->p, text, args);
    va_end(args);
    return apr_pstrcat(set->p, document->name, "#", ag_doc_pointer(document->doc, node, set->p), ": ", what, NULL);
}

ag_schema_t *ag_set_place(ag_schemas_t *set, ag_document_t *document, apr_uint32_t node,
                          const ag_resource_t *resource, const char *keyword)
{
    const ag_resource_t *own = apr_hash_get(document->roots, &node, sizeof node);
    ag_schema_t *schema = document->places[node];

    if (!schema) {
        schema = apr_pcalloc(set->p, sizeof *schema);
        schema->document = document;
        schema->resource = own ? own : resource;
        schema->node = node;
        schema->keyword = keyword;
        schema->kinds = AG_KINDS_ALL;
        document->places[node] = schema;
        APR_ARRAY_PUSH(set->all, ag_schema_t *) = schema;
    }
    return schema;
}

ag_anchor_t *ag_set_anchor(const ag_resource_t *resource, const char *name)
{
    ag_anchor_t *anchor = resource->anchors;

    while (anchor && strcmp(anchor->name, name) != 0) {
        anchor = anchor->next;
    }
    return anchor;
}

/* One segment of a pointer without its escapes (RFC 6901 s4). */
static char *segment(const char *text, apr_size_t n, apr_pool_t *p)
{
    char *out = apr_pstrmemdup(p, text, n), *to = out, *at;

    for (at = out; *at; at++) {
        *to = *at;
        if (at[0] == '~' && (at[1] == '0' || at[1] == '1')) {
            *to = *++at == '0' ? '~' : '/';
        }
        to++;
    }
    *to = '\0';
    return out;
}

/* The item of that number; 0: there is none. */
static apr_uint32_t item(const ag_doc_t *doc, apr_uint32_t list, const char *number)
{
    apr_uint32_t i, left = 0;
    const char *at;

    for (at = number; *at >= '0' && *at <= '9' && left < doc->n; at++) {
        left = left * 10 + (apr_uint32_t)(*at - '0');
    }
    if (*at || at == number || (*number == '0' && number[1])) {
        return 0;
    }
    AG_EACH_ITEM(i, doc, list)
    {
        if (left-- == 0) {
            return i;
        }
    }
    return 0;
}

/* The members of one object by their names: a document may have thousands of schemas side by side, and each be
 * referred to as often. */
typedef struct {
    ag_index_t names;
    apr_uint32_t *values;
} wide_t;

#define WIDE 32

static wide_t *make_wide(const ag_doc_t *doc, apr_uint32_t object, apr_pool_t *p)
{
    wide_t *wide = apr_palloc(p, sizeof *wide);
    apr_uint32_t i;

    ag_index_make(&wide->names, doc->nodes[object].n, p);
    wide->values = apr_palloc(p, doc->nodes[object].n * sizeof *wide->values);
    AG_EACH_MEMBER(i, doc, object)
    {
        wide->values[ag_index_put(&wide->names, ag_doc_text(doc, &doc->nodes[i]), doc->nodes[i].n)] = i + 1;
    }
    return wide;
}

static apr_uint32_t member(const ag_document_t *document, apr_uint32_t object, const char *name, apr_pool_t *p)
{
    const ag_doc_t *doc = document->doc;
    wide_t *wide;
    int found;

    if (doc->nodes[object].n < WIDE) {
        return ag_doc_member(doc, object, name, strlen(name));
    }
    wide = apr_hash_get(document->wide, &object, sizeof object);
    if (!wide) {
        wide = make_wide(doc, object, p);
        apr_hash_set(document->wide, apr_pmemdup(p, &object, sizeof object), sizeof object, wide);
    }
    found = ag_index_find(&wide->names, name, (apr_uint32_t)strlen(name));
    return found < 0 ? 0 : wide->values[found];
}

static apr_uint32_t part(const ag_document_t *document, apr_uint32_t node, const char *name, apr_pool_t *p)
{
    switch (document->doc->nodes[node].kind) {
    case AG_JSON_ARRAY:
        return item(document->doc, node, name);
    case AG_JSON_OBJECT:
        return member(document, node, name, p);
    default:
        return 0;
    }
}

int ag_set_follow(apr_uint32_t *node, const ag_resource_t **resource, const ag_document_t *document,
                  const char *pointer, apr_pool_t *p)
{
    while (*pointer) {
        apr_size_t n = strcspn(pointer + 1, "/");
        const ag_resource_t *own;

        *node = *pointer == '/' ? part(document, *node, segment(pointer + 1, n, p), p) : 0;
        if (!*node) {
            return 0;
        }
        own = apr_hash_get(document->roots, node, sizeof *node);
        *resource = own ? own : *resource;
        pointer += 1 + n;
    }
    return 1;
}
