/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_members: properties, required, patternProperties, additionalProperties in one pass over the members. Which of
 * the required ones were there is a bit each; the first 64 fit into a word on the stack.
 */
#include <string.h>

#include <apr_strings.h>

#include "compile.h"
#include "object.h"
#include "walk.h"

/* ---- one member -------------------------------------------------------------------------------------------- */

static int fits_property(ag_walk_t *w, const ag_property_t *property, apr_uint32_t value)
{
    if (w->run->reading && property->schema->read_only) {
        return ag_walk_wrong(w, "readOnly", value, "is only for answers");
    }
    return ag_walk_part(w, property->schema, value);
}

/* How many patterns the name matches, whose schemas the value is checked by; *fits gets 0 when one says no. */
static int try_patterns(int *fits, ag_walk_t *w, const ag_members_t *members, apr_uint32_t name)
{
    const ag_node_t *text = &w->doc->nodes[name];
    int matched = 0;
    unsigned i;

    for (i = 0; i < members->n_patterns && !(w->quiet && !*fits); i++) {
        apr_uint64_t cost = 0;
        int matches =
            ag_walk_spend(w, 1 + text->n / 16)
                ? ag_pattern_matches(members->patterns[i].pattern, ag_doc_text(w->doc, text), text->n, &cost)
                : -1;

        if (matches < 0 || !ag_walk_spend(w, cost)) {
            *fits = ag_walk_give_up(w);
        }
        else if (matches) {
            matched++;
            *fits &= ag_walk_part(w, members->patterns[i].schema, name + 1);
        }
    }
    return matched;
}

/* Of a member whose number is `i`; `found` is which of the known names it has, or -1. */
static int fits_member(ag_walk_t *w, const ag_members_t *members, apr_uint32_t name, apr_uint32_t i, int found)
{
    const ag_property_t *property = found >= 0 ? &members->properties[found] : NULL;
    int known = property && property->schema;
    int fits = !known || fits_property(w, property, name + 1);

    if (members->n_patterns) {
        known |= try_patterns(&fits, w, members, name) > 0;
    }
    if (!known && members->others) {
        fits = ag_walk_part(w, members->others, name + 1);
        known = 1;
    }
    if (known) {
        ag_marks_set(w->marks, i);
    }
    return fits;
}

/* ---- required ---------------------------------------------------------------------------------------------- */

typedef struct {
    apr_uint64_t few;
    apr_uint64_t *words; /* of more than 64 */
} seen_t;

static void see(seen_t *seen, unsigned required)
{
    apr_uint64_t *word = seen->words ? &seen->words[(required - 1) / 64] : &seen->few;

    *word |= APR_UINT64_C(1) << (required - 1) % 64;
}

static int saw(const seen_t *seen, unsigned required)
{
    apr_uint64_t word = seen->words ? seen->words[(required - 1) / 64] : seen->few;

    return word >> (required - 1) % 64 & 1;
}

/* What is read only is required of answers (OpenAPI 3.0.3, Schema Object). */
static int is_for_answers(const ag_walk_t *w, const ag_property_t *property)
{
    return w->run->reading && property->schema && property->schema->read_only;
}

static int has_required(ag_walk_t *w, const ag_members_t *members, const seen_t *seen, apr_uint32_t node)
{
    unsigned i;
    int fits = 1;

    for (i = 0; i < members->names.n && (fits || !w->quiet); i++) {
        const ag_property_t *property = &members->properties[i];
        const ag_name_t *name = &members->names.v[i];

        if (property->required && !saw(seen, property->required) && !is_for_answers(w, property)) {
            fits = ag_walk_wrong(w, "required", node, "lacks the member \"%.*s\"",
                                 (int)(name->n < 100 ? name->n : 100), name->text);
        }
    }
    return fits;
}

/* ---- all of them ------------------------------------------------------------------------------------------- */

static int fits_each(ag_walk_t *w, const ag_members_t *members, seen_t *seen, apr_uint32_t node)
{
    apr_uint32_t name, i = 0;
    int fits = 1;

    AG_EACH_MEMBER(name, w->doc, node)
    {
        const ag_node_t *text = &w->doc->nodes[name];
        int paid = ag_walk_spend(w, 1 + text->n / 64); /* all of the name is hashed */
        int found = paid ? ag_index_find(&members->names, ag_doc_text(w->doc, text), text->n) : -1;

        if (found >= 0 && members->properties[found].required) {
            see(seen, members->properties[found].required);
        }
        if (!paid || !fits_member(w, members, name, i++, found)) {
            fits = 0;
            if (w->quiet) {
                break;
            }
        }
    }
    return fits;
}

static int fits_members(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_members_t *members = check->data;
    ag_arena_t before = w->arena;
    seen_t seen = {0, NULL};
    int fits;

    if (members->required > 64) {
        if (!ag_walk_spend(w, members->names.n / 8)) {
            return 0;
        }
        seen.words = ag_arena_take(&w->arena, (members->required + 63) / 64 * sizeof(apr_uint64_t));
    }
    fits = fits_each(w, members, &seen, node);
    if (members->required && (fits || !w->quiet)) {
        fits &= has_required(w, members, &seen, node);
    }
    ag_arena_back(&w->arena, &before);
    return fits;
}

/* ---- compiling --------------------------------------------------------------------------------------------- */

static const char *read_properties(ag_members_t *members, ag_compile_t *c, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, AG_KW_properties, value, AG_KIND(OBJECT));
    apr_uint32_t i;

    if (error) {
        return error;
    }
    AG_EACH_MEMBER(i, c->doc, value)
    {
        unsigned at = ag_index_put(&members->names, ag_doc_text(c->doc, &c->doc->nodes[i]), c->doc->nodes[i].n);

        error =
            error ? error : ag_compile_sub(&members->properties[at].schema, c, AG_KW_properties, i + 1, AG_ASKS_PART);
    }
    return error;
}

static const char *read_required(ag_members_t *members, ag_compile_t *c, apr_uint32_t value)
{
    ag_index_t words;
    const char *error = ag_compile_words(&words, c, AG_KW_required, value);
    unsigned i;

    for (i = 0; !error && i < words.n; i++) {
        members->properties[ag_index_put(&members->names, words.v[i].text, words.v[i].n)].required =
            ++members->required;
    }
    return error;
}

static const char *read_patterns(ag_members_t *members, ag_compile_t *c, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, AG_KW_patternProperties, value, AG_KIND(OBJECT));
    apr_uint32_t i;

    if (error) {
        return error;
    }
    members->patterns = apr_pcalloc(c->p, (c->doc->nodes[value].n + 1) * sizeof *members->patterns);
    AG_EACH_MEMBER(i, c->doc, value)
    {
        ag_patterned_t *patterned = &members->patterns[members->n_patterns++];

        error =
            ag_pattern_compile(&patterned->pattern, ag_doc_text(c->doc, &c->doc->nodes[i]), c->doc->nodes[i].n, c->p);
        if (error) {
            return ag_compile_wrong(c, AG_KW_patternProperties, i + 1, "has a name that cannot be used: %s", error);
        }
        error = ag_compile_sub(&patterned->schema, c, AG_KW_patternProperties, i + 1, AG_ASKS_PART);
        if (error) {
            return error;
        }
    }
    return NULL;
}

static unsigned size_of(const ag_compile_t *c, ag_keyword_e keyword)
{
    return c->found[keyword] ? c->doc->nodes[c->found[keyword]].n : 0;
}

const char *ag_compile_members(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    unsigned most = size_of(c, AG_KW_properties) + size_of(c, AG_KW_required) + 1;
    ag_members_t *members;
    const char *error = NULL;

    (void)value;
    if (c->n && c->checks[c->n - 1].fits == fits_members) {
        return NULL;
    }
    members = apr_pcalloc(c->p, sizeof *members);
    members->properties = apr_pcalloc(c->p, most * sizeof *members->properties);
    ag_index_make(&members->names, most, c->p);
    ag_compile_check(c, keyword, AG_KIND(OBJECT), fits_members, members);
    if (c->found[AG_KW_properties]) {
        error = read_properties(members, c, c->found[AG_KW_properties]);
    }
    if (!error && c->found[AG_KW_required]) {
        error = read_required(members, c, c->found[AG_KW_required]);
    }
    if (!error && c->found[AG_KW_patternProperties]) {
        error = read_patterns(members, c, c->found[AG_KW_patternProperties]);
    }
    if (!error && c->found[AG_KW_additionalProperties]) {
        error = ag_compile_sub(&members->others, c, AG_KW_additionalProperties, c->found[AG_KW_additionalProperties],
                               AG_ASKS_PART);
    }
    return error;
}

const ag_members_t *ag_schema_members(const ag_schema_t *schema)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        if (schema->checks[i].fits == fits_members) {
            return schema->checks[i].data;
        }
    }
    return NULL;
}
