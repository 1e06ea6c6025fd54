/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compiled: what a schema has become: which kinds of values it takes at all, and a list of checks. A check is a
 * function and what its keyword says, read at configuration time; nothing of the schema's text is looked at later.
 */
#ifndef AG_SCHEMA_COMPILED_H
#define AG_SCHEMA_COMPILED_H

#include "schema.h"

typedef struct ag_walk_t ag_walk_t;
typedef struct ag_check_t ag_check_t;
typedef struct ag_resource_t ag_resource_t;
typedef struct ag_document_t ag_document_t;

#define AG_KIND(kind)  (1u << AG_JSON_##kind)
#define AG_KINDS_ALL   (AG_KIND(OBJECT) * 2 - 1)
#define AG_KINDS_BOOL  (AG_KIND(FALSE) | AG_KIND(TRUE))
#define AG_KINDS_PARTS (AG_KIND(ARRAY) | AG_KIND(OBJECT))

/* One keyword, or several that are decided together, on a value of one of its kinds: 1 when it holds; 0, and what is
 * wrong is among the findings if anybody counts them. */
struct ag_check_t {
    int (*fits)(ag_walk_t *w, const ag_check_t *check, apr_uint32_t node);
    const void *data; /* what fits() and make() agree on */
    const char *keyword;
    unsigned kinds; /* of other values it says nothing */
};

struct ag_schema_t {
    unsigned kinds;           /* as ag_schema_kinds(); what no check needs to say */
    unsigned short n;         /* checks */
    unsigned char n_late;     /* of these, at the end: those that ask what the others have looked at (unevaluated*) */
    unsigned char read_only;  /* OpenAPI: no part of a request */
    const ag_check_t *checks; /* cheap ones first */
    const ag_schema_t *alias; /* it says "$ref" and no more: that one stands for it */
    const ag_resource_t *scope; /* where it stands, if $dynamicRef may find something there; else NULL */
    const char *keyword;        /* under which it stands: what a finding names when it is `false` */

    /* For the compiler. */
    ag_document_t *document;
    const ag_resource_t *resource;
    apr_uint32_t node;
    apr_uint32_t first_edge, n_edges; /* of ag_schemas_t.edges: the schemas it asks about the same value */
    unsigned char visit;              /* of the search for circles */
    unsigned short above;             /* how long the longest chain of such schemas below it is */
};

typedef struct ag_subs_t {
    unsigned n;
    const ag_schema_t **v;
} ag_subs_t;

/* Over what is in a container. Of a member, i is its name and i + 1 its value. */
#define AG_EACH_ITEM(i, doc, list) for (i = (list) + 1; i < (doc)->nodes[list].next; i = (doc)->nodes[i].next)
#define AG_EACH_MEMBER(i, doc, object)                                                                               \
    for (i = (object) + 1; i < (doc)->nodes[object].next; i = (doc)->nodes[i + 1].next)

/* ---- data that more than one file reads --------------------------------------------------------------- */

/* "$ref" and "$dynamicRef". */
typedef struct ag_reference_t {
    const ag_schema_t *to;
    const char *anchor; /* of $dynamicRef: the outermost $dynamicAnchor of this name; NULL: just `to` */
} ag_reference_t;

#endif
