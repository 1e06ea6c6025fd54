/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ref: a place in a document or in a file that it refers to, the ways from there, and what is said about it. Configuration
 * time only.
 */
#ifndef AG_OPENAPI_REF_H
#define AG_OPENAPI_REF_H

#include <apr_hash.h>

#include "model.h"

typedef struct ag_file_t {
    const char *path;
    ag_doc_t doc;
} ag_file_t;

typedef struct ag_at_t {
    const ag_file_t *file;
    apr_uint32_t node;
    int there;           /* 0: nothing stands there */
    int item;            /* ag_at_next()'s own */
    const char *pointer; /* RFC 6901 */
} ag_at_t;

typedef struct ag_loader_t {
    ag_openapi_t *openapi;
    ag_schemas_t *schemas;
    apr_hash_t *files;               /* path -> ag_file_t */
    apr_hash_t *parameters;          /* by place -> ag_parameter_t */
    apr_hash_t *bodies;              /* likewise ag_request_body_t */
    apr_array_header_t *credentials; /* const char *: arguments that hold one (apiKey in: query) */
    ag_at_t root;
    int version;      /* 30, 31, 32 */
    apr_pool_t *p;    /* of the result */
    apr_pool_t *ptmp; /* of the loading */
} ag_loader_t;

/* ---- files --------------------------------------------------------------------------------------- */

/* What stands in a file: the text must live as long as loader->p. An error text or NULL. */
const char *ag_file_parse(ag_file_t **file, ag_loader_t *loader, const char *path, const char *text, apr_size_t n);

/* What ag_schema_options_t asks for. */
const char *ag_file_read(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p);

/* ---- ways ---------------------------------------------------------------------------------------- */

static inline const ag_node_t *ag_at_node(const ag_at_t *at)
{
    return &at->file->doc.nodes[at->node];
}

static inline int ag_at_is(const ag_at_t *at, ag_json_e kind)
{
    return at->there && ag_at_node(at)->kind == kind;
}

/* The member of that name; not there where `at` is no object. */
ag_at_t ag_at_member(const ag_loader_t *loader, const ag_at_t *at, const char *name);

/* Over an object's members or an array's items: *each is the next; 0 at the end. Begins where each->there is 0. *name (may
 * be NULL) is the member's. */
int ag_at_next(ag_at_t *each, const char **name, const ag_loader_t *loader, const ag_at_t *in);

/* A member that is a string (NULL: there is none) or true. */
const char *ag_at_string(const ag_loader_t *loader, const ag_at_t *at, const char *name);
int ag_at_true(const ag_loader_t *loader, const ag_at_t *at, const char *name);

/* Follows "$ref", in whatever file it is, until there is none. An error text or NULL. */
const char *ag_at_resolve(ag_at_t *at, ag_loader_t *loader);

/* The schema that stands there. An error text or NULL. */
const char *ag_at_schema(const ag_schema_t **schema, ag_loader_t *loader, const ag_at_t *at);

/* ---- words --------------------------------------------------------------------------------------- */

/* "FILE#POINTER: " and the text. */
const char *ag_at_wrong(const ag_loader_t *loader, const ag_at_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same is kept as a warning. */
void ag_at_warn(ag_loader_t *loader, const ag_at_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
