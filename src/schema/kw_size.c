/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_size: how many items or members there may be; and the form of keywords that assert nothing.
 */
#include "compile.h"
#include "walk.h"

static int fits_least(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const apr_uint64_t *least = check->data;

    return w->doc->nodes[node].n >= *least
           || ag_walk_wrong(w, check->keyword, node, "has less than %" APR_UINT64_T_FMT, *least);
}

static int fits_most(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const apr_uint64_t *most = check->data;

    return w->doc->nodes[node].n <= *most
           || ag_walk_wrong(w, check->keyword, node, "has more than %" APR_UINT64_T_FMT, *most);
}

const char *ag_compile_size(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    apr_uint64_t *n = apr_pcalloc(c->p, sizeof *n);
    int least = keyword == AG_KW_minItems || keyword == AG_KW_minProperties;
    int items = keyword == AG_KW_minItems || keyword == AG_KW_maxItems;

    ag_compile_check(c, keyword, items ? AG_KIND(ARRAY) : AG_KIND(OBJECT), least ? fits_least : fits_most, n);
    return ag_compile_whole(n, c, keyword, value);
}

/* ---- forms -------------------------------------------------------------------------------------------------- */

const char *ag_compile_flag(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KINDS_BOOL);
}

const char *ag_compile_read_only(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    c->schema->read_only = (AG_IN_OAS & 1u << c->resource->dialect) && c->doc->nodes[value].kind == AG_JSON_TRUE;
    return ag_compile_wants(c, keyword, value, AG_KINDS_BOOL);
}

const char *ag_compile_text(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KIND(STRING));
}

const char *ag_compile_array(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KIND(ARRAY));
}

const char *ag_compile_object(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KIND(OBJECT));
}

const char *ag_compile_annotation(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KIND(OBJECT) | AG_KINDS_BOOL);
}

/* Read by contains. */
const char *ag_compile_count(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    apr_uint64_t n;

    return ag_compile_whole(&n, c, keyword, value);
}
