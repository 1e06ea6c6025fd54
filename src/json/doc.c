/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc: see doc.h. One loop, no recursion: a container that is still open holds its parent's node in `next`, so the
 * way back needs no stack. Nodes are written into one block that is as large as the text could need, and cut to its
 * size at the end; memory that is not touched costs nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define DEPTH      128
#define DEPTH_MOST 1000 /* what walks a doc by recursion can rely on it */
#define DIGITS     10000

/* ---- containers --------------------------------------------------------------------------------- */

static int read_name(ag_reader_t *r)
{
    ag_reader_skip(r);
    if (!ag_reader_is(r, '"')) {
        return ag_reader_wrong(r, "a member has no name", r->open);
    }
    if (!ag_reader_string(r)) {
        return 0;
    }
    ag_reader_skip(r);
    if (!ag_reader_is(r, ':')) {
        return ag_reader_wrong(r, "no colon stands behind a member's name", r->n - 1);
    }
    r->at++;
    return 1;
}

static int leave(ag_reader_t *r)
{
    ag_node_t *node = r->nodes + r->open;
    apr_uint32_t twice = 0;

    if (node->kind == AG_JSON_OBJECT && node->n > 1) {
        twice = ag_names_twice(&r->names, &r->doc, r->open);
    }
    if (twice) {
        return twice == AG_NAMES_NO_MEMORY ? ag_reader_wrong(r, "there is no memory for it", 0)
                                           : ag_reader_wrong(r, "a member stands there twice", twice);
    }
    r->at++;
    r->depth--;
    r->open = node->next;
    node->next = r->n;
    return 1;
}

/* Behind a value: 1 when another one follows. */
static int follows(ag_reader_t *r)
{
    while (r->depth) {
        ag_node_t *node = r->nodes + r->open;
        int object = node->kind == AG_JSON_OBJECT;

        ag_reader_skip(r);
        if (ag_reader_is(r, ',')) {
            r->at++;
            node->n++;
            return object ? read_name(r) : 1;
        }
        if (!ag_reader_is(r, object ? '}' : ']')) {
            return ag_reader_wrong(
                r, r->at == r->end ? "it breaks off" : "neither a comma nor an end stands behind a value", r->open);
        }
        if (!leave(r)) {
            return 0;
        }
    }
    return 0;
}

/* Enters an array or object: 1 when a value follows, in it or, where it is empty, behind it. */
static int enter(ag_reader_t *r, ag_json_e kind)
{
    ag_node_t *node = ag_reader_begin(r, kind);

    if (!node) {
        return 0;
    }
    if (r->depth == r->limits.depth) {
        return ag_reader_wrong(r, "it is nested too deeply", r->n - 1);
    }
    node->next = r->open;
    r->open = r->n - 1;
    r->depth++;
    r->at++;
    ag_reader_skip(r);
    if (ag_reader_is(r, kind == AG_JSON_OBJECT ? '}' : ']')) {
        return leave(r) && follows(r);
    }
    node->n = 1;
    return kind == AG_JSON_OBJECT ? read_name(r) : 1;
}

/* Reads a value, or enters it: 1 when another one follows. */
static int read_value(ag_reader_t *r)
{
    ag_reader_skip(r);
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
        return ag_reader_string(r) && follows(r);
    case '{':
        return enter(r, AG_JSON_OBJECT);
    case '[':
        return enter(r, AG_JSON_ARRAY);
    case '-':
    case '0' ... '9':
        return ag_reader_number(r) && follows(r);
    default:
        return ag_reader_word(r) && follows(r);
    }
}

/* ---- all ---------------------------------------------------------------------------------------- */

static int start(ag_reader_t *r, const char *text, apr_size_t n, const ag_doc_limits_t *limits)
{
    apr_size_t room;

    memset(r, 0, sizeof *r);
    if (limits) {
        r->limits = *limits;
    }
    r->limits.depth = r->limits.depth ? r->limits.depth : DEPTH;
    r->limits.depth = r->limits.depth < DEPTH_MOST ? r->limits.depth : DEPTH_MOST;
    r->limits.digits = r->limits.digits ? r->limits.digits : DIGITS;
    r->doc.text = r->at = text;
    r->end = text + n;
    if (n >= APR_UINT32_MAX) {
        return ag_reader_wrong(r, "it is too long", 0);
    }
    /* Each value takes a byte, and a comma or an end, which only containers that break off have not. */
    room = n / 2 + r->limits.depth / 2 + 2;
    r->room = (apr_uint32_t)(r->limits.nodes && r->limits.nodes < room ? r->limits.nodes : room);
    r->nodes = malloc(r->room * sizeof *r->nodes);
    r->doc.nodes = r->nodes;
    return r->nodes != NULL || ag_reader_wrong(r, "there is no memory for it", 0);
}

static void read_text(ag_reader_t *r)
{
    ag_reader_skip(r);
    if (r->at == r->end) {
        ag_reader_wrong(r, "it is empty", 0);
        return;
    }
    if (r->end - r->at >= 3 && memcmp(r->at, "\xEF\xBB\xBF", 3) == 0) {
        ag_reader_wrong(r, "a byte order mark stands before it", 0);
        return;
    }
    while (read_value(r)) {
    }
    ag_reader_skip(r);
    if (!r->what && r->at < r->end) {
        ag_reader_wrong(r, "something stands behind the value", 0);
    }
}

static int refuse(ag_doc_wrong_t *why, ag_reader_t *r, apr_pool_t *p)
{
    why->what = r->what;
    why->at = (apr_size_t)(r->at - r->doc.text);
    for (; r->depth; r->depth--) {
        ag_node_t *node = r->nodes + r->open;

        r->open = node->next;
        node->next = r->n;
    }
    r->doc.n = r->n;
    why->pointer = r->n ? ag_doc_pointer(&r->doc, r->place, p) : "";
    free(r->nodes);
    free(r->decoded);
    return -1;
}

static apr_status_t release(void *block)
{
    free(block);
    return APR_SUCCESS;
}

/* The block, cut to what is used, and freed with the pool. */
static void *keep(void *block, apr_size_t size, apr_pool_t *p)
{
    void *cut = block ? realloc(block, size ? size : 1) : NULL;

    if (block) {
        block = cut ? cut : block;
        apr_pool_cleanup_register(p, block, release, apr_pool_cleanup_null);
    }
    return block;
}

int ag_doc_parse(ag_doc_t *doc, ag_doc_wrong_t *why, const char *text, apr_size_t n, const ag_doc_limits_t *limits,
                 apr_pool_t *p)
{
    ag_reader_t r;

    memset(doc, 0, sizeof *doc);
    if (start(&r, text, n, limits)) {
        read_text(&r);
    }
    ag_names_free(&r.names);
    if (r.what) {
        return refuse(why, &r, p);
    }
    doc->text = text;
    doc->nodes = keep(r.nodes, r.n * sizeof *r.nodes, p);
    doc->decoded = keep(r.decoded, r.n_decoded, p);
    doc->n = r.n;
    return 0;
}
