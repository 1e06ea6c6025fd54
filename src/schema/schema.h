/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: JSON Schema (2020-12, draft-07, and the dialects of OpenAPI 3.0 and 3.1), compiled once and walked for
 * each request without allocating anything for a node.
 */
#ifndef AG_SCHEMA_H
#define AG_SCHEMA_H

#include "../base/findings.h"
#include "../json/doc.h"

typedef enum { AG_DIALECT_2020_12, AG_DIALECT_07, AG_DIALECT_OPENAPI_30, AG_DIALECT_OPENAPI_31 } ag_dialect_e;

typedef struct ag_schemas_t ag_schemas_t; /* documents that refer to each other, and all that is compiled of them */
typedef struct ag_schema_t ag_schema_t;

typedef struct ag_schema_options_t {
    ag_dialect_e dialect; /* of a document that has no $schema */
    int formats;          /* format asserts; else it annotates */
    /* Reads a local file that a $ref names by "file:" or by a path beside the document. An error text or NULL. */
    const char *(*read)(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p);
    void *ctx;
} ag_schema_options_t;

/* Everything made is freed with `p`. */
ag_schemas_t *ag_schemas_make(const ag_schema_options_t *options, apr_pool_t *p);

/* Takes a document under its URI or path (its $id may give it another one too). The doc and its text must live as long as
 * `p`. An error text "FILE#POINTER: what is wrong" or NULL, as all of the functions below. */
const char *ag_schemas_add(ag_schemas_t *schemas, const ag_doc_t *doc, const char *uri);

/* Reads and adds the file, by options.read. */
const char *ag_schemas_add_file(ag_schemas_t *schemas, const char *path);

/* The schema at a JSON pointer in a document, compiled; the same place twice is the same schema. */
const char *ag_schemas_compile(const ag_schema_t **schema, ag_schemas_t *schemas, const char *uri,
                               const char *pointer);

/* The same of a node, which is no part of another schema: in time that does not grow with the document. */
const char *ag_schemas_compile_node(const ag_schema_t **schema, ag_schemas_t *schemas, const char *uri,
                                    apr_uint32_t node);

/* Once all are compiled: every $ref is resolved, and a schema that would ask itself about the same value again is an
 * error. */
const char *ag_schemas_finish(ag_schemas_t *schemas);

/* Which kinds of values it takes, as bits 1 << ag_json_e, through $ref and allOf; AG_SCHEMA_WHOLE: of numbers, whole ones
 * alone. A hint for reading parameters: what it lets through may still be refused. */
#define AG_SCHEMA_WHOLE (1u << 16)
unsigned ag_schema_kinds(const ag_schema_t *schema);

/* The schema of a member of that name, or of an array's items, as far as it can be told without a value (through $ref and
 * allOf); NULL: it cannot. For reading parameters. */
const ag_schema_t *ag_schema_property(const ag_schema_t *schema, const char *name, apr_size_t n);
const ag_schema_t *ag_schema_items(const ag_schema_t *schema);

typedef enum { AG_SCHEMA_NO, AG_SCHEMA_YES, AG_SCHEMA_COSTLY } ag_schema_e;

/* What a request's body may take: half a second at most. */
#define AG_SCHEMA_STEPS 10000000

typedef struct ag_schema_run_t {
    apr_pool_t *p;           /* for what findings say */
    ag_findings_t *findings; /* added to */
    ag_finding_t place;      /* `in` and `name` of what is checked */
    apr_uint64_t steps;      /* left: each keyword that is tried and each comparison takes one */
    int reading;             /* a request's body: members that are readOnly are refused (OpenAPI) */
} ag_schema_run_t;

/* AG_SCHEMA_NO and findings; AG_SCHEMA_COSTLY where `steps` or a pattern's limit ran out: refuse that as well. */
ag_schema_e ag_schema_check(ag_schema_run_t *run, const ag_schema_t *schema, const ag_doc_t *doc, apr_uint32_t node);

#endif
