/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hints: what a schema says of any value, for who must read parameters before there is a value. Only through $ref and
 * allOf, which always count.
 */
#include "array.h"
#include "logic.h"
#include "object.h"
#include "ref.h"

#define DEEPEST 16

static unsigned both(unsigned a, unsigned b)
{
    unsigned kinds = a & b & AG_KINDS_ALL;

    return kinds & AG_KIND(NUMBER) ? kinds | ((a | b) & AG_SCHEMA_WHOLE) : kinds;
}

static unsigned kinds_of(const ag_schema_t *schema, int levels)
{
    const ag_schema_t *ref = ag_ref_of(schema);
    const ag_subs_t *all = ag_all_of(schema);
    unsigned kinds = schema->kinds, i;

    if (ref && levels) {
        kinds = both(kinds, kinds_of(ref, levels - 1));
    }
    for (i = 0; all && levels && i < all->n; i++) {
        kinds = both(kinds, kinds_of(all->v[i], levels - 1));
    }
    return kinds;
}

unsigned ag_schema_kinds(const ag_schema_t *schema)
{
    return kinds_of(schema, DEEPEST);
}

/* The first that `find` finds in the schema or in what it is made of. */
typedef const ag_schema_t *(*find_fn)(const ag_schema_t *schema, const char *name, apr_size_t n);

static const ag_schema_t *search(const ag_schema_t *schema, find_fn find, const char *name, apr_size_t n, int levels)
{
    const ag_schema_t *found = find(schema, name, n);
    const ag_subs_t *all = ag_all_of(schema);
    unsigned i;

    if (!found && levels && ag_ref_of(schema)) {
        found = search(ag_ref_of(schema), find, name, n, levels - 1);
    }
    for (i = 0; !found && all && levels && i < all->n; i++) {
        found = search(all->v[i], find, name, n, levels - 1);
    }
    return found;
}

static const ag_schema_t *named(const ag_schema_t *schema, const char *name, apr_size_t n)
{
    const ag_members_t *members = ag_schema_members(schema);
    int found = members ? ag_index_find(&members->names, name, (apr_uint32_t)n) : -1;

    return found >= 0 ? members->properties[found].schema : NULL;
}

static const ag_schema_t *any_other(const ag_schema_t *schema, const char *name, apr_size_t n)
{
    const ag_members_t *members = ag_schema_members(schema);
    unsigned i;

    for (i = 0; members && i < members->n_patterns; i++) {
        if (ag_pattern_matches(members->patterns[i].pattern, name, n, NULL) > 0) {
            return members->patterns[i].schema;
        }
    }
    return members ? members->others : NULL;
}

static const ag_schema_t *rest(const ag_schema_t *schema, const char *name, apr_size_t n)
{
    const ag_items_t *items = ag_schema_items_check(schema);

    (void)name;
    (void)n;
    return items && !items->first.n ? items->rest : NULL;
}

const ag_schema_t *ag_schema_property(const ag_schema_t *schema, const char *name, apr_size_t n)
{
    const ag_schema_t *found = search(schema, named, name, n, DEEPEST);

    return found ? found : search(schema, any_other, name, n, DEEPEST);
}

const ag_schema_t *ag_schema_items(const ag_schema_t *schema)
{
    return search(schema, rest, "", 0, DEEPEST);
}
