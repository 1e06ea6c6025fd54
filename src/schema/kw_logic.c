/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw_logic: allOf, anyOf, oneOf, not, if. Where a no does no harm, nobody counts findings.
 */
#include <string.h>

#include "best.h"
#include "compile.h"
#include "logic.h"
#include "walk.h"

/* ---- allOf ------------------------------------------------------------------------------------------------- */

static int fits_all(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_subs_t *subs = check->data;
    int fits = 1;
    unsigned i;

    for (i = 0; i < subs->n && (fits || !w->quiet); i++) {
        fits &= ag_schema_walk(w, subs->v[i], node);
    }
    return fits;
}

const char *ag_compile_all_of(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    ag_subs_t *subs = apr_pcalloc(c->p, sizeof *subs);

    ag_compile_check(c, keyword, AG_KINDS_ALL, fits_all, subs);
    return ag_compile_subs(subs, c, keyword, value, AG_ASKS_SAME);
}

const ag_subs_t *ag_all_of(const ag_schema_t *schema)
{
    unsigned i;

    for (i = 0; i < schema->n; i++) {
        if (schema->checks[i].fits == fits_all) {
            return schema->checks[i].data;
        }
    }
    return NULL;
}

/* ---- anyOf and oneOf ----------------------------------------------------------------------------------------- */

/* How many take the value; no more than `most` are looked for, unless marks need all. */
static unsigned count(ag_walk_t *w, const ag_subs_t *subs, apr_uint32_t node, unsigned most)
{
    unsigned n = 0, i;

    w->quiet++;
    for (i = 0; i < subs->n && !w->costly && (n < most || w->marks); i++) {
        n += ag_walk_try(w, subs->v[i], node) != 0;
    }
    w->quiet--;
    return n;
}

static int fits_any(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_subs_t *subs = check->data;

    return count(w, subs, node, 1) || ag_best(w, check->keyword, subs, node);
}

static int fits_one(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const ag_subs_t *subs = check->data;
    unsigned n = count(w, subs, node, 2);

    if (n == 1) {
        return !w->costly;
    }
    return n ? ag_walk_wrong(w, check->keyword, node, "fits more than one of the schemas, of which one must take it")
             : ag_best(w, check->keyword, subs, node);
}

const char *ag_compile_any_of(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    ag_subs_t *subs = apr_pcalloc(c->p, sizeof *subs);

    ag_compile_check(c, keyword, ag_compile_not_by_discriminator(c, keyword),
                     keyword == AG_KW_oneOf ? fits_one : fits_any, subs);
    return ag_compile_subs(subs, c, keyword, value, AG_ASKS_SAME);
}

/* ---- not ----------------------------------------------------------------------------------------------------- */

static int fits_not(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    int fits;

    w->quiet++;
    fits = ag_walk_part(w, check->data, node); /* what it has looked at counts for nothing */
    w->quiet--;
    return (!fits && !w->costly) || ag_walk_wrong(w, check->keyword, node, "fits a schema that must not take it");
}

const char *ag_compile_not(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    const ag_schema_t *schema;
    const char *error = ag_compile_sub(&schema, c, keyword, value, AG_ASKS_SAME);

    if (!error) {
        ag_compile_check(c, keyword, AG_KINDS_ALL, fits_not, schema);
    }
    return error;
}

/* ---- if, then, else -------------------------------------------------------------------------------------------- */

typedef struct {
    const ag_schema_t *condition, *then, *otherwise; /* NULL: takes all */
} if_t;

static int fits_if(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node)
{
    const if_t *data = check->data;
    const ag_schema_t *next;
    int fits;

    w->quiet++;
    fits = ag_walk_try(w, data->condition, node);
    w->quiet--;
    next = fits ? data->then : data->otherwise;
    return !w->costly && (!next || ag_schema_walk(w, next, node));
}

const char *ag_compile_if(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    apr_uint32_t then = c->found[AG_KW_then], otherwise = c->found[AG_KW_else];
    if_t *data = apr_pcalloc(c->p, sizeof *data);
    const char *error = ag_compile_sub(&data->condition, c, keyword, value, AG_ASKS_SAME);

    if (!error && then) {
        error = ag_compile_sub(&data->then, c, AG_KW_then, then, AG_ASKS_SAME);
    }
    if (!error && otherwise) {
        error = ag_compile_sub(&data->otherwise, c, AG_KW_else, otherwise, AG_ASKS_SAME);
    }
    ag_compile_check(c, keyword, AG_KINDS_ALL, fits_if, data);
    return error;
}

/* Without "if" it says nothing. */
const char *ag_compile_then(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value)
{
    return ag_compile_wants(c, keyword, value, AG_KIND(OBJECT) | AG_KINDS_BOOL);
}
