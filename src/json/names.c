/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: see names.h. Up to FEW are compared with each other, behind a filter of 64 bits; more go into a table that is
 * at most half full.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define FEW 16

static ag_sip_key_t sip_key;

static void make_key(void)
{
    if (ag_random(&sip_key, sizeof sip_key)) {
        abort(); /* no process goes on with a key that can be known */
    }
}

const ag_sip_key_t *ag_names_key(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_key);
    return &sip_key;
}

/* ---- few ---------------------------------------------------------------------------------------- */

static int among(const ag_doc_t *doc, const apr_uint32_t *before, apr_uint32_t n, const ag_node_t *node)
{
    const char *text = ag_doc_text(doc, node);
    apr_uint32_t i;

    for (i = 0; i < n; i++) {
        if (ag_names_same(doc, doc->nodes + before[i], text, node->n)) {
            return 1;
        }
    }
    return 0;
}

static apr_uint64_t bit_of(const ag_doc_t *doc, const ag_node_t *node)
{
    const unsigned char *text = (const unsigned char *)ag_doc_text(doc, node);

    return APR_UINT64_C(1) << ((node->n ? text[0] + text[node->n - 1] * 5 + node->n * 11 : 0) & 63);
}

static apr_uint32_t twice_of_few(const ag_doc_t *doc, apr_uint32_t object)
{
    apr_uint32_t before[FEW], i, name = object + 1;
    apr_uint64_t seen = 0;

    for (i = 0; i < doc->nodes[object].n; i++) {
        apr_uint64_t bit = bit_of(doc, doc->nodes + name);

        if ((seen & bit) && among(doc, before, i, doc->nodes + name)) {
            return name;
        }
        seen |= bit;
        before[i] = name;
        name = doc->nodes[name + 1].next;
    }
    return 0;
}

/* ---- many --------------------------------------------------------------------------------------- */

static apr_uint32_t *slot_of(const ag_names_t *names, const ag_doc_t *doc, const char *name, apr_size_t n)
{
    apr_uint64_t at = ag_sip(ag_names_key(), name, n).lo;

    for (;; at++) {
        apr_uint32_t *slot = names->slots + (at & names->mask);

        if (!*slot || ag_names_same(doc, doc->nodes + *slot, name, n)) {
            return slot;
        }
    }
}

static int make_room(ag_names_t *names, apr_uint32_t n)
{
    apr_uint32_t size = 4;

    while (size / 2 < n) { /* n members take 5 bytes each, of 4 GB at most: size stays below 2^31 */
        size *= 2;
    }
    if (size > names->room) {
        free(names->slots);
        names->slots = malloc(size * sizeof *names->slots);
        names->room = names->slots ? size : 0;
    }
    names->mask = size - 1;
    if (names->slots) {
        memset(names->slots, 0, size * sizeof *names->slots);
    }
    return names->slots != NULL;
}

apr_uint32_t ag_names_fill(ag_names_t *names, const ag_doc_t *doc, apr_uint32_t object)
{
    apr_uint32_t i, name = object + 1;

    if (!make_room(names, doc->nodes[object].n)) {
        return AG_NAMES_NO_MEMORY;
    }
    for (i = 0; i < doc->nodes[object].n; i++) {
        apr_uint32_t *slot = slot_of(names, doc, ag_doc_text(doc, doc->nodes + name), doc->nodes[name].n);

        if (*slot) {
            return name;
        }
        *slot = name;
        name = doc->nodes[name + 1].next;
    }
    return 0;
}

apr_uint32_t ag_names_find(const ag_names_t *names, const ag_doc_t *doc, const char *name, apr_size_t n)
{
    return *slot_of(names, doc, name, n);
}

apr_uint32_t ag_names_twice(ag_names_t *names, const ag_doc_t *doc, apr_uint32_t object)
{
    return doc->nodes[object].n <= FEW ? twice_of_few(doc, object) : ag_names_fill(names, doc, object);
}

void ag_names_free(ag_names_t *names)
{
    free(names->slots);
    memset(names, 0, sizeof *names);
}
