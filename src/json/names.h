/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: the names of one object's members, to be found in constant time. They are hashed under a key that is random in
 * each process, so nobody can choose names that take long.
 */
#ifndef AG_JSON_NAMES_H
#define AG_JSON_NAMES_H

#include "../base/digest.h"
#include "doc.h"

/* Its memory is kept from one object to the next. */
typedef struct ag_names_t {
    apr_uint32_t *slots; /* a name's node, or 0 */
    apr_uint32_t room;   /* how many there is memory for */
    apr_uint32_t mask;
} ag_names_t;

#define AG_NAMES_NO_MEMORY APR_UINT32_MAX

/* The node of the first name that stands there twice, or 0; `object` needs no `next` yet. */
apr_uint32_t ag_names_twice(ag_names_t *names, const ag_doc_t *doc, apr_uint32_t object);

/* Takes all names of an object; the same answer. */
apr_uint32_t ag_names_fill(ag_names_t *names, const ag_doc_t *doc, apr_uint32_t object);

/* The node of the name, or 0. */
apr_uint32_t ag_names_find(const ag_names_t *names, const ag_doc_t *doc, const char *name, apr_size_t n);

void ag_names_free(ag_names_t *names);

/* The process's key. */
const ag_sip_key_t *ag_names_key(void);

static inline int ag_names_same(const ag_doc_t *doc, const ag_node_t *node, const char *name, apr_size_t n)
{
    return node->n == n && memcmp(ag_doc_text(doc, node), name, n) == 0;
}

#endif
