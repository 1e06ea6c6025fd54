/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_format: format, where it asserts: by the set's options, or by a metaschema's $vocabulary. A format nobody knows
 * asserts nothing.
 */
#include "compile.h"
#include "format.h"
#include "walk.h"

static int fits_text(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_format_t *format = check->data;
    const ag_node_t *value = &w->doc->nodes[node];

    return ag_walk_spend(w, value->n / 16)
           && (format->fits(ag_doc_text(w->doc, value), value->n)
               || ag_walk_wrong(w, check->keyword, node, "%s", format->detail));
}

static int fits_number(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_format_t *format = check->data;
    const ag_node_t *value = &w->doc->nodes[node];
    ag_number_t number;

    return ag_walk_spend(w, value->n / 16)
           && ((ag_number_read(&number, ag_doc_text(w->doc, value), value->n) == 0 && format->holds(&number))
               || ag_walk_wrong(w, check->keyword, node, "%s", format->detail));
}

const char *ag_compile_format(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(STRING));
    const ag_format_t *format;

    if (error || (!c->set->options.formats && !(c->resource->vocabularies & AG_VOCAB_FORMAT_ASSERTS))) {
        return error;
    }
    format = ag_format(ag_doc_text(c->doc, &c->doc->nodes[value]), c->doc->nodes[value].n);
    if (format && format->fits) {
        ag_compile_check(c, keyword, AG_KIND(STRING), fits_text, format);
    }
    else if (format) {
        ag_compile_check(c, keyword, AG_KIND(NUMBER), fits_number, format);
    }
    return NULL;
}
