/* SPDX-License-Identifier: Apache-2.0 */
/*
 * best: see best.h. A schema is out when it takes no value of this kind, or when a member that has only a few values
 * in it (const, enum: "type", "kind" ...) has another one. If one is left, that was meant.
 */
#include "best.h"

#include <string.h>

#include "object.h"

#define CHAIN 16 /* of allOf is not followed; of $ref, so far */

/* What a $ref beside which nothing else stands leads to. */
static const ag_schema_t *meant(const ag_schema_t *schema)
{
    while (schema->alias) {
        schema = schema->alias;
    }
    return schema;
}

/* const and enum of strings are what tells such schemas apart. */
static int is_tag(const ag_schema_t *schema)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        if (strcmp(schema->checks[i].keyword, "const") == 0 || strcmp(schema->checks[i].keyword, "enum") == 0) {
            return 1;
        }
    }
    return 0;
}

/* 1 when a member says that the schema is not meant. */
static int is_out(ag_walk_t *w, const ag_members_t *members, apr_uint32_t node)
{
    apr_uint32_t name;

    AG_EACH_MEMBER(name, w->doc, node)
    {
        const ag_node_t *text = &w->doc->nodes[name];
        int found =
            ag_walk_spend_bytes(w, text->n) ? ag_index_find(&members->names, ag_doc_text(w->doc, text), text->n) : -1;
        const ag_schema_t *schema = found >= 0 ? members->properties[found].schema : NULL;

        if (schema && is_tag(meant(schema)) && !ag_walk_part(w, schema, name + 1)) {
            return 1;
        }
    }
    return 0;
}

static int is_candidate(ag_walk_t *w, const ag_schema_t *schema, apr_uint32_t node)
{
    unsigned kind = ag_walk_kind(w, node);
    const ag_members_t *members;

    schema = meant(schema);
    if (!(schema->kinds & kind)) {
        return 0;
    }
    members = kind == AG_KIND(OBJECT) ? ag_schema_members(schema) : NULL;
    return !members || (ag_walk_spend(w, w->doc->nodes[node].n) && !is_out(w, members, node));
}

static const ag_schema_t *find(ag_walk_t *w, const ag_subs_t *subs, apr_uint32_t node)
{
    const ag_schema_t *best = NULL;
    unsigned i;

    for (i = 0; i < subs->n && !w->costly; i++) {
        if (is_candidate(w, subs->v[i], node)) {
            if (best) {
                return NULL;
            }
            best = subs->v[i];
        }
    }
    return best;
}

int ag_best(ag_walk_t *w, const char *keyword, const ag_subs_t *subs, apr_uint32_t node)
{
    const ag_schema_t *best;

    if (w->quiet) {
        return 0;
    }
    w->quiet++;
    best = find(w, subs, node);
    w->quiet--;
    /* It says no, as all did. */
    return best && !w->costly
               ? ag_schema_walk(w, best, node) && ag_walk_wrong(w, keyword, node, "fits none of the schemas")
               : ag_walk_wrong(w, keyword, node, "fits none of the schemas");
}
