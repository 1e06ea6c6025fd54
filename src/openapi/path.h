/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path: a request's path in segments, unless some backend could read it in another way than this one.
 */
#ifndef AG_OPENAPI_PATH_H
#define AG_OPENAPI_PATH_H

#include "tree.h"

typedef struct ag_path_t {
    int n;                             /* -1: more than AG_TREE_DEPTH, so no document has it */
    ag_span_t segments[AG_TREE_DEPTH]; /* decoded */
    apr_uint64_t encoded;              /* bit i: in segment i a sign that parts values was sent as %XX */
    apr_uint64_t semicolons;           /* bit i: in segment i stands a ";" */
} ag_path_t;

/* Reads `path`, which is decoded, as it goes to the application, and keeps pointing to it. `target` is what the client sent
 * for it, not decoded; NULL: httpd made the path (a rewrite, a sub-request). NULL, or why it is refused: a sentence for the
 * client. */
const char *ag_path_read(ag_path_t *path, const char *text, const char *target);

/* The same as a lenient backend reads it: in any case, without what stands behind a ";", without empty segments. Copies to
 * `p`. */
void ag_path_loosen(ag_path_t *path, apr_pool_t *p);

#endif
