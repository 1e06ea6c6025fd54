/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: which of a document's paths a request's path is. A node for each segment: one that is written out goes before one
 * with templates, and of these the one with more letters of its own. A request costs what its path is long, however many
 * paths there are.
 */
#ifndef AG_OPENAPI_TREE_H
#define AG_OPENAPI_TREE_H

#include "../input/pairs.h"

#define AG_TREE_DEPTH  64 /* segments of a path */
#define AG_TREE_VALUES 24 /* templates of a path */

typedef struct ag_tree_t ag_tree_t;

typedef struct ag_tree_found_t {
    void *leaf;
    int n;
    ag_span_t values[AG_TREE_VALUES]; /* of its templates, in their order: parts of the segments */
    int of[AG_TREE_VALUES];           /* in which segment each stands */
    int two_ways; /* a segment with several templates can be split in more than one way ("{a}-{b}" and "x-y-z") */
} ag_tree_found_t;

ag_tree_t *ag_tree_make(apr_pool_t *p);

/* Enters a path ("/pets/{id}.json"). *names are its templates' names, *n of them. *other is the leaf that stands there
 * already (then nothing is changed), or NULL. An error text or NULL. */
const char *ag_tree_add(ag_tree_t *tree, void **other, const char ***names, int *n, const char *path, void *leaf);

/* 1 and the leaf, or 0: there is none. Allocates nothing. */
int ag_tree_find(ag_tree_found_t *found, const ag_tree_t *tree, const ag_span_t *segments, int n);

#endif
