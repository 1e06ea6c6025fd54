/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: what a parameter's texts say: a JSON value, made under the guide of its schema, so that "10" is a number where a
 * number is wanted, and a string where a string is; and the check of that value.
 */
#ifndef AG_OPENAPI_VALUE_H
#define AG_OPENAPI_VALUE_H

#include "model.h"

/* What is given for a parameter: one piece, or several where the name stands there more than once. */
typedef struct ag_piece_t {
    ag_span_t key;  /* decoded: of an exploded object's member its name, of a deep object "[a][b]", else empty */
    ag_span_t text; /* as it was sent; of a path, decoded */
} ag_piece_t;

typedef struct ag_given_t {
    int n;
    const ag_piece_t *pieces;
    int encoded; /* of a path: a sign that parts values was encoded */
} ag_given_t;

/* One value as it is read. */
typedef struct ag_value_t {
    ag_builder_t *b;
    apr_pool_t *p;
    int strings;       /* second reading: what may be a string is one */
    int unsure;        /* out: a text was read in one of several ways that the schema could not tell apart */
    const char *wrong; /* out: a text cannot be read in one way: a sentence for the client, 400 */
    const char *form;  /* out: it is not written as the style wants: a sentence, 422 */
} ag_value_t;

#define AG_VALUE_STEPS 100000 /* of a check: see ag_schema_run_t */

/* ---- text.c -------------------------------------------------------------------------------------- */

/* Adds the decoded text as the value that the schema (NULL: any) takes. */
void ag_value_text(ag_value_t *value, const ag_schema_t *schema, ag_span_t text);

/* Adds the decoded text, which is JSON, as it is. */
void ag_value_json(ag_value_t *value, ag_span_t text);

/* Decodes by the parameter's place. */
ag_span_t ag_value_decode(ag_value_t *value, const ag_parameter_t *parameter, ag_span_t text);

/* The kinds that a schema takes; NULL takes all. */
unsigned ag_value_kinds(const ag_schema_t *schema);

#define AG_KINDS_OF(kind) (1u << AG_JSON_##kind)
#define AG_KINDS_ONE                                                                                                 \
    (AG_KINDS_OF(NULL) | AG_KINDS_OF(FALSE) | AG_KINDS_OF(TRUE) | AG_KINDS_OF(NUMBER) | AG_KINDS_OF(STRING))

/* ---- style.c ------------------------------------------------------------------------------------- */

typedef enum { AG_SHAPE_ONE, AG_SHAPE_LIST, AG_SHAPE_MEMBERS } ag_shape_e;

/* Adds what is given as a value of that shape. */
void ag_value_shape(ag_value_t *value, ag_shape_e shape, const ag_parameter_t *parameter, const ag_schema_t *schema,
                    const ag_given_t *given);

/* ---- deep.c -------------------------------------------------------------------------------------- */

/* Adds pieces with keys such as "[a][b]" or "[0]". */
void ag_value_deep(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                   const ag_given_t *given);

/* ---- stopped.c ------------------------------------------------------------------------------------ */

/* Counts and logs that a check was stopped: of "the parameter" NAME, "the body of" METHOD PATH. */
void ag_value_stopped(const ag_input_call_t *call, const char *what, const char *name);

/* ---- value.c ------------------------------------------------------------------------------------- */

/* Checks what is given; what is wrong is added to call->findings. AG_R_INPUT_INVALID: it cannot be read in one way; else
 * AG_R_NONE. */
ag_reason_e ag_value_check(ag_input_call_t *call, const ag_parameter_t *parameter, const ag_given_t *given);

/* One finding about a parameter. */
void ag_value_find(ag_input_call_t *call, const ag_parameter_t *parameter, const char *keyword, const char *detail);

#endif
