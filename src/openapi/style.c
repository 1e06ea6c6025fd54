/* SPDX-License-Identifier: Apache-2.0 */
/*
 * style: one value, a list or members from a text, by OpenAPI's styles (3.2 s4.12.6, RFC 6570).
 *
 * Whoever makes URLs encodes the commas of a list (URLSearchParams, most clients), or leaves them and encodes those inside
 * its items (RFC 6570). Each alone can be read; a text with both cannot.
 */
#include "value.h"

#include <apr_strings.h>

/* How a style writes lists and objects: [explode]. */
static const struct {
    char lead; /* in front of all of it; 0: nothing */
    char sign[2];
    int named; /* the parameter's name comes next: ";color=" */
} ways[] = {
    [AG_STYLE_SIMPLE] = {0, {',', ','}, 0},   [AG_STYLE_LABEL] = {'.', {',', '.'}, 0},
    [AG_STYLE_MATRIX] = {';', {',', ';'}, 1}, [AG_STYLE_FORM] = {0, {',', 0}, 0},
    [AG_STYLE_SPACES] = {0, {' ', 0}, 0},     [AG_STYLE_PIPES] = {0, {'|', 0}, 0},
    [AG_STYLE_DEEP] = {0, {0, 0}, 0},         [AG_STYLE_COOKIE] = {0, {',', 0}, 0},
};

static void not_so(ag_value_t *value, const char *what)
{
    value->form = value->form ? value->form : what;
}

static ag_span_t trim(ag_span_t text)
{
    while (text.n && (*text.at == ' ' || *text.at == '\t')) {
        text = ag_span(text.at + 1, text.n - 1);
    }
    while (text.n && (text.at[text.n - 1] == ' ' || text.at[text.n - 1] == '\t')) {
        text.n--;
    }
    return text;
}

/* Behind "NAME=", or "NAME" alone; what does not begin so is not in the style. */
static ag_span_t behind_name(ag_value_t *value, const ag_parameter_t *parameter, ag_span_t text)
{
    apr_size_t n = parameter->n;

    if (text.n < n || memcmp(text.at, parameter->name, n) != 0 || (text.n > n && text.at[n] != '=')) {
        not_so(value, "is not written in the style that is expected: its name is missing");
        return text;
    }
    return text.n > n ? ag_span(text.at + n + 1, text.n - n - 1) : ag_span(text.at + n, 0);
}

/* Without what a style puts in front. `parts`: a list or members, of which each part has its name where they are
 * exploded. */
static ag_span_t strip(ag_value_t *value, const ag_parameter_t *parameter, ag_span_t text, int parts)
{
    char lead = ways[parameter->style].lead;

    if (lead && (!text.n || *text.at != lead)) {
        not_so(value, "is not written in the style that is expected");
        return text;
    }
    text = lead ? ag_span(text.at + 1, text.n - 1) : text;
    return ways[parameter->style].named && !(parts && parameter->explode) ? behind_name(value, parameter, text)
                                                                          : text;
}

/* ---- parts --------------------------------------------------------------------------------------- */

/* The parts of a text, one after the other. */
typedef struct {
    ag_span_t rest;
    char sign;
    int decoded; /* all of it was, since no sign stands there plainly */
    int field;   /* of a header: blanks around a part are nobody's */
} parts_t;

static void begin(parts_t *parts, ag_value_t *value, const ag_parameter_t *parameter, ag_span_t text)
{
    parts->sign = ways[parameter->style].sign[parameter->explode != 0];
    parts->decoded = !memchr(text.at, parts->sign, text.n);
    parts->field = parameter->place == AG_PLACE_HEADER;
    parts->rest = parts->decoded ? ag_value_decode(value, parameter, text) : text;
    if (!parts->rest.n) {
        parts->rest.at = NULL; /* an empty text is an empty list */
    }
}

static int next(ag_span_t *part, parts_t *parts, ag_value_t *value, const ag_parameter_t *parameter)
{
    if (!ag_span_part(part, &parts->rest, parts->sign)) {
        return 0;
    }
    if (!parts->decoded) {
        *part = ag_value_decode(value, parameter, *part);
        if (parameter->place != AG_PLACE_HEADER && memchr(part->at, parts->sign, part->n)) {
            value->wrong = "has signs that part its values both encoded and not";
        }
    }
    *part = parts->field ? trim(*part) : *part;
    return 1;
}

/* ---- shapes -------------------------------------------------------------------------------------- */

static void one_item(ag_value_t *value, const ag_schema_t *schema, ag_span_t text)
{
    if (!(ag_value_kinds(schema) & AG_KINDS_ONE)) {
        ag_value_json(value, text); /* an object in a list has no style of its own */
    }
    else {
        ag_value_text(value, schema, text);
    }
}

static void list(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                 const ag_given_t *given)
{
    const ag_schema_t *items = schema ? ag_schema_items(schema) : NULL;
    char sign = ways[parameter->style].sign[parameter->explode != 0];
    int i, named = ways[parameter->style].named && parameter->explode;
    parts_t parts;
    ag_span_t part;

    ag_build_open(value->b, AG_JSON_ARRAY);
    for (i = 0; !sign && i < given->n; i++) {
        one_item(value, items, ag_value_decode(value, parameter, given->pieces[i].text));
    }
    if (sign) {
        begin(&parts, value, parameter, strip(value, parameter, given->pieces[0].text, 1));
        while (next(&part, &parts, value, parameter)) {
            ag_value_text(value, items, named ? behind_name(value, parameter, part) : part);
        }
    }
    ag_build_close(value->b);
}

static void member(ag_value_t *value, const ag_schema_t *schema, ag_span_t name, ag_span_t text)
{
    ag_build_name(value->b, name.at, name.n);
    one_item(value, schema ? ag_schema_property(schema, name.at, name.n) : NULL, text);
}

/* Names that stand there twice would be two members of one name. */
static int is_new(ag_value_t *value, ag_span_t *names, int n, ag_span_t name)
{
    int i;

    for (i = 0; i < n; i++) {
        if (names[i].n == name.n && memcmp(names[i].at, name.at, name.n) == 0) {
            value->wrong = "has a member twice";
            return 0;
        }
    }
    return 1;
}

#define MEMBERS 64

/* "R=100,G=200", or "R,100,G,200" */
static void members(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema, ag_span_t text)
{
    ag_span_t names[MEMBERS], part, rest;
    parts_t parts;
    int n = 0;

    begin(&parts, value, parameter, text);
    while (next(&part, &parts, value, parameter)) {
        ag_span_t name = part;

        if (parameter->explode) {
            rest = part;
            ag_span_part(&name, &rest, '=');
            part = rest.at ? rest : ag_span(part.at, 0);
        }
        else if (!next(&part, &parts, value, parameter)) {
            not_so(value, "is not written in the style that is expected: a name has no value");
            return;
        }
        if (n == MEMBERS || !is_new(value, names, n, name)) {
            value->wrong = value->wrong ? value->wrong : "has more than 64 members";
            return;
        }
        names[n++] = name;
        member(value, schema, name, part);
    }
}

static void object(ag_value_t *value, const ag_parameter_t *parameter, const ag_schema_t *schema,
                   const ag_given_t *given)
{
    ag_span_t names[MEMBERS];
    int i;

    ag_build_open(value->b, AG_JSON_OBJECT);
    if (ways[parameter->style].sign[parameter->explode != 0]) {
        members(value, parameter, schema, strip(value, parameter, given->pieces[0].text, 1));
    }
    else if (given->n > MEMBERS) {
        value->wrong = "has more than 64 members";
    }
    else {
        for (i = 0; i < given->n && is_new(value, names, i, given->pieces[i].key); i++) {
            names[i] = given->pieces[i].key;
            member(value, schema, names[i], ag_value_decode(value, parameter, given->pieces[i].text));
        }
    }
    ag_build_close(value->b);
}

void ag_value_shape(ag_value_t *value, ag_shape_e shape, const ag_parameter_t *parameter, const ag_schema_t *schema,
                    const ag_given_t *given)
{
    int delimited = ways[parameter->style].sign[parameter->explode != 0] != 0;

    if (given->n > 1 && (shape == AG_SHAPE_ONE || (delimited && !given->pieces[0].key.n))) {
        value->wrong = "stands there more than once";
    }
    if (given->encoded && shape != AG_SHAPE_ONE) {
        value->wrong = "has signs that part its values, encoded";
    }
    if (shape == AG_SHAPE_ONE) {
        ag_value_text(value, schema,
                      ag_value_decode(value, parameter, strip(value, parameter, given->pieces[0].text, 0)));
    }
    else if (parameter->style == AG_STYLE_DEEP) {
        ag_value_deep(value, parameter, schema, given);
    }
    else if (shape == AG_SHAPE_LIST) {
        list(value, parameter, schema, given);
    }
    else {
        object(value, parameter, schema, given);
    }
}
