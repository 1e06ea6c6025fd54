/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_unevaluated: unevaluatedProperties and unevaluatedItems: the last check of a schema, of all that the others have
 * not marked.
 */
#include "compile.h"
#include "walk.h"

static int fits_part(ag_walk_t *w, const ag_check_t *check, apr_uint32_t at, apr_uint32_t part)
{
    return ag_marks_has(w->marks, at) || ag_walk_part(w, check->data, part);
}

static int fits_items(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    apr_uint32_t i, at = 0;
    int fits = 1;

    AG_EACH_ITEM(i, w->doc, node)
    {
        fits &= fits_part(w, check, at++, i);
        if (!fits && w->quiet) {
            break;
        }
    }
    ag_marks_all(w->marks);
    return fits;
}

static int fits_properties(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    apr_uint32_t name, at = 0;
    int fits = 1;

    AG_EACH_MEMBER(name, w->doc, node)
    {
        fits &= fits_part(w, check, at++, name + 1);
        if (!fits && w->quiet) {
            break;
        }
    }
    ag_marks_all(w->marks);
    return fits;
}

const char *ag_compile_unevaluated(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    int items = keyword == AG_KW_unevaluatedItems;
    const ag_schema_t *schema;
    const char *error = ag_compile_sub(&schema, c, keyword, value, AG_ASKS_PART);

    if (!error) {
        ag_compile_check(c, keyword, items ? AG_KIND(ARRAY) : AG_KIND(OBJECT), items ? fits_items : fits_properties,
                         schema);
        c->schema->n_late++;
    }
    return error;
}
