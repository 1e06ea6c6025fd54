/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_string: minLength, maxLength (characters, not bytes), pattern.
 */
#include <string.h>

#include "compile.h"
#include "pattern.h"
#include "walk.h"

/* ---- lengths ------------------------------------------------------------------------------------------------- */

typedef struct {
    apr_uint64_t least, most;
} length_t;

/* UTF-8: each byte that continues no character begins one. */
static apr_uint64_t characters(const char *text, apr_uint32_t n)
{
    apr_uint64_t count = 0;
    apr_uint32_t i;

    for (i = 0; i < n; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

static int fits_length(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const length_t *length = check->data;
    const ag_node_t *value = &w->doc->nodes[node];
    apr_uint64_t n;

    /* A character takes 1 to 4 bytes. */
    if (value->n <= length->most && value->n >= length->least && value->n / 4 >= length->least) {
        return 1;
    }
    if (!ag_walk_spend_bytes(w, value->n)) {
        return 0;
    }
    n = characters(ag_doc_text(w->doc, value), value->n);
    if (n < length->least) {
        return ag_walk_wrong(w, "minLength", node, "is shorter than %" APR_UINT64_T_FMT, length->least);
    }
    return n <= length->most
           || ag_walk_wrong(w, "maxLength", node, "is longer than %" APR_UINT64_T_FMT, length->most);
}

const char *ag_compile_length(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    length_t *length;

    if (c->n && c->checks[c->n - 1].fits == fits_length) {
        length = (length_t *)(uintptr_t)c->checks[c->n - 1].data;
    }
    else {
        length = apr_pcalloc(c->p, sizeof *length);
        length->most = ~APR_UINT64_C(0);
        ag_compile_check(c, keyword, AG_KIND(STRING), fits_length, length);
    }
    return ag_compile_whole(keyword == AG_KW_minLength ? &length->least : &length->most, c, keyword, value);
}

/* ---- pattern ------------------------------------------------------------------------------------------------- */

static int fits_pattern(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_node_t *value = &w->doc->nodes[node];
    apr_uint64_t cost = 0;
    int fits = ag_walk_spend(w, value->n / 16)
                   ? ag_pattern_matches(check->data, ag_doc_text(w->doc, value), value->n, &cost)
                   : -1;

    if (fits < 0 || !ag_walk_spend(w, cost)) {
        return ag_walk_give_up(w);
    }
    return fits || ag_walk_wrong(w, check->keyword, node, "does not match the pattern");
}

const char *ag_compile_pattern(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const char *error = ag_compile_wants(c, keyword, value, AG_KIND(STRING));
    ag_pattern_t *pattern;

    if (error) {
        return error;
    }
    error = ag_pattern_compile(&pattern, ag_doc_text(c->doc, &c->doc->nodes[value]), c->doc->nodes[value].n, c->p);
    if (error) {
        return ag_compile_wrong(c, keyword, value, "cannot be used: %s", error);
    }
    ag_compile_check(c, keyword, AG_KIND(STRING), fits_pattern, pattern);
    return NULL;
}
