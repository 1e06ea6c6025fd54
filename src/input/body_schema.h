/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_schema: ApiGuardBodySchema: which schema the body of which method must fit.
 */
#ifndef AG_INPUT_BODY_SCHEMA_H
#define AG_INPUT_BODY_SCHEMA_H

#include "../schema/schema.h"
#include "input.h"

/* A file, compiled once whatever sections name it. */
typedef struct ag_schema_file_t {
    const char *path;
    int formats;                /* format asserts */
    const ag_schema_t *schema;  /* once all of the configuration is read */
    const ag_schemas_t *opened; /* the same */
} ag_schema_file_t;

/* One method of one line. */
typedef struct ag_method_schema_t {
    const char *method;
    const ag_schema_file_t *file; /* NULL: none, whatever an outer section says */
} ag_method_schema_t;

struct ag_body_schemas_t {
    apr_array_header_t *list; /* ag_method_schema_t, each method once */
    int alone;                /* nothing is inherited */
};

/* Before the body's type is looked at: where a schema stands for the method there must be a body. 1 when one does. */
int ag_body_schema_wanted(const ag_body_schemas_t *schemas, ag_input_call_t *call);

/* Of such a request, once its type is known: it must be JSON. */
ag_reason_e ag_body_schema_head(ag_input_call_t *call);

/* The body, once it is read, against all schemas that stand for the method. */
ag_reason_e ag_body_schema_body(const ag_body_schemas_t *schemas, ag_input_call_t *call);

#endif
