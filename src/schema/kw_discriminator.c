/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_discriminator: OpenAPI's discriminator beside oneOf or anyOf: a member's value names the one schema that is
 * meant (OpenAPI 3.1 s4.8.25). What names none is refused. Without oneOf and anyOf it says nothing, nor where one of
 * the schemas is no $ref, and so has no name.
 */
#include <string.h>

#include <apr_strings.h>

#include "compile.h"
#include "walk.h"

typedef struct {
    const char *name; /* of the member */
    ag_subs_t subs;
    ag_index_t refs;             /* what each of them refers to */
    ag_index_t values;           /* that the member may have, */
    unsigned *meant;             /* and which of subs that is */
    const ag_schema_t *fallback; /* OpenAPI 3.2: where it has none of them; NULL: refused */
} discriminator_t;

static int fits_fallback(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node, apr_uint32_t at,
                         const char *detail)
{
    const discriminator_t *d = check->data;

    return d->fallback ? ag_schema_walk(w, d->fallback, node) : ag_walk_wrong(w, check->keyword, at, detail, d->name);
}

static int fits_discriminator(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const discriminator_t *d = check->data;
    apr_uint32_t at =
        ag_walk_spend(w, w->doc->nodes[node].n) ? ag_doc_member(w->doc, node, d->name, strlen(d->name)) : 0;
    const ag_node_t *value = &w->doc->nodes[at];
    int found;

    if (!at) {
        return !w->costly && fits_fallback(w, check, node, node, "lacks the member \"%s\", which says what it is");
    }
    found = value->kind == AG_JSON_STRING && ag_walk_spend_bytes(w, value->n)
                ? ag_index_find(&d->values, ag_doc_text(w->doc, value), value->n)
                : -1;
    return found < 0 ? fits_fallback(w, check, node, at, "is none of the values that \"%s\" may have")
                     : ag_schema_walk(w, d->subs.v[d->meant[found]], node);
}

/* ---- compiling ------------------------------------------------------------------------------------------------ */

/* The list it is about. */
static ag_keyword_e list_of(const ag_compile_t *c)
{
    return c->found[AG_KW_oneOf] ? AG_KW_oneOf : AG_KW_anyOf;
}

/* What each of the listed schemas refers to; 0: one has no $ref. */
static int find_refs(discriminator_t *d, ag_compile_t *c, apr_uint32_t list)
{
    apr_uint32_t i;

    ag_index_make(&d->refs, c->doc->nodes[list].n, c->p);
    AG_EACH_ITEM(i, c->doc, list)
    {
        apr_uint32_t ref = c->doc->nodes[i].kind == AG_JSON_OBJECT ? ag_doc_member(c->doc, i, "$ref", 4) : 0;
        unsigned n = d->refs.n;

        if (!ref || c->doc->nodes[ref].kind != AG_JSON_STRING
            || ag_index_put(&d->refs, ag_doc_text(c->doc, &c->doc->nodes[ref]), c->doc->nodes[ref].n) != n) {
            return 0;
        }
    }
    return 1;
}

/* The last segment of what it refers to: "Cat" of "#/components/schemas/Cat". */
static ag_name_t short_name(const ag_name_t *ref)
{
    ag_name_t name = *ref;

    while (name.n && name.text[name.n - 1] != '/') {
        name.n--;
    }
    name.text += name.n;
    name.n = ref->n - name.n;
    return name;
}

/* Which of the schemas a value of "mapping" means, or -1. */
static int find_target(const discriminator_t *d, const char *text, apr_uint32_t n)
{
    unsigned i;

    for (i = 0; i < d->refs.n; i++) {
        ag_name_t name = short_name(&d->refs.v[i]);

        if (name.n == n && memcmp(name.text, text, n) == 0) {
            return (int)i;
        }
    }
    return ag_index_find(&d->refs, text, n);
}

static void add_value(discriminator_t *d, const ag_name_t *value, int target)
{
    unsigned n = d->values.n;

    if (target >= 0 && ag_index_put(&d->values, value->text, value->n) == n) {
        d->meant[n] = (unsigned)target;
    }
}

static const char *add_mapping(discriminator_t *d, ag_compile_t *c, apr_uint32_t mapping)
{
    const char *error = ag_compile_wants(c, AG_KW_discriminator, mapping, AG_KIND(OBJECT));
    apr_uint32_t i;

    if (error) {
        return error;
    }
    AG_EACH_MEMBER(i, c->doc, mapping)
    {
        const ag_node_t *to = &c->doc->nodes[i + 1];
        ag_name_t value = {ag_doc_text(c->doc, &c->doc->nodes[i]), c->doc->nodes[i].n};

        error = ag_compile_wants(c, AG_KW_discriminator, i + 1, AG_KIND(STRING));
        if (error) {
            return error;
        }
        add_value(d, &value, find_target(d, ag_doc_text(c->doc, to), to->n));
    }
    return NULL;
}

static const char *add_values(discriminator_t *d, ag_compile_t *c, apr_uint32_t value)
{
    apr_uint32_t mapping = ag_doc_member(c->doc, value, "mapping", 7);
    apr_uint32_t fallback = ag_doc_member(c->doc, value, "defaultMapping", 14);
    unsigned most = d->refs.n + (mapping ? c->doc->nodes[mapping].n : 0), i;
    const char *error = NULL;
    int target;

    ag_index_make(&d->values, most, c->p);
    d->meant = apr_pcalloc(c->p, most * sizeof *d->meant);
    if (mapping) {
        error = add_mapping(d, c, mapping);
    }
    for (i = 0; i < d->refs.n; i++) {
        ag_name_t name = short_name(&d->refs.v[i]);

        add_value(d, &name, (int)i);
    }
    if (!error && fallback && !(error = ag_compile_wants(c, AG_KW_discriminator, fallback, AG_KIND(STRING)))) {
        target = find_target(d, ag_doc_text(c->doc, &c->doc->nodes[fallback]), c->doc->nodes[fallback].n);
        d->fallback = target < 0 ? NULL : d->subs.v[target];
    }
    return error;
}

const char *ag_compile_discriminator(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(OBJECT));
    discriminator_t *d = apr_pcalloc(c->p, sizeof *d);
    apr_uint32_t list = c->found[list_of(c)];

    if (error) {
        return error;
    }
    d->name = ag_doc_string(c->doc, value, "propertyName", c->p);
    if (!d->name) {
        return ag_compile_wrong(c, keyword, value, "takes a member \"propertyName\", which is a string");
    }
    if (!list || c->doc->nodes[list].kind != AG_JSON_ARRAY || !find_refs(d, c, list)) {
        c->found[keyword] = 0;
        return NULL;
    }
    error = ag_compile_subs(&d->subs, c, list_of(c), list, AG_ASKS_SAME);
    error = error ? error : add_values(d, c, value);
    ag_compile_check(c, keyword, AG_KIND(OBJECT), fits_discriminator, d);
    return error;
}

unsigned ag_compile_not_by_discriminator(const ag_compile_t *c, ag_keyword_e keyword)
{
    return c->found[AG_KW_discriminator] && keyword == list_of(c) ? AG_KINDS_ALL & ~AG_KIND(OBJECT) : AG_KINDS_ALL;
}
