/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_object: propertyNames, and what the presence of one member asks for: dependentRequired, dependentSchemas, and
 * draft-07's dependencies, which are both.
 */
#include <string.h>

#include "compile.h"
#include "walk.h"

/* ---- propertyNames ----------------------------------------------------------------------------------------- */

/* Told at the member's value: a name has no JSON pointer. */
static int fits_name(ag_walk_t *w, const ag_check_t *check, apr_uint32_t name)
{
    int fits;

    w->quiet++;
    fits = ag_walk_part(w, check->data, name);
    w->quiet--;
    return fits || ag_walk_wrong(w, check->keyword, name + 1, "has a name that is not allowed");
}

static int fits_names(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    apr_uint32_t name;
    int fits = 1;

    AG_EACH_MEMBER(name, w->doc, node)
    {
        if (!fits_name(w, check, name)) {
            fits = 0;
            if (w->quiet) {
                break;
            }
        }
    }
    return fits;
}

const char *ag_compile_property_names(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const ag_schema_t *schema;
    const char *error = ag_compile_sub(&schema, c, keyword, value, AG_ASKS_PART);

    if (!error) {
        ag_compile_check(c, keyword, AG_KIND(OBJECT), fits_names, schema);
    }
    return error;
}

/* ---- dependencies ------------------------------------------------------------------------------------------ */

typedef struct {
    ag_name_t name;            /* when it is there, */
    const ag_schema_t *schema; /* this must take the object; or, NULL: */
    ag_index_t words;          /* these must be there, too */
} dependency_t;

typedef struct {
    unsigned n;
    dependency_t *v;
} dependencies_t;

static int has(ag_walk_t *w, apr_uint32_t node, const ag_name_t *name)
{
    return ag_walk_spend(w, 1 + w->doc->nodes[node].n) && ag_doc_member(w->doc, node, name->text, name->n);
}

static int has_words(ag_walk_t *w, const ag_check_t *check, const dependency_t *dependency, apr_uint32_t node)
{
    const ag_index_t *words = &dependency->words;
    int fits = 1;
    unsigned i;

    for (i = 0; i < words->n && (fits || !w->quiet); i++) {
        if (!has(w, node, &words->v[i])) {
            fits = ag_walk_wrong(w, check->keyword, node, "lacks the member \"%.*s\", which another one asks for",
                                 (int)(words->v[i].n < 100 ? words->v[i].n : 100), words->v[i].text);
        }
    }
    return fits;
}

static int fits_dependencies(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const dependencies_t *all = check->data;
    int fits = 1;
    unsigned i;

    for (i = 0; i < all->n && (fits || !w->quiet); i++) {
        const dependency_t *dependency = &all->v[i];

        if (has(w, node, &dependency->name)) {
            fits &= dependency->schema ? ag_schema_walk(w, dependency->schema, node)
                                       : has_words(w, check, dependency, node);
        }
    }
    return fits && !w->costly;
}

static const char *read_dependency(dependency_t *dependency, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t name)
{
    apr_uint32_t value = name + 1;
    int words = keyword == AG_KW_dependentRequired
                || (keyword == AG_KW_dependencies && c->doc->nodes[value].kind == AG_JSON_ARRAY);

    dependency->name.text = ag_doc_text(c->doc, &c->doc->nodes[name]);
    dependency->name.n = c->doc->nodes[name].n;
    return words ? ag_compile_words(&dependency->words, c, keyword, value)
                 : ag_compile_sub(&dependency->schema, c, keyword, value, AG_ASKS_SAME);
}

const char *ag_compile_dependencies(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(OBJECT));
    dependencies_t *all;
    apr_uint32_t i;

    if (error) {
        return error;
    }
    all = apr_pcalloc(c->p, sizeof *all);
    all->v = apr_pcalloc(c->p, (c->doc->nodes[value].n + 1) * sizeof *all->v);
    AG_EACH_MEMBER(i, c->doc, value)
    {
        error = error ? error : read_dependency(&all->v[all->n++], c, keyword, i);
    }
    ag_compile_check(c, keyword, AG_KIND(OBJECT), fits_dependencies, all);
    return error;
}
