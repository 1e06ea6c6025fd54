/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: the parts of the loader, each of which compiles one kind of OpenAPI's objects. All return an error text or NULL.
 */
#ifndef AG_OPENAPI_LOAD_H
#define AG_OPENAPI_LOAD_H

#include "ref.h"

/* ---- load_parameter.c ---------------------------------------------------------------------------- */

/* A Parameter Object or a reference to one; NULL where it is one of the fields that OpenAPI says to ignore. */
const char *ag_load_parameter(const ag_parameter_t **parameter, ag_loader_t *loader, const ag_at_t *at);

/* What an Encoding Object says of a field of a form. */
const char *ag_load_encoding(ag_parameter_t *field, ag_loader_t *loader, const ag_at_t *at);

/* ---- load_query.c -------------------------------------------------------------------------------- */

/* Names of the members that an object has by its schema; *open: it may have others, and says so. */
apr_array_header_t *ag_load_members(int *open, ag_loader_t *loader, ag_at_t at);

/* The same as a set, or NULL, with the names of the object that stands at `more` (NULL: none). */
const ag_input_names_t *ag_load_names(ag_loader_t *loader, ag_at_t at, const ag_at_t *more);

/* The names that an operation's query may have. */
const char *ag_load_queries(ag_operation_t *operation, ag_loader_t *loader);

/* ---- load_body.c --------------------------------------------------------------------------------- */

/* A Request Body Object or a reference to one. */
const char *ag_load_body(const ag_request_body_t **body, ag_loader_t *loader, ag_at_t at);

/* ---- load_security.c ----------------------------------------------------------------------------- */

/* The schemes: their arguments of the query are declared everywhere. */
const char *ag_load_schemes(ag_loader_t *loader);

/* The `security` of an operation, or that of the whole document. */
const char *ag_load_security(ag_operation_t *operation, ag_loader_t *loader, const ag_at_t *at);

/* ---- load_servers.c ------------------------------------------------------------------------------ */

/* The paths of the servers that stand there ("" where they have none, without a slash at the end): const char *; NULL:
 * there is no such list. */
const char *ag_load_bases(apr_array_header_t **bases, ag_loader_t *loader, const ag_at_t *at);

/* ---- load_path.c --------------------------------------------------------------------------------- */

/* A Path Item Object under its path, entered into the tree behind each of the bases. */
const char *ag_load_path(ag_loader_t *loader, const char *path, ag_at_t at, const apr_array_header_t *bases);

#endif
