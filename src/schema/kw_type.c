/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_type: type, enum, const. What "type" says is no check: it stands in the schema itself.
 */
#include <string.h>

#include "compile.h"
#include "walk.h"

/* ---- type ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned kinds;
} types[] = {
    {"string", AG_KIND(STRING)}, {"integer", AG_SCHEMA_WHOLE}, /* and a number, unless "number" is there as well */
    {"number", AG_KIND(NUMBER)}, {"object", AG_KIND(OBJECT)},  {"array", AG_KIND(ARRAY)},
    {"boolean", AG_KINDS_BOOL},  {"null", AG_KIND(NULL)},
};

static const char *add_type(unsigned *kinds, ag_compile_t *c, apr_uint32_t value)
{
    const ag_node_t *node = &c->doc->nodes[value];
    const char *error = ag_compile_wants(c, AG_KW_type, value, AG_KIND(STRING));
    apr_size_t i;

    for (i = 0; i < sizeof types / sizeof *types && !error; i++) {
        if (strlen(types[i].name) == node->n && memcmp(types[i].name, ag_doc_text(c->doc, node), node->n) == 0) {
            *kinds |= types[i].kinds;
            return NULL;
        }
    }
    return error ? error
                 : ag_compile_wrong(c, AG_KW_type, value,
                                    "does not know \"%s\": string, integer, number, object, array, boolean, null",
                                    ag_compile_string(c, value));
}

static unsigned settle(unsigned kinds)
{
    if (kinds & AG_KIND(NUMBER)) {
        return kinds & ~AG_SCHEMA_WHOLE;
    }
    return kinds & AG_SCHEMA_WHOLE ? kinds | AG_KIND(NUMBER) : kinds;
}

const char *ag_compile_type(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    unsigned list = c->resource->dialect == AG_DIALECT_OPENAPI_30 ? 0 : AG_KIND(ARRAY);
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(STRING) | list);
    apr_uint32_t nullable = c->found[AG_KW_nullable];
    unsigned kinds = 0;
    apr_uint32_t i;

    if (error) {
        return error;
    }
    if (c->doc->nodes[value].kind == AG_JSON_STRING) {
        error = add_type(&kinds, c, value);
    }
    else if (!c->doc->nodes[value].n) {
        error = ag_compile_wrong(c, keyword, value, "takes at least one type");
    }
    else {
        AG_EACH_ITEM(i, c->doc, value)
        {
            error = error ? error : add_type(&kinds, c, i);
        }
    }
    /* OpenAPI 3.0.3: only beside "type" it says anything. */
    if (nullable && c->doc->nodes[nullable].kind == AG_JSON_TRUE) {
        kinds |= AG_KIND(NULL);
    }
    c->schema->kinds = settle(kinds);
    return error;
}

/* ---- const and enum --------------------------------------------------------------------------------------- */

typedef struct {
    const ag_doc_t *doc;
    unsigned n; /* others than strings */
    apr_uint32_t *nodes;
    ag_index_t strings;
} values_t;

static int is_equal(ag_walk_t *w, apr_uint32_t node, const values_t *values, apr_uint32_t value)
{
    const ag_node_t *ours = &values->doc->nodes[value];

    if (ours->kind != w->doc->nodes[node].kind) {
        return 0;
    }
    return ag_walk_spend(w, ours->next - value) && ag_walk_spend_bytes(w, ours->n + w->doc->nodes[node].n)
           && ag_doc_equal(w->doc, node, values->doc, value);
}

static int is_one_of(ag_walk_t *w, const values_t *values, apr_uint32_t node)
{
    const ag_node_t *value = &w->doc->nodes[node];
    unsigned i;

    if (value->kind == AG_JSON_STRING) {
        return values->strings.n && ag_walk_spend_bytes(w, value->n)
               && ag_index_find(&values->strings, ag_doc_text(w->doc, value), value->n) >= 0;
    }
    for (i = 0; i < values->n; i++) {
        if (is_equal(w, node, values, values->nodes[i])) {
            return 1;
        }
    }
    return 0;
}

static int fits_enum(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    return is_one_of(w, check->data, node)
           || ag_walk_wrong(w, check->keyword, node, "is none of the values allowed here");
}

static int fits_const(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    return is_one_of(w, check->data, node)
           || ag_walk_wrong(w, check->keyword, node, "is not the one value allowed here");
}

static void take_value(values_t *values, const ag_doc_t *doc, apr_uint32_t i)
{
    if (doc->nodes[i].kind == AG_JSON_STRING) {
        ag_index_put(&values->strings, ag_doc_text(doc, &doc->nodes[i]), doc->nodes[i].n);
    }
    else {
        values->nodes[values->n++] = i;
    }
}

static values_t *make_values(ag_compile_t *c, unsigned n)
{
    values_t *values = apr_pcalloc(c->p, sizeof *values);

    values->doc = c->doc;
    values->nodes = apr_palloc(c->p, n * sizeof *values->nodes);
    ag_index_make(&values->strings, n, c->p);
    return values;
}

const char *ag_compile_enum(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(ARRAY));
    values_t *values = error ? NULL : make_values(c, c->doc->nodes[value].n + 1);
    apr_uint32_t i;

    if (error) {
        return error;
    }
    AG_EACH_ITEM(i, c->doc, value)
    {
        take_value(values, c->doc, i);
    }
    ag_compile_check(c, keyword, AG_KINDS_ALL, fits_enum, values);
    return NULL;
}

const char *ag_compile_const(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    values_t *values = make_values(c, 1);

    take_value(values, c->doc, value);
    ag_compile_check(c, keyword, AG_KINDS_ALL, fits_const, values);
    return NULL;
}
