/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi: a section's requests are checked against an OpenAPI document (3.0, 3.1, 3.2): path, method, parameters, body,
 * and who may. All of the document is compiled with the configuration; a request allocates for what it brings along alone.
 */
#ifndef AG_OPENAPI_H
#define AG_OPENAPI_H

#include <apr_tables.h>

#include "../core/principal.h"
#include "../core/setting.h"
#include "../input/input.h"
#include "tree.h"

typedef struct ag_openapi_t ag_openapi_t;
typedef struct ag_operation_t ag_operation_t;

typedef struct ag_openapi_options_t {
    const char
        *base;   /* in front of every path, without a slash at its end; NULL: the path of the document's servers */
    int pass;    /* what the document does not know is let through: paths, and arguments of a query */
    int formats; /* format asserts */
    int scopes;  /* an operation's `security` is demanded */
} ag_openapi_options_t;

/* ---- load.c: configuration time ------------------------------------------------------------------ */

/* Reads and compiles the file. An error text "FILE#POINTER: what is wrong" or NULL. */
const char *ag_openapi_load(ag_openapi_t **openapi, const char *file, const ag_openapi_options_t *options,
                            apr_pool_t *p);

/* The same of a text, which must live as long as `p`, and is called by the file's name. */
const char *ag_openapi_compile(ag_openapi_t **openapi, const char *file, const char *text, apr_size_t n,
                               const ag_openapi_options_t *options, apr_pool_t *p);

/* What is odd about the document and does no harm: const char *, "FILE#POINTER: ...". */
const apr_array_header_t *ag_openapi_warnings(const ag_openapi_t *openapi);

int ag_openapi_operations(const ag_openapi_t *openapi);

/* ---- find.c, head.c, body.c: a request ----------------------------------------------------------- */

/* Which operation a request is, and what its path says. */
typedef struct ag_openapi_found_t {
    const ag_operation_t *operation; /* NULL: none, and it may pass */
    ag_tree_found_t path;
    apr_uint64_t encoded, semicolons; /* as in ag_path_t */
} ag_openapi_found_t;

/* 400, 404 and 405. */
ag_reason_e ag_openapi_find(ag_openapi_found_t *found, const ag_openapi_t *openapi, ag_input_call_t *call);

/* 1 when the operation may be used by whom that is (NULL or anonymous: nobody in particular); else 0, and *wanted is the
 * scopes that would do, parted by blanks; NULL: to be somebody would. */
int ag_openapi_allows(const char **wanted, const ag_openapi_t *openapi, const ag_operation_t *operation,
                      const ag_principal_t *who, apr_pool_t *p);

/* Parameters, and whether the body is of a type that the operation takes; before ag_input_head(). */
ag_reason_e ag_openapi_head(const ag_openapi_found_t *found, const ag_openapi_t *openapi, ag_input_call_t *call);

/* The body, once it is read: call->body. What is needed for the check alone comes from `ptmp`. */
ag_reason_e ag_openapi_body(const ag_operation_t *operation, ag_input_call_t *call, apr_pool_t *ptmp);

/* For people: what an operation is called. */
const char *ag_operation_name(const ag_operation_t *operation, apr_pool_t *p);

/* ---- setting.c ----------------------------------------------------------------------------------- */

/* ApiGuardOpenAPI. */
typedef struct ag_openapi_line_t {
    const char *file;
    ag_openapi_options_t options;
    ag_openapi_t *openapi; /* NULL until all of the configuration is read */
} ag_openapi_line_t;

extern const ag_setting_kind_t ag_kind_openapi; /* const ag_openapi_line_t *; NULL: none */

#endif
