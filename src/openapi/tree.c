/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: see tree.h. A segment with templates is kept as what stands around them: "{a}-{b}.json" is "", "-", ".json".
 */
#include "tree.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define VALUES 8 /* templates of a segment */

typedef struct node_t node_t;

typedef struct {
    int n; /* templates; one more text */
    ag_span_t texts[VALUES + 1];
    apr_size_t letters; /* of all texts */
} shape_t;

typedef struct {
    shape_t shape;
    node_t *below;
} branch_t;

struct node_t {
    apr_hash_t *written; /* segment -> node_t */
    apr_array_header_t *branches;
    void *leaf;
};

struct ag_tree_t {
    node_t root;
    apr_pool_t *p;
};

static void make_node(node_t *node, apr_pool_t *p)
{
    memset(node, 0, sizeof *node);
    node->written = apr_hash_make(p);
    node->branches = apr_array_make(p, 1, sizeof(branch_t));
}

ag_tree_t *ag_tree_make(apr_pool_t *p)
{
    ag_tree_t *tree = apr_palloc(p, sizeof *tree);

    tree->p = p;
    make_node(&tree->root, p);
    return tree;
}

/* ---- entering ------------------------------------------------------------------------------------ */

/* What stands between templates may be percent-encoded in a document. */
static const char *add_text(shape_t *shape, ag_span_t text, apr_pool_t *p)
{
    if (ag_span_decode(&text, text, 0, p) != AG_ENCODED_WELL || memchr(text.at, '/', text.n)) {
        return "has a % that is no escape of a letter, a slash or a NUL";
    }
    shape->texts[shape->n] = text;
    shape->letters += text.n;
    return NULL;
}

static const char *add_name(shape_t *shape, apr_array_header_t *names, ag_span_t name, apr_pool_t *p)
{
    if (!name.n || memchr(name.at, '{', name.n)) {
        return "has a template without a name, or one inside another";
    }
    if (shape->n == VALUES || names->nelts == AG_TREE_VALUES) {
        return "has more than 8 templates in a segment, or more than 24 in all";
    }
    if (shape->n && !shape->texts[shape->n].n) {
        return "has two templates with nothing between them: nobody can tell where one ends";
    }
    shape->n++;
    APR_ARRAY_PUSH(names, const char *) = apr_pstrmemdup(p, name.at, name.n);
    return NULL;
}

static const char *read_shape(shape_t *shape, apr_array_header_t *names, ag_span_t segment, apr_pool_t *p)
{
    const char *at = segment.at, *end = at + segment.n, *error = NULL;

    memset(shape, 0, sizeof *shape);
    while (!error) {
        const char *open = memchr(at, '{', (apr_size_t)(end - at));
        const char *close = open ? memchr(open, '}', (apr_size_t)(end - open)) : NULL;
        ag_span_t text = ag_span(at, (apr_size_t)((open ? open : end) - at));

        if (memchr(text.at, '}', text.n) || (open && !close)) {
            return "has a brace without the other one";
        }
        error = add_text(shape, text, p);
        if (error || !open) {
            break;
        }
        error = add_name(shape, names, ag_span(open + 1, (apr_size_t)(close - open) - 1), p);
        at = close + 1;
    }
    return error;
}

static int same_shape(const shape_t *a, const shape_t *b)
{
    int i;

    for (i = 0; a->n == b->n && i <= a->n; i++) {
        if (a->texts[i].n != b->texts[i].n || memcmp(a->texts[i].at, b->texts[i].at, a->texts[i].n) != 0) {
            return 0;
        }
    }
    return a->n == b->n;
}

/* The node below a segment of that shape, made where there is none; branches with more letters first. */
static node_t *below_shape(node_t *node, const shape_t *shape, apr_pool_t *p)
{
    branch_t *list = (branch_t *)node->branches->elts, made = {*shape, NULL};
    int i, at = 0;

    for (i = 0; i < node->branches->nelts; i++) {
        if (same_shape(&list[i].shape, shape)) {
            return list[i].below;
        }
        at += list[i].shape.letters >= shape->letters;
    }
    made.below = apr_palloc(p, sizeof *made.below);
    make_node(made.below, p);
    apr_array_push(node->branches);
    list = (branch_t *)node->branches->elts;
    memmove(&list[at + 1], &list[at], (apr_size_t)(node->branches->nelts - 1 - at) * sizeof *list);
    list[at] = made;
    return made.below;
}

static node_t *below_text(node_t *node, ag_span_t text, apr_pool_t *p)
{
    node_t *below = apr_hash_get(node->written, text.at, (apr_ssize_t)text.n);

    if (!below) {
        below = apr_palloc(p, sizeof *below);
        make_node(below, p);
        apr_hash_set(node->written, apr_pmemdup(p, text.at, text.n), (apr_ssize_t)text.n, below);
    }
    return below;
}

const char *ag_tree_add(ag_tree_t *tree, void **other, const char ***names, int *n, const char *path, void *leaf)
{
    apr_array_header_t *all = apr_array_make(tree->p, 4, sizeof(const char *));
    node_t *node = &tree->root;
    ag_span_t rest, segment;
    int depth = 0;

    if (*path != '/') {
        return "does not begin with a slash";
    }
    rest = ag_span(path + 1, strlen(path + 1));
    while (ag_span_part(&segment, &rest, '/')) {
        shape_t shape;
        const char *error = read_shape(&shape, all, segment, tree->p);

        if (error || ++depth > AG_TREE_DEPTH) {
            return error ? error : "has more than 64 segments";
        }
        node = shape.n ? below_shape(node, &shape, tree->p) : below_text(node, shape.texts[0], tree->p);
    }
    *names = (const char **)all->elts;
    *n = all->nelts;
    *other = node->leaf;
    node->leaf = node->leaf ? node->leaf : leaf;
    return NULL;
}

/* ---- finding ------------------------------------------------------------------------------------- */

static int begins(ag_span_t text, ag_span_t with)
{
    return text.n >= with.n && memcmp(text.at, with.at, with.n) == 0;
}

/* Where the text stands first from `at` on, or, going backwards, last; before `end`. NULL: nowhere. */
static const char *first(const char *at, const char *end, ag_span_t text)
{
    for (; end - at >= (long)text.n; at++) {
        if (memcmp(at, text.at, text.n) == 0) {
            return at;
        }
    }
    return NULL;
}

static const char *last(const char *at, const char *end, ag_span_t text)
{
    const char *here;

    for (here = end - text.n; here >= at; here--) {
        if (memcmp(here, text.at, text.n) == 0) {
            return here;
        }
    }
    return NULL;
}

/* The last templates' values are as short as they can be; 1: then every text between them stands where split() found
 * it, too, so there is one way alone. */
static int is_only_way(const shape_t *shape, const char *start, const char *end, const ag_span_t *values)
{
    int i;

    for (i = shape->n - 1; i > 0; i--) {
        const char *text = last(start, end - 1, shape->texts[i]);

        if (text != values[i - 1].at + values[i - 1].n) {
            return 0;
        }
        end = text;
    }
    return 1;
}

/* The values of the templates, each at least one byte long and as short as it can be. */
static int split(ag_span_t *values, int *two_ways, const shape_t *shape, ag_span_t segment)
{
    const char *at = segment.at + shape->texts[0].n, *end = segment.at + segment.n, *start = at;
    ag_span_t tail = shape->texts[shape->n];
    int i;

    if (segment.n < shape->letters + (apr_size_t)shape->n || !begins(segment, shape->texts[0])
        || memcmp(end - tail.n, tail.at, tail.n) != 0) {
        return 0;
    }
    end -= tail.n;
    for (i = 1; i < shape->n; i++) {
        const char *text = first(at + 1, end - 1, shape->texts[i]);

        if (!text) {
            return 0;
        }
        values[i - 1] = ag_span(at, (apr_size_t)(text - at));
        at = text + shape->texts[i].n;
    }
    values[shape->n - 1] = ag_span(at, (apr_size_t)(end - at));
    *two_ways |= !is_only_way(shape, start + 1, end, values);
    return 1;
}

/* What one search needs on its way down. */
typedef struct {
    ag_tree_found_t *found;
    const ag_span_t *segments;
    int n;
} search_t;

static int find(search_t *search, const node_t *node, int at);

static int try_branch(search_t *search, const branch_t *branch, int at)
{
    ag_tree_found_t *found = search->found;
    int n = found->n, two_ways = found->two_ways, i;

    if (n + branch->shape.n > AG_TREE_VALUES
        || !split(found->values + n, &found->two_ways, &branch->shape, search->segments[at])) {
        return 0;
    }
    for (i = 0; i < branch->shape.n; i++) {
        found->of[found->n++] = at;
    }
    if (find(search, branch->below, at + 1)) {
        return 1;
    }
    found->n = n;
    found->two_ways = two_ways;
    return 0;
}

/* Not deeper than the deepest path of the document, and at no node twice. */
static int find(search_t *search, const node_t *node, int at)
{
    const branch_t *branches = (const branch_t *)node->branches->elts;
    const node_t *written;
    int i;

    if (at == search->n) {
        search->found->leaf = node->leaf;
        return node->leaf != NULL;
    }
    written = apr_hash_get(node->written, search->segments[at].at, (apr_ssize_t)search->segments[at].n);
    if (written && find(search, written, at + 1)) {
        return 1;
    }
    for (i = 0; i < node->branches->nelts; i++) {
        if (try_branch(search, &branches[i], at)) {
            return 1;
        }
    }
    return 0;
}

int ag_tree_find(ag_tree_found_t *found, const ag_tree_t *tree, const ag_span_t *segments, int n)
{
    search_t search = {found, segments, n};

    found->n = 0;
    found->two_ways = 0;
    return find(&search, &tree->root, 0);
}
