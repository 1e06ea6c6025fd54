/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: one text as a JSON value of a kind that its schema takes.
 */
#include <apr_strings.h>

#include "../json/number.h"
#include "value.h"

unsigned ag_value_kinds(const ag_schema_t *schema)
{
    return schema ? ag_schema_kinds(schema) : AG_KINDS_OF(OBJECT) * 2 - 1;
}

static int is_word(ag_span_t text, const char *word)
{
    return text.n == strlen(word) && memcmp(text.at, word, text.n) == 0;
}

/* A whole number is digits alone: 1e2 is 100 to one reader, and 1 to another. */
static int is_number(ag_span_t text, int whole)
{
    ag_number_t number;
    apr_size_t i = text.n && *text.at == '-';

    while (whole && i < text.n && ag_text_digit(text.at[i])) {
        i++;
    }
    return (!whole || i == text.n) && ag_number_read(&number, text.at, text.n) == 0;
}

/* What the text is, if it is to be no string. */
static ag_json_e other_kind(ag_span_t text, unsigned kinds)
{
    if (kinds & (AG_KINDS_OF(TRUE) | AG_KINDS_OF(FALSE)) && (is_word(text, "true") || is_word(text, "false"))) {
        return is_word(text, "true") ? AG_JSON_TRUE : AG_JSON_FALSE;
    }
    if (kinds & AG_KINDS_OF(NUMBER) && is_number(text, (kinds & AG_SCHEMA_WHOLE) != 0)) {
        return AG_JSON_NUMBER;
    }
    return kinds & AG_KINDS_OF(NULL) && !(kinds & AG_KINDS_OF(STRING)) && (!text.n || is_word(text, "null"))
               ? AG_JSON_NULL
               : AG_JSON_STRING;
}

/* 1 when the schema takes it as that. */
static int takes(const ag_schema_t *schema, ag_json_e kind, ag_span_t text, apr_pool_t *p)
{
    ag_findings_t findings = {0};
    ag_schema_run_t run = {.p = p, .findings = &findings, .steps = AG_VALUE_STEPS};
    ag_builder_t *b = ag_build(p);
    ag_doc_t doc;

    ag_build_value(b, kind, text.at, text.n);
    ag_build_done(&doc, b);
    return ag_schema_check(&run, schema, &doc, 0) == AG_SCHEMA_YES;
}

/* Where both would do, that which the schema takes; where there is no schema to ask, a number, and at a second reading a
 * string. */
void ag_value_text(ag_value_t *value, const ag_schema_t *schema, ag_span_t text)
{
    unsigned kinds = ag_value_kinds(schema);
    ag_json_e kind = other_kind(text, kinds);

    if (kind != AG_JSON_STRING && kinds & AG_KINDS_OF(STRING)) {
        value->unsure |= !schema;
        if (schema ? !takes(schema, kind, text, value->p) : value->strings) {
            kind = AG_JSON_STRING;
        }
    }
    ag_build_value(value->b, kind, text.at, text.n);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

/* Not deeper than the doc, which was read within its limit. */
static void copy(ag_builder_t *b, const ag_doc_t *doc, apr_uint32_t at)
{
    const ag_node_t *node = &doc->nodes[at];
    apr_uint32_t i;

    if (node->kind < AG_JSON_ARRAY) {
        ag_build_value(b, (ag_json_e)node->kind, ag_doc_text(doc, node), node->n);
        return;
    }
    ag_build_open(b, (ag_json_e)node->kind);
    for (i = at + 1; i < node->next; i = doc->nodes[i].next) {
        if (node->kind == AG_JSON_OBJECT) {
            ag_build_name(b, ag_doc_text(doc, &doc->nodes[i]), doc->nodes[i].n);
            i++;
        }
        copy(b, doc, i);
    }
    ag_build_close(b);
}

void ag_value_json(ag_value_t *value, ag_span_t text)
{
    ag_doc_t doc;
    ag_doc_wrong_t wrong;

    if (ag_doc_parse(&doc, &wrong, text.at, text.n, &(ag_doc_limits_t){0}, value->p)) {
        value->wrong = apr_pstrcat(value->p, "is not JSON: ", wrong.what, NULL);
        ag_build_value(value->b, AG_JSON_NULL, NULL, 0);
        return;
    }
    copy(value->b, &doc, 0);
}

/* ---- decoding ------------------------------------------------------------------------------------ */

ag_span_t ag_value_decode(ag_value_t *value, const ag_parameter_t *parameter, ag_span_t text)
{
    int query = parameter->place == AG_PLACE_QUERY || parameter->place == AG_PLACE_QUERYSTRING;
    ag_encoded_e encoded;

    if (query || (parameter->place == AG_PLACE_COOKIE && parameter->style != AG_STYLE_COOKIE)) {
        encoded = ag_span_decode(&text, text, query, value->p);
    }
    else {
        encoded = ag_span_utf8(text) ? AG_ENCODED_WELL : AG_ENCODED_UTF8;
    }
    if (encoded != AG_ENCODED_WELL) {
        value->wrong = ag_encoded_detail(encoded);
    }
    return text;
}
