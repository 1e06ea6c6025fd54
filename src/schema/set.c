/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set: places, and the ways to them. See set.h.
 */
#include "set.h"

#include <string.h>

#include <apr_strings.h>

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

static apr_uint32_t part(const ag_doc_t *doc, apr_uint32_t node, const char *name)
{
    switch (doc->nodes[node].kind) {
    case AG_JSON_ARRAY:
        return item(doc, node, name);
    case AG_JSON_OBJECT:
        return ag_doc_member(doc, node, name, strlen(name));
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

        *node = *pointer == '/' ? part(document->doc, *node, segment(pointer + 1, n, p)) : 0;
        if (!*node) {
            return 0;
        }
        own = apr_hash_get(document->roots, node, sizeof *node);
        *resource = own ? own : *resource;
        pointer += 1 + n;
    }
    return 1;
}
