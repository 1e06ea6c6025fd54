/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: see form.h. A field is read as its encoding says, if it has one; else one that stands there once is a value, or an
 * item of a list; several times, a list; an object is JSON (OpenAPI 3.1 s4.8.14.5).
 */
#include "form.h"

#include <apr_strings.h>

#define MOST 1000 /* fields */

static int same(ag_span_t a, ag_span_t b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* What a field is called without what stands in brackets, if the object knows it so. */
static ag_span_t base_of(const ag_content_t *content, ag_span_t name, ag_span_t *key)
{
    const char *open = name.n ? memchr(name.at + 1, '[', name.n - 1) : NULL;
    ag_span_t base = open ? ag_span(name.at, (apr_size_t)(open - name.at)) : name;
    int i;

    *key = ag_span("", 0);
    for (i = 0; open && i < content->n_fields; i++) {
        const ag_parameter_t *field = &content->fields[i];

        if (field->style == AG_STYLE_DEEP && same(ag_span(field->name, field->n), base)) {
            *key = ag_span(open, name.n - base.n);
            return base;
        }
    }
    return name;
}

static ag_parameter_t parameter_of(const ag_content_t *content, ag_span_t name, int encoded)
{
    ag_parameter_t plain = {.name = name.at, .n = name.n, .style = AG_STYLE_FORM, .explode = 1};
    int i;

    for (i = 0; i < content->n_fields; i++) {
        if (same(ag_span(content->fields[i].name, content->fields[i].n), name)) {
            plain = content->fields[i];
        }
    }
    plain.place = encoded ? AG_PLACE_QUERY : AG_PLACE_HEADER;
    return plain;
}

/* ---- one member ---------------------------------------------------------------------------------- */

static void build_text(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                       const ag_given_t *given)
{
    unsigned kinds = ag_value_kinds(schema);
    ag_shape_e shape = (kinds & AG_KINDS_ONE) && given->n == 1 && !given->pieces[0].key.n ? AG_SHAPE_ONE
                       : kinds & AG_KINDS_OF(ARRAY)                                       ? AG_SHAPE_LIST
                       : kinds & AG_KINDS_OF(OBJECT)                                      ? AG_SHAPE_MEMBERS
                                                                                          : AG_SHAPE_ONE;

    if (parameter->text == AG_TEXT_JSON
        || (shape == AG_SHAPE_MEMBERS && parameter->style == AG_STYLE_FORM && parameter->explode)) {
        if (given->n > 1) {
            value->wrong = "has a field more than once";
        }
        ag_value_json(value, ag_value_decode(value, parameter, given->pieces[0].text));
        return;
    }
    ag_value_shape(value, shape, parameter, schema, given);
}

static void build_part(ag_value_t *value, const ag_form_field_t *field)
{
    if (field->json) {
        ag_value_json(value, field->text);
    }
    else {
        ag_build_value(value->b, AG_JSON_STRING, field->text.at, field->text.n);
    }
}

/* Parts that are files, or JSON, say themselves what they are. */
static void build_parts(ag_value_t *value, const ag_schema_t *schema, const ag_form_field_t **fields, int n)
{
    int i, list = n > 1 || !(ag_value_kinds(schema) & (AG_KINDS_ONE | AG_KINDS_OF(OBJECT)));

    if (list) {
        ag_build_open(value->b, AG_JSON_ARRAY);
    }
    for (i = 0; i < n; i++) {
        build_part(value, fields[i]);
    }
    if (list) {
        ag_build_close(value->b);
    }
}

/* A field that is not declared, and that a backend may take for one that is (PHP: "a[]" for "a"): its value would be checked
 * by nobody. */
static int is_spelled(const ag_content_t *content, const ag_form_field_t *field)
{
    ag_pair_t pair = {.name = field->name, .value = ag_span(field->name.at + field->name.n, 0)};
    ag_span_t key, base = base_of(content, field->name, &key);
    int which;

    return content->names && base.n == field->name.n && ag_input_name_exact(content->names, field->name) < 0
           && ag_input_name(&which, content->names, &pair) != AG_NAME_OTHER;
}

/* ---- the object ---------------------------------------------------------------------------------- */

/* What the building of one object works with. */
typedef struct {
    ag_value_t *value;
    const ag_content_t *content;
    const ag_form_field_t *fields;
    int n, encoded;
    char *done;
    ag_piece_t *pieces;
    const ag_form_field_t **parts;
} form_t;

/* All fields of the name that field i has. */
static void build_member(form_t *form, int i)
{
    ag_span_t key, name = base_of(form->content, form->fields[i].name, &key);
    const ag_schema_t *schema =
        form->content->schema ? ag_schema_property(form->content->schema, name.at, name.n) : NULL;
    ag_parameter_t parameter = parameter_of(form->content, name, form->encoded);
    ag_given_t given = {0, form->pieces, 0};
    int j, special = 0;

    for (j = i; j < form->n; j++) {
        if (same(base_of(form->content, form->fields[j].name, &key), name)) {
            form->parts[given.n] = &form->fields[j];
            form->pieces[given.n].key = key;
            form->pieces[given.n++].text = form->fields[j].text;
            special |= form->fields[j].file || form->fields[j].json;
            form->done[j] = 1;
        }
    }
    ag_build_name(form->value->b, name.at, name.n);
    if (special) {
        build_parts(form->value, schema, form->parts, given.n);
    }
    else {
        build_text(form->value, &parameter, schema, &given);
    }
}

void ag_form_build(ag_value_t *value, const ag_content_t *content, const ag_form_field_t *fields, int n, int encoded)
{
    form_t form = {value, content, fields, n, encoded, NULL, NULL, NULL};
    int i;

    form.done = apr_pcalloc(value->p, (apr_size_t)n + 1);
    form.pieces = apr_palloc(value->p, ((apr_size_t)n + 1) * sizeof *form.pieces);
    form.parts = apr_palloc(value->p, ((apr_size_t)n + 1) * sizeof *form.parts);
    ag_build_open(value->b, AG_JSON_OBJECT);
    for (i = 0; i < n; i++) {
        if (is_spelled(content, &fields[i])) {
            value->wrong = "has a field whose name is written in a way that not all read alike";
        }
        if (!form.done[i]) {
            build_member(&form, i);
        }
    }
    ag_build_close(value->b);
}

const char *ag_form_read(ag_value_t *value, const ag_content_t *content, ag_span_t text)
{
    apr_array_header_t *fields = apr_array_make(value->p, 16, sizeof(ag_form_field_t));
    ag_pairs_t pairs;
    ag_pair_t pair;

    ag_pairs_begin(&pairs, text.at, text.n);
    while (ag_pairs_next(&pair, &pairs)) {
        ag_form_field_t *field = apr_array_push(fields);
        ag_encoded_e encoded = ag_span_decode(&field->name, pair.name, 1, value->p);

        field->text = pair.value;
        field->file = field->json = 0;
        if (encoded != AG_ENCODED_WELL || pair.number > MOST) {
            return pair.number > MOST ? "has more than 1000 fields" : ag_encoded_detail(encoded);
        }
    }
    ag_form_build(value, content, (const ag_form_field_t *)fields->elts, fields->nelts, 1);
    return value->wrong;
}
