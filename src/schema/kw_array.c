/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_array: prefixItems, items, additionalItems; contains; uniqueItems.
 */
#include <string.h>

#include "array.h"
#include "compile.h"
#include "walk.h"

/* ---- items -------------------------------------------------------------------------------------------------- */

static int fits_items(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_items_t *items = check->data;
    apr_uint32_t i, at = 0;
    int fits = 1;

    AG_EACH_ITEM(i, w->doc, node)
    {
        const ag_schema_t *schema = at < items->first.n ? items->first.v[at] : items->rest;

        if (!schema) {
            break;
        }
        ag_marks_set(w->marks, at++);
        if (!ag_walk_part(w, schema, i)) {
            fits = 0;
            if (w->quiet) {
                break;
            }
        }
    }
    return fits;
}

/* Of 2020-12 "items" is what follows prefixItems; of draft-07 it is one schema for all, or a list, and then
 * additionalItems follows. */
static const char *read_items(ag_items_t *items, ag_compile_t *c)
{
    apr_uint32_t list = c->found[AG_KW_prefixItems], rest = c->found[AG_KW_items];
    ag_keyword_e first = AG_KW_prefixItems, then = AG_KW_items;
    const char *error = NULL;

    if (rest && c->resource->dialect == AG_DIALECT_07 && c->doc->nodes[rest].kind == AG_JSON_ARRAY) {
        list = rest;
        first = AG_KW_items;
        rest = c->found[AG_KW_additionalItems];
        then = AG_KW_additionalItems;
    }
    if (list && (c->doc->nodes[list].n || first == AG_KW_prefixItems)) {
        error = ag_compile_subs(&items->first, c, first, list, AG_ASKS_PART);
    }
    return !error && rest ? ag_compile_sub(&items->rest, c, then, rest, AG_ASKS_PART) : error;
}

const char *ag_compile_items(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    ag_items_t *items;
    const char *error;

    if (keyword == AG_KW_additionalItems && (error = ag_compile_annotation(c, keyword, value))) {
        return error;
    }
    if (c->n && c->checks[c->n - 1].fits == fits_items) {
        return NULL;
    }
    items = apr_pcalloc(c->p, sizeof *items);
    error = read_items(items, c);
    if (!error && (items->first.n || items->rest)) {
        ag_compile_check(c, keyword, AG_KIND(ARRAY), fits_items, items);
    }
    return error;
}

const ag_items_t *ag_schema_items_check(const ag_schema_t *schema)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        if (schema->checks[i].fits == fits_items) {
            return schema->checks[i].data;
        }
    }
    return NULL;
}

/* ---- contains ----------------------------------------------------------------------------------------------- */

typedef struct {
    const ag_schema_t *schema;
    apr_uint64_t least, most;
} contains_t;

/* All items are tried only where somebody asks which ones fit, or how many. */
static apr_uint64_t count(ag_walk_t *w, const contains_t *contains, apr_uint32_t node)
{
    int all = w->marks || contains->most != ~APR_UINT64_C(0);
    apr_uint64_t n = 0;
    apr_uint32_t i, at = 0;

    w->quiet++;
    AG_EACH_ITEM(i, w->doc, node)
    {
        if (ag_walk_part(w, contains->schema, i)) {
            ag_marks_set(w->marks, at);
            n++;
        }
        at++;
        if (w->costly || (!all && n >= contains->least)) {
            break;
        }
    }
    w->quiet--;
    return n;
}

static int fits_contains(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const contains_t *contains = check->data;
    apr_uint64_t n;

    if (!contains->least && !w->marks && contains->most == ~APR_UINT64_C(0)) {
        return 1;
    }
    n = count(w, contains, node);
    if (w->costly) {
        return 0;
    }
    if (n < contains->least) {
        return ag_walk_wrong(w, contains->least == 1 ? "contains" : "minContains", node,
                             "has less than %" APR_UINT64_T_FMT " items that fit", contains->least);
    }
    return n <= contains->most
           || ag_walk_wrong(w, "maxContains", node, "has more than %" APR_UINT64_T_FMT " items that fit",
                            contains->most);
}

const char *ag_compile_contains(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    contains_t *contains = apr_pcalloc(c->p, sizeof *contains);
    apr_uint32_t least = c->found[AG_KW_minContains], most = c->found[AG_KW_maxContains];
    const char *error = ag_compile_sub(&contains->schema, c, keyword, value, AG_ASKS_PART);

    contains->least = 1;
    contains->most = ~APR_UINT64_C(0);
    if (!error && least) {
        error = ag_compile_whole(&contains->least, c, AG_KW_minContains, least);
    }
    if (!error && most) {
        error = ag_compile_whole(&contains->most, c, AG_KW_maxContains, most);
    }
    ag_compile_check(c, keyword, AG_KIND(ARRAY), fits_contains, contains);
    return error;
}

/* ---- uniqueItems -------------------------------------------------------------------------------------------- */

#define FEW 8 /* items that are compared with each other */

typedef struct {
    apr_uint32_t node; /* 0: empty */
    apr_uint32_t hash;
} slot_t;

/* The first item that an earlier one equals, or 0. Most differ at their first member. */
static apr_uint32_t twice_of_few(const ag_doc_t *doc, apr_uint32_t list)
{
    apr_uint32_t before[FEW], n = 0, i, k;

    AG_EACH_ITEM(i, doc, list)
    {
        for (k = 0; k < n; k++) {
            if (ag_doc_equal(doc, before[k], doc, i)) {
                return i;
            }
        }
        before[n++] = i;
    }
    return 0;
}

/* 1 when an equal one is among the slots; else it is put there. */
static int is_known(ag_walk_t *w, slot_t *slots, apr_uint32_t mask, apr_uint32_t node)
{
    apr_uint64_t hash = ag_doc_hash(w->doc, node);
    slot_t *slot = &slots[hash & mask];

    for (; slot->node; slot = &slots[((apr_uint32_t)(slot - slots) + 1) & mask]) {
        if (slot->hash == (apr_uint32_t)(hash >> 32)) {
            if (!ag_walk_spend(w, w->doc->nodes[node].next - node)
                || ag_doc_equal(w->doc, slot->node, w->doc, node)) {
                return 1;
            }
        }
    }
    slot->node = node;
    slot->hash = (apr_uint32_t)(hash >> 32);
    return 0;
}

static int fits_many(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    ag_arena_t before = w->arena;
    apr_size_t size = 4;
    apr_uint32_t i;
    slot_t *slots;
    int fits = 1;

    while (size < 2 * (apr_size_t)w->doc->nodes[node].n) {
        size *= 2;
    }
    if (!ag_walk_spend(w, size / 8)) {
        return 0;
    }
    slots = ag_arena_take(&w->arena, size * sizeof *slots);
    AG_EACH_ITEM(i, w->doc, node)
    {
        if (is_known(w, slots, (apr_uint32_t)(size - 1), i)) {
            fits = ag_walk_wrong(w, check->keyword, i, "stands there twice");
            break;
        }
    }
    ag_arena_back(&w->arena, &before);
    return fits;
}

/* What comparing or hashing the items takes: its values, and the bytes of their texts. */
static apr_uint64_t cost_of(const ag_doc_t *doc, apr_uint32_t list)
{
    apr_uint64_t cost = doc->nodes[list].next - list;
    apr_uint32_t i;

    for (i = list + 1; i < doc->nodes[list].next; i++) {
        cost += doc->nodes[i].kind < AG_JSON_ARRAY ? doc->nodes[i].n / 64 : 0;
    }
    return cost;
}

static int fits_unique(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_node_t *list = &w->doc->nodes[node];
    apr_uint32_t twice;

    if (list->n < 2) {
        return 1;
    }
    if (!ag_walk_spend(w, cost_of(w->doc, node))) {
        return 0;
    }
    if (list->n > FEW) {
        return fits_many(w, check, node);
    }
    twice = twice_of_few(w->doc, node);
    return twice ? ag_walk_wrong(w, check->keyword, twice, "stands there twice") : 1;
}

const char *ag_compile_unique(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KINDS_BOOL);

    if (!error && c->doc->nodes[value].kind == AG_JSON_TRUE) {
        ag_compile_check(c, keyword, AG_KIND(ARRAY), fits_unique, NULL);
    }
    return error;
}
