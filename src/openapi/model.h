/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: what a document has become. Made once, with the configuration, and only read by requests.
 */
#ifndef AG_OPENAPI_MODEL_H
#define AG_OPENAPI_MODEL_H

#include "../input/names.h"
#include "../schema/schema.h"
#include "openapi.h"
#include "tree.h"

/* ---- parameters ---------------------------------------------------------------------------------- */

typedef enum { AG_PLACE_PATH, AG_PLACE_QUERY, AG_PLACE_HEADER, AG_PLACE_COOKIE, AG_PLACE_QUERYSTRING } ag_place_e;

typedef enum {
    AG_STYLE_SIMPLE,
    AG_STYLE_LABEL,
    AG_STYLE_MATRIX,
    AG_STYLE_FORM,
    AG_STYLE_SPACES,
    AG_STYLE_PIPES,
    AG_STYLE_DEEP,
    AG_STYLE_COOKIE
} ag_style_e;

/* How its text is to be read. */
typedef enum {
    AG_TEXT_STYLE, /* by style and explode */
    AG_TEXT_JSON,  /* "content" of a JSON type */
    AG_TEXT_FORM,  /* of application/x-www-form-urlencoded */
    AG_TEXT_WHOLE  /* of another type: one string */
} ag_text_e;

/* A parameter, or a field of a form, which is read as one. */
typedef struct ag_parameter_t {
    const char *name;
    apr_size_t n;
    const char *in; /* for findings: "query" */
    ag_place_e place;
    ag_style_e style;
    ag_text_e text;
    int explode, required, allow_empty;
    const ag_schema_t *schema; /* NULL: any value */
    const apr_array_header_t
        *members;                  /* const char *: of an exploded object, each an argument of its own; else NULL */
    int open;                      /* and all arguments that are nobody's are members, too */
    const ag_input_names_t *names; /* AG_TEXT_FORM: as in ag_content_t */
} ag_parameter_t;

/* An argument that is declared. */
typedef struct ag_query_t {
    const ag_parameter_t *parameter;
    const char *member; /* of it, or NULL: it is the parameter itself */
} ag_query_t;

/* ---- bodies -------------------------------------------------------------------------------------- */

typedef struct ag_content_t {
    const char *range;            /* as ag_media_range() makes them */
    const ag_schema_t *schema;    /* NULL: any */
    const ag_parameter_t *fields; /* of a form: those with an encoding of their own */
    int n_fields;
    const ag_input_names_t *names; /* of a form: those that its schema and its encoding have; NULL: none are known */
} ag_content_t;

typedef struct ag_request_body_t {
    int required;
    int n;
    const ag_content_t *contents; /* narrower ranges first */
    const char *accept;           /* all of them, for the client */
} ag_request_body_t;

/* ---- who may ------------------------------------------------------------------------------------- */

/* All of it is demanded. Nothing is demanded where `identified` is 0. */
typedef struct ag_demand_t {
    int identified;
    ag_words_t scopes;
} ag_demand_t;

/* ---- operations ---------------------------------------------------------------------------------- */

struct ag_operation_t {
    const char *method;
    const char *path; /* as the document writes it */
    const char *id;   /* operationId, or NULL */
    int n_parameters;
    const ag_parameter_t *const *parameters;
    const ag_parameter_t *const *values; /* of the path's templates, in their order */
    const ag_input_names_t *names;       /* of `queries`, in their order */
    const ag_query_t *queries;
    int n_queries;
    const ag_parameter_t *rest;    /* takes the arguments that are nobody's, or NULL */
    int whole_query;               /* a parameter in: querystring takes all of it */
    const ag_request_body_t *body; /* NULL: it takes none */
    int n_demands;                 /* any of them; 0: nothing is demanded */
    const ag_demand_t *demands;
};

typedef struct ag_path_item_t {
    const char *path;
    int n_values;
    const char **values;            /* names of its templates */
    apr_array_header_t *operations; /* ag_operation_t * */
    const char *allow;              /* "GET, HEAD, POST" */
} ag_path_item_t;

struct ag_openapi_t {
    ag_openapi_options_t options;
    const char *file;
    ag_tree_t *tree;
    ag_tree_t *loose;          /* with unknown=pass: the same paths as a lenient backend reads them */
    apr_array_header_t *items; /* ag_path_item_t * */
    int n_operations;
    apr_array_header_t *warnings;        /* const char * */
    const ag_input_names_t *credentials; /* arguments that hold one (apiKey in: query) */
};

/* ---- head.c -------------------------------------------------------------------------------------- */

/* What a body of that type is; NULL: it is none of them. */
const ag_content_t *ag_content_of(const ag_request_body_t *body, const char *type);

#endif
