/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts: what the functions of keywords.def build with. See compile.h.
 */
#include <string.h>

#include <apr_strings.h>

#include "../json/number.h"
#include "../base/text.h"
#include "compile.h"
#include "walk.h"

void ag_compile_check(ag_compile_t *c, ag_keyword_e keyword, unsigned kinds, ag_check_fn fits, const void *data)
{
    ag_check_t *check = &c->checks[c->n++];

    check->fits = fits;
    check->data = data;
    check->keyword = ag_keyword_names[keyword];
    check->kinds = kinds;
}

void ag_compile_edge(ag_compile_t *c, const ag_schema_t *other)
{
    APR_ARRAY_PUSH(c->set->edges, const ag_schema_t *) = other;
}

const char *ag_compile_sub(const ag_schema_t **sub, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t node,
                           ag_asks_e asks)
{
    const char *error = ag_compile_wants(c, keyword, node, AG_KIND(OBJECT) | AG_KINDS_BOOL);

    if (error) {
        return error;
    }
    *sub = ag_set_place(c->set, c->schema->document, node, c->resource, ag_keyword_names[keyword]);
    if (asks == AG_ASKS_SAME) {
        ag_compile_edge(c, *sub);
    }
    return NULL;
}

const char *ag_compile_subs(ag_subs_t *subs, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t list, ag_asks_e asks)
{
    const char *error = ag_compile_wants(c, keyword, list, AG_KIND(ARRAY));
    apr_uint32_t i;

    if (error) {
        return error;
    }
    if (!c->doc->nodes[list].n) {
        return ag_compile_wrong(c, keyword, list, "takes at least one schema");
    }
    subs->n = 0;
    subs->v = apr_pcalloc(c->p, c->doc->nodes[list].n * sizeof *subs->v);
    AG_EACH_ITEM(i, c->doc, list)
    {
        error = error ? error : ag_compile_sub(&subs->v[subs->n++], c, keyword, i, asks);
    }
    return error;
}

/* ---- forms ---------------------------------------------------------------------------------------------- */

const char *ag_compile_string(ag_compile_t *c, apr_uint32_t node)
{
    return ag_text_plain(apr_pstrmemdup(c->p, ag_doc_text(c->doc, &c->doc->nodes[node]), c->doc->nodes[node].n),
                         c->p);
}

const char *ag_compile_wrong(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t node, const char *text, ...)
{
    const char *what;
    va_list args;

    va_start(args, text);
    what = apr_pvsprintf(c->p, text, args);
    va_end(args);
    return ag_set_wrong(c->set, c->schema->document, node, "%s %s", ag_keyword_names[keyword], what);
}

const char *ag_compile_wants(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value, unsigned kinds)
{
    unsigned kind = 1u << c->doc->nodes[value].kind;

    return kind & kinds ? NULL
                        : ag_compile_wrong(c, keyword, value, "takes %s, not %s", ag_kinds_words(kinds, c->p),
                                           ag_kinds_words(kind, c->p));
}

const char *ag_compile_whole(apr_uint64_t *n, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(NUMBER));
    ag_number_t number;

    if (error) {
        return error;
    }
    if (ag_number_read(&number, ag_doc_text(c->doc, &c->doc->nodes[value]), c->doc->nodes[value].n)
        || (number.negative && number.first <= number.last) || !ag_number_whole(&number)) {
        return ag_compile_wrong(c, keyword, value, "takes a whole number from 0");
    }
    if (ag_number_u64(&number, n)) {
        *n = number.first <= number.last ? ~APR_UINT64_C(0) : 0;
    }
    return NULL;
}

const char *ag_compile_words(ag_index_t *names, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t list)
{
    const char *error = ag_compile_wants(c, keyword, list, AG_KIND(ARRAY));
    apr_uint32_t i;

    if (error) {
        return error;
    }
    ag_index_make(names, c->doc->nodes[list].n, c->p);
    AG_EACH_ITEM(i, c->doc, list)
    {
        const ag_node_t *word = &c->doc->nodes[i];
        unsigned n = names->n;

        if (word->kind != AG_JSON_STRING) {
            return ag_compile_wrong(c, keyword, i, "takes strings, not %s", ag_kinds_words(1u << word->kind, c->p));
        }
        if (ag_index_put(names, ag_doc_text(c->doc, word), word->n) != n) {
            return ag_compile_wrong(c, keyword, i, "names \"%s\" twice", ag_compile_string(c, i));
        }
    }
    return NULL;
}
