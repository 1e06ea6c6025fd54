/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile: what the functions of keywords.def work with: the schema in hand, and how they add to it. They never
 * compile another schema themselves: they ask for its place, and its turn comes. So a schema may be nested as deep as
 * it likes.
 */
#ifndef AG_SCHEMA_COMPILE_H
#define AG_SCHEMA_COMPILE_H

#include "keywords.h"
#include "index.h"
#include "set.h"

struct ag_compile_t {
    ag_schemas_t *set;
    ag_schema_t *schema;
    const ag_resource_t *resource;
    const ag_doc_t *doc;
    apr_uint32_t found[AG_KEYWORDS]; /* the node of each keyword's value; 0: it is not there */
    ag_check_t checks[AG_KEYWORDS];
    int n;
    apr_pool_t *p;
};

typedef int (*ag_check_fn)(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node);

/* One more check, under the keyword's name. */
void ag_compile_check(ag_compile_t *c, ag_keyword_e keyword, unsigned kinds, ag_check_fn fits, const void *data);

/* The schema at a node; `same`: it is asked about the same value. An error text or NULL. */
typedef enum { AG_ASKS_PART, AG_ASKS_SAME } ag_asks_e;

const char *ag_compile_sub(const ag_schema_t **sub, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t node,
                           ag_asks_e asks);

/* Likewise of each in a list, which must not be empty. */
const char *ag_compile_subs(ag_subs_t *subs, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t list,
                            ag_asks_e asks);

/* The schema in hand asks `other` about the same value. */
void ag_compile_edge(ag_compile_t *c, const ag_schema_t *other);

/* kw_discriminator.c: the kinds of values that a oneOf or anyOf still has to look at itself. */
unsigned ag_compile_not_by_discriminator(const ag_compile_t *c, ag_keyword_e keyword);

/* ---- forms: an error text or NULL ------------------------------------------------------------------------ */

/* The value must be of one of these kinds. */
const char *ag_compile_wants(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value, unsigned kinds);

/* A whole number from 0; above what 64 bits hold, the largest they do. */
const char *ag_compile_whole(apr_uint64_t *n, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value);

/* A list of strings, each once. */
const char *ag_compile_words(ag_index_t *names, ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t list);

/* "FILE#POINTER: KEYWORD TEXT", of the node. */
const char *ag_compile_wrong(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t node, const char *text, ...)
    __attribute__((format(printf, 4, 5)));

/* A string's text for messages and as an argument: copied, what cannot be shown as "?". */
const char *ag_compile_string(ag_compile_t *c, apr_uint32_t node);

#endif
