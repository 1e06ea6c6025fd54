/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: a JSON text while it is being read; what the readers of containers (doc.c) and of scalars (scalar.c) share.
 * Every function answers 0 once something is wrong, and has said what.
 */
#ifndef AG_JSON_READER_H
#define AG_JSON_READER_H

#include "names.h"

typedef struct ag_reader_t {
    ag_doc_t doc; /* as far as it was read */
    ag_node_t *nodes;
    apr_uint32_t n, room;
    const char *at, *end;
    apr_uint32_t open, depth; /* the innermost container that has no end yet, if depth > 0 */
    ag_doc_limits_t limits;
    char *decoded;
    apr_uint32_t n_decoded;
    ag_names_t names;
    const char *what; /* is wrong */
    apr_uint32_t place;
} ag_reader_t;

static inline int ag_reader_wrong(ag_reader_t *r, const char *what, apr_uint32_t place)
{
    r->what = what;
    r->place = place;
    return 0;
}

static inline int ag_reader_is(const ag_reader_t *r, char c)
{
    return r->at < r->end && *r->at == c;
}

static inline void ag_reader_skip(ag_reader_t *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

/* The node of what begins here, or NULL. */
static inline ag_node_t *ag_reader_begin(ag_reader_t *r, ag_json_e kind)
{
    ag_node_t *node = r->nodes + r->n;

    if (r->n == r->room) {
        ag_reader_wrong(r, "it has too many values", r->depth ? r->open : 0);
        return NULL;
    }
    node->at = (apr_uint32_t)(r->at - r->doc.text);
    node->n = 0;
    node->next = ++r->n;
    node->kind = (unsigned char)kind;
    node->decoded = 0;
    return node;
}

/* ---- scalar.c: what is not made of other values; r->at is where it begins --------------------- */

int ag_reader_string(ag_reader_t *r);
int ag_reader_number(ag_reader_t *r);
int ag_reader_word(ag_reader_t *r); /* true, false, null; anything else is wrong */

#endif
