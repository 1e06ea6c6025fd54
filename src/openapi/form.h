/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: urlencoded and multipart forms as one JSON object, field by field, under the guide of its schema.
 */
#ifndef AG_OPENAPI_FORM_H
#define AG_OPENAPI_FORM_H

#include "value.h"

/* One field: its name, decoded, and its text, decoded or (urlencoded) not. */
typedef struct ag_form_field_t {
    ag_span_t name;
    ag_span_t text;
    int file; /* of multipart: its content is a string, whatever it says */
    int json; /* of multipart: its type is JSON */
} ag_form_field_t;

/* Adds the object. `encoded`: texts are urlencoded. */
void ag_form_build(ag_value_t *value, const ag_content_t *content, const ag_form_field_t *fields, int n, int encoded);

/* Reads an urlencoded text into such an object. NULL, or what is wrong: a sentence for the client. */
const char *ag_form_read(ag_value_t *value, const ag_content_t *content, ag_span_t text);

#endif
