/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_number: minimum, maximum, both exclusive ones, multipleOf: one check, so that a number is read once. Decimal,
 * never rounded.
 */
#include <string.h>

#include "../json/number.h"
#include "compile.h"
#include "walk.h"

#define MULTIPLE_DIGITS 18 /* as ag_number_multiple() has it */

typedef struct {
    ag_keyword_e keyword;
    int (*holds)(const ag_number_t *number, const ag_number_t *bound);
    const char *wrong;
} rule_t;

typedef struct {
    const rule_t *rule;
    ag_number_t number;
    const char *text;
} bound_t;

typedef struct {
    int n;
    bound_t v[5];
} bounds_t;

static int not_less(const ag_number_t *number, const ag_number_t *bound)
{
    return ag_number_compare(number, bound) >= 0;
}

static int not_more(const ag_number_t *number, const ag_number_t *bound)
{
    return ag_number_compare(number, bound) <= 0;
}

static int more(const ag_number_t *number, const ag_number_t *bound)
{
    return ag_number_compare(number, bound) > 0;
}

static int less(const ag_number_t *number, const ag_number_t *bound)
{
    return ag_number_compare(number, bound) < 0;
}

static const rule_t rules[] = {
    {AG_KW_minimum, not_less, "is less than"},
    {AG_KW_maximum, not_more, "is more than"},
    {AG_KW_exclusiveMinimum, more, "is not more than"},
    {AG_KW_exclusiveMaximum, less, "is not less than"},
    {AG_KW_multipleOf, ag_number_multiple, "is no multiple of"},
};

/* A number that cannot be read is none that anybody allowed. */
static int fits_bounds(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const bounds_t *bounds = check->data;
    const ag_node_t *value = &w->doc->nodes[node];
    ag_number_t number;
    int i, fits = 1;

    if (!ag_walk_spend_bytes(w, value->n)) {
        return 0;
    }
    if (ag_number_read(&number, ag_doc_text(w->doc, value), value->n)) {
        return ag_walk_wrong(w, check->keyword, node, "has too large an exponent");
    }
    for (i = 0; i < bounds->n; i++) {
        const bound_t *bound = &bounds->v[i];

        if (!bound->rule->holds(&number, &bound->number)) {
            fits = ag_walk_wrong(w, ag_keyword_names[bound->rule->keyword], node, "%s %s", bound->rule->wrong,
                                 bound->text);
        }
    }
    return fits;
}

/* ---- compiling ---------------------------------------------------------------------------------------------- */

/* The schema's one check of bounds. */
static bounds_t *bounds_of(ag_compile_t *c, ag_keyword_e keyword)
{
    bounds_t *bounds;

    if (c->n && c->checks[c->n - 1].fits == fits_bounds) {
        return (bounds_t *)(uintptr_t)c->checks[c->n - 1].data;
    }
    bounds = apr_pcalloc(c->p, sizeof *bounds);
    ag_compile_check(c, keyword, AG_KIND(NUMBER), fits_bounds, bounds);
    return bounds;
}

static const char *add_bound(ag_compile_t *c, ag_keyword_e rule, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(NUMBER));
    bounds_t *bounds;
    bound_t *bound;
    int i = 0;

    if (error) {
        return error;
    }
    bounds = bounds_of(c, rule);
    bound = &bounds->v[bounds->n++];
    while (rules[i].keyword != rule) {
        i++;
    }
    bound->rule = &rules[i];
    bound->text = ag_compile_string(c, value);
    return ag_number_read(&bound->number, ag_doc_text(c->doc, &c->doc->nodes[value]), c->doc->nodes[value].n)
               ? ag_compile_wrong(c, keyword, value, "has too large an exponent")
               : NULL;
}

static int is_true(const ag_compile_t *c, ag_keyword_e keyword)
{
    return c->found[keyword] && c->doc->nodes[c->found[keyword]].kind == AG_JSON_TRUE;
}

/* In OpenAPI 3.0 the exclusive ones are booleans that change the meaning of these. */
const char *ag_compile_bound(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    ag_keyword_e exclusive = keyword == AG_KW_minimum ? AG_KW_exclusiveMinimum : AG_KW_exclusiveMaximum;

    if (c->resource->dialect == AG_DIALECT_OPENAPI_30 && is_true(c, exclusive)) {
        return add_bound(c, exclusive, keyword, value);
    }
    return add_bound(c, keyword, keyword, value);
}

const char *ag_compile_exclusive(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return c->resource->dialect == AG_DIALECT_OPENAPI_30 ? ag_compile_wants(c, keyword, value, AG_KINDS_BOOL)
                                                         : add_bound(c, keyword, keyword, value);
}

const char *ag_compile_multiple(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = add_bound(c, keyword, keyword, value);
    const bounds_t *bounds;
    const ag_number_t *unit;

    if (error) {
        return error;
    }
    bounds = c->checks[c->n - 1].data;
    unit = &bounds->v[bounds->n - 1].number;
    if (unit->negative || unit->first > unit->last) {
        return ag_compile_wrong(c, keyword, value, "takes a number above 0");
    }
    return unit->digits > MULTIPLE_DIGITS
               ? ag_compile_wrong(c, keyword, value, "takes a number of at most %d digits", MULTIPLE_DIGITS)
               : NULL;
}
