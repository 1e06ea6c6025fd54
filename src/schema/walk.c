/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk: see walk.h. It knows no keyword: a schema's checks are functions, which call ag_schema_walk() for other
 * schemas.
 */
#include "walk.h"

#include <string.h>

#include "../json/number.h"

static int wrong_kind(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node)
{
    if (w->quiet) {
        return 0;
    }
    if (!schema->kinds) {
        return ag_walk_wrong(w, schema->keyword, node, "is not allowed here");
    }
    return ag_walk_wrong(w, "type", node, "is %s, not %s", ag_kinds_words(ag_walk_kind(w, node), w->run->p),
                         ag_kinds_words(schema->kinds, w->run->p));
}

/* A number without point and exponent is whole; of others, see number.h. */
static int is_whole(ag_walk_t *w, apr_uint32_t node)
{
    const ag_node_t *n = &w->doc->nodes[node];
    const char *text = ag_doc_text(w->doc, n);
    ag_number_t number;
    apr_uint32_t i;

    if (!ag_walk_spend_bytes(w, n->n)) {
        return 0;
    }
    for (i = 0; i < n->n; i++) {
        if (text[i] == '.' || (text[i] | 0x20) == 'e') {
            return ag_number_read(&number, text, n->n) == 0 && ag_number_whole(&number);
        }
    }
    return 1;
}

/* All findings are wanted, unless nobody counts them. */
static int run_checks(ag_walk_t *w, const ag_check_t *check, unsigned n, apr_uint32_t node, unsigned kind)
{
    int fits = 1;

    for (; n; n--, check++) {
        if (!(check->kinds & kind)) {
            continue;
        }
        if (!ag_walk_spend(w, 1) || !check->fits(w, check, node)) {
            fits = 0;
            if (w->quiet) {
                break;
            }
        }
    }
    return fits;
}

/* Its last check wants to know what the others have looked at. */
static int run_marked(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node, unsigned kind)
{
    ag_arena_t before = w->arena;
    ag_marks_t *outer = w->marks;
    unsigned n = schema->n - schema->n_late;
    ag_marks_t marks;
    int fits;

    ag_marks_make(&marks, w->doc->nodes[node].n, &w->arena);
    w->marks = &marks;
    fits = ag_walk_spend(w, marks.n / 64) && run_checks(w, schema->checks, n, node, kind)
           && run_checks(w, schema->checks + n, schema->n_late, node, kind);
    w->marks = outer;
    if (fits && outer) {
        ag_marks_join(outer, &marks);
    }
    ag_arena_back(&w->arena, &before);
    return fits;
}

static int run_deeper(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node, unsigned kind)
{
    const ag_scope_t *outer = w->scope;
    ag_scope_t scope = {schema->scope, outer};
    int fits;

    if (w->depth == AG_WALK_DEEPEST) {
        return ag_walk_give_up(w);
    }
    w->depth++;
    if (scope.resource && !(outer && outer->resource == scope.resource)) {
        w->scope = &scope;
    }
    fits = schema->n_late && kind & AG_KINDS_PARTS ? run_marked(w, schema, node, kind)
                                                   : run_checks(w, schema->checks, schema->n, node, kind);
    w->scope = outer;
    w->depth--;
    return fits;
}

int ag_schema_walk(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node)
{
    unsigned kind = ag_walk_kind(w, node);

    while (schema->alias) {
        schema = schema->alias;
    }
    if (!ag_walk_spend(w, 1)) {
        return 0;
    }
    if (!(schema->kinds & kind)
        || (kind == AG_KIND(NUMBER) && schema->kinds & AG_SCHEMA_WHOLE && !is_whole(w, node))) {
        return wrong_kind(w, schema, node);
    }
    return !schema->n || run_deeper(w, schema, node, kind);
}

int ag_walk_try(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node)
{
    ag_arena_t before = w->arena;
    ag_marks_t *outer = w->marks;
    ag_marks_t marks;
    int fits;

    if (!outer) {
        return ag_schema_walk(w, schema, node);
    }
    ag_marks_make(&marks, outer->n, &w->arena);
    w->marks = &marks;
    fits = ag_walk_spend(w, marks.n / 64) && ag_schema_walk(w, schema, node);
    w->marks = outer;
    if (fits) {
        ag_marks_join(outer, &marks);
    }
    ag_arena_back(&w->arena, &before);
    return fits;
}

ag_schema_e ag_schema_check(ag_schema_run_t *run, const ag_schema_t *schema, const ag_doc_t *doc, apr_uint32_t node)
{
    ag_walk_t w;
    int fits;

    memset(&w, 0, sizeof w);
    w.run = run;
    w.doc = doc;
    w.steps = run->steps;
    w.arena.p = run->p;
    w.quiet = run->findings->n > AG_FINDINGS_MOST;
    fits = ag_schema_walk(&w, schema, node);
    run->steps = w.steps;
    if (w.costly) {
        return AG_SCHEMA_COSTLY;
    }
    return fits ? AG_SCHEMA_YES : AG_SCHEMA_NO;
}
