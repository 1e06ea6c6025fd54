/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: see doc.h. Nodes and text grow in two blocks of the pool, twice as large each time.
 */
#include <stdlib.h>
#include <string.h>

#include "doc.h"

struct ag_builder_t {
    apr_pool_t *p;
    ag_node_t *nodes;
    apr_uint32_t n, room;
    char *text;
    apr_uint32_t n_text, text_room;
    apr_uint32_t open, depth; /* as in doc.c: an open container's `next` is its parent */
};

/* At least `n` more elements of `size` bytes. Beyond 4 GB it stops the process, as APR does without memory: callers
 * build what they have read within limits of theirs. */
static void *grow(void *block, apr_uint32_t *room, apr_uint32_t used, apr_size_t n, apr_size_t size, apr_pool_t *p)
{
    apr_uint64_t wanted = (apr_uint64_t)used + n;
    void *larger;

    if (wanted <= *room) {
        return block;
    }
    if (wanted > APR_INT32_MAX) {
        abort();
    }
    *room = (apr_uint32_t)(wanted * 2);
    larger = apr_palloc(p, *room * size);
    if (used) {
        memcpy(larger, block, used * size);
    }
    return larger;
}

static ag_node_t *add(ag_builder_t *b, ag_json_e kind)
{
    ag_node_t *node;

    b->nodes = grow(b->nodes, &b->room, b->n, 1, sizeof *b->nodes, b->p);
    node = b->nodes + b->n++;
    memset(node, 0, sizeof *node);
    node->kind = (unsigned char)kind;
    node->next = b->n;
    return node;
}

static void add_text(ag_builder_t *b, ag_json_e kind, const char *text, apr_size_t n)
{
    ag_node_t *node = add(b, kind);

    b->text = grow(b->text, &b->text_room, b->n_text, n, 1, b->p);
    node->at = b->n_text;
    node->n = (apr_uint32_t)n;
    if (n) {
        memcpy(b->text + b->n_text, text, n);
    }
    b->n_text += (apr_uint32_t)n;
}

/* One more item of the array that is open, or the value of a member. */
static void count_item(ag_builder_t *b)
{
    if (b->depth) {
        b->nodes[b->open].n++;
    }
}

ag_builder_t *ag_build(apr_pool_t *p)
{
    ag_builder_t *b = apr_pcalloc(p, sizeof *b);

    b->p = p;
    b->text = apr_pcalloc(p, 1);
    return b;
}

void ag_build_open(ag_builder_t *b, ag_json_e kind)
{
    count_item(b);
    add(b, kind)->next = b->open;
    b->open = b->n - 1;
    b->depth++;
}

void ag_build_close(ag_builder_t *b)
{
    ag_node_t *node = b->nodes + b->open;

    b->open = node->next;
    node->next = b->n;
    b->depth--;
}

void ag_build_value(ag_builder_t *b, ag_json_e kind, const char *text, apr_size_t n)
{
    count_item(b);
    if (kind == AG_JSON_STRING || kind == AG_JSON_NUMBER) {
        add_text(b, kind, text, n);
    }
    else {
        add(b, kind);
    }
}

void ag_build_name(ag_builder_t *b, const char *name, apr_size_t n)
{
    add_text(b, AG_JSON_STRING, name, n);
}

void ag_build_done(ag_doc_t *doc, ag_builder_t *b)
{
    memset(doc, 0, sizeof *doc);
    doc->text = b->text;
    doc->decoded = b->text;
    doc->nodes = b->nodes;
    doc->n = b->n;
}
