/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set: documents that refer to each other, the resources in them, and the places that are compiled. Configuration
 * time only.
 *
 * A document is a JSON text. A resource is a schema that has a URI of its own: a document's root, or what has a $id.
 * A place is a schema anywhere: one node of a document.
 */
#ifndef AG_SCHEMA_SET_H
#define AG_SCHEMA_SET_H

#include <apr_hash.h>
#include <apr_tables.h>

#include "compiled.h"

struct ag_document_t {
    const char *name; /* as messages call it */
    const char *path; /* of its file, against which "file:" references are resolved; NULL: it is none */
    const ag_doc_t *doc;
    ag_schema_t **places;   /* by node; NULL: nobody asked for it yet */
    unsigned char *scanned; /* by node: its names and those below it are known */
    apr_hash_t *roots;      /* node -> ag_resource_t */
    apr_hash_t *wide;       /* node -> names of its members: see set.c */
    ag_resource_t *whole;
};

typedef struct ag_anchor_t {
    const char *name;
    int dynamic;
    apr_uint32_t node;
    const ag_schema_t *schema; /* of a dynamic one, when $dynamicRef may ask for it */
    struct ag_anchor_t *next;
} ag_anchor_t;

struct ag_resource_t {
    ag_document_t *document;
    apr_uint32_t root;
    const char *uri;
    ag_dialect_e dialect;
    unsigned vocabularies;
    ag_anchor_t *anchors;
    int dynamic; /* one of them is */
};

/* A $ref that is not resolved yet. */
typedef struct ag_pending_t {
    const ag_schema_t *from;
    apr_uint32_t node; /* of its value */
    ag_reference_t *reference;
    int dynamic; /* it is a $dynamicRef */
    int edge;    /* which of the edges it is */
} ag_pending_t;

struct ag_schemas_t {
    ag_schema_options_t options;
    apr_pool_t *p;
    apr_hash_t *documents;       /* name -> ag_document_t */
    apr_hash_t *resources;       /* URI -> ag_resource_t */
    apr_array_header_t *all;     /* ag_schema_t *, in the order they were asked for: the queue of the compiler */
    int compiled;                /* so many of them are */
    apr_array_header_t *edges;   /* ag_schema_t * */
    apr_array_header_t *pending; /* ag_pending_t */
    int resolved;                /* so many of them are */
    apr_array_header_t *anchors; /* const char *: names that a $dynamicRef looks for */
};

/* "FILE#POINTER: " and the text. */
const char *ag_set_wrong(ag_schemas_t *set, const ag_document_t *document, apr_uint32_t node, const char *text, ...)
    __attribute__((format(printf, 4, 5)));

/* The schema at a node, to be compiled; `resource` is what it stands in, unless it is a resource itself. */
ag_schema_t *ag_set_place(ag_schemas_t *set, ag_document_t *document, apr_uint32_t node,
                          const ag_resource_t *resource, const char *keyword);

/* The node at a JSON pointer below the node, and the resource it stands in; 0: there is none. */
int ag_set_follow(apr_uint32_t *node, const ag_resource_t **resource, const ag_document_t *document,
                  const char *pointer, apr_pool_t *p);

ag_anchor_t *ag_set_anchor(const ag_resource_t *resource, const char *name);

/* ---- scan.c: names ------------------------------------------------------------------------------------- */

/* Makes known all resources and anchors at and below a schema. An error text or NULL. */
const char *ag_scan(ag_schemas_t *set, ag_document_t *document, apr_uint32_t node, ag_resource_t *resource);

/* ---- dialect.c ------------------------------------------------------------------------------------------ */

/* By what "$schema" names: a dialect, or a document of the set that has a $vocabulary. An error text or NULL. */
const char *ag_dialect_of(ag_resource_t *resource, ag_schemas_t *set, apr_uint32_t schema);

/* ---- load.c: documents ---------------------------------------------------------------------------------- */

/* The resource of that URI, which may be read from a file or be built in; `reference` as it was written, for
 * messages. An error text or NULL. */
const char *ag_load(const ag_resource_t **resource, ag_schemas_t *set, const char *uri, const ag_schema_t *from,
                    apr_uint32_t node, const char *reference);

/* ---- compile.c ------------------------------------------------------------------------------------------ */

/* Compiles what waits for it. An error text or NULL. */
const char *ag_compile_waiting(ag_schemas_t *set);

/* ---- metaschema.c --------------------------------------------------------------------------------------- */

/* The text of a metaschema that is built in; NULL: it is none. */
const char *ag_metaschema(const char *uri);

#endif
