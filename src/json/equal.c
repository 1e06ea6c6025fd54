/* SPDX-License-Identifier: Apache-2.0 */
/*
 * equal: whether two values are the same by JSON Schema, and a hash that says so. Members may stand in any order: they
 * are looked up by name, in a table where there are many. The recursion is as deep as the docs are, 1,000 at most.
 */
#include <string.h>

#include "names.h"
#include "number.h"

#define FEW 16

/* ---- equal -------------------------------------------------------------------------------------- */

static int numbers_equal(const ag_doc_t *a, const ag_node_t *x, const ag_doc_t *b, const ag_node_t *y)
{
    const char *text = ag_doc_text(a, x), *other = ag_doc_text(b, y);
    ag_number_t m, n;

    if (x->n == y->n && memcmp(text, other, x->n) == 0) {
        return 1;
    }
    return !ag_number_read(&m, text, x->n) && !ag_number_read(&n, other, y->n) && ag_number_compare(&m, &n) == 0;
}

static int arrays_equal(const ag_doc_t *a, apr_uint32_t i, const ag_doc_t *b, apr_uint32_t j)
{
    apr_uint32_t left = a->nodes[i].n;

    for (i++, j++; left; left--) {
        if (!ag_doc_equal(a, i, b, j)) {
            return 0;
        }
        i = a->nodes[i].next;
        j = b->nodes[j].next;
    }
    return 1;
}

/* The members of a from `name` on, each looked up among b's. */
static int members_found(const ag_doc_t *a, apr_uint32_t name, apr_uint32_t left, const ag_doc_t *b, apr_uint32_t j)
{
    int same = 1, table = b->nodes[j].n > FEW;
    ag_names_t names = {0};

    table = table && !ag_names_fill(&names, b, j);
    for (; left && same; left--) {
        const ag_node_t *node = a->nodes + name;
        const char *text = ag_doc_text(a, node);
        apr_uint32_t at = table ? ag_names_find(&names, b, text, node->n) : 0;

        at = table ? at + !!at : ag_doc_member(b, j, text, node->n);
        same = at && ag_doc_equal(a, name + 1, b, at);
        name = a->nodes[name + 1].next;
    }
    ag_names_free(&names);
    return same;
}

/* In the same order, as they mostly are, they need no looking up. */
static int objects_equal(const ag_doc_t *a, apr_uint32_t i, const ag_doc_t *b, apr_uint32_t j)
{
    apr_uint32_t left = a->nodes[i].n, x = i + 1, y = j + 1;

    for (; left; left--) {
        if (!ag_names_same(a, a->nodes + x, ag_doc_text(b, b->nodes + y), b->nodes[y].n)) {
            return members_found(a, x, left, b, j);
        }
        if (!ag_doc_equal(a, x + 1, b, y + 1)) {
            return 0;
        }
        x = a->nodes[x + 1].next;
        y = b->nodes[y + 1].next;
    }
    return 1;
}

int ag_doc_equal(const ag_doc_t *a, apr_uint32_t i, const ag_doc_t *b, apr_uint32_t j)
{
    const ag_node_t *x = a->nodes + i, *y = b->nodes + j;

    if (x->kind == AG_JSON_NUMBER && y->kind == AG_JSON_NUMBER) {
        return numbers_equal(a, x, b, y);
    }
    if (x->kind != y->kind || x->n != y->n) {
        return 0;
    }
    switch (x->kind) {
    case AG_JSON_STRING:
        return memcmp(ag_doc_text(a, x), ag_doc_text(b, y), x->n) == 0;
    case AG_JSON_ARRAY:
        return arrays_equal(a, i, b, j);
    case AG_JSON_OBJECT:
        return objects_equal(a, i, b, j);
    default:
        return 1;
    }
}

/* ---- hash --------------------------------------------------------------------------------------- */

static apr_uint64_t hash_of(const void *data, apr_size_t n)
{
    return ag_sip(ag_names_key(), data, n).lo;
}

/* Both, multiplied under the key; what comes out is shown to nobody, so nobody can look for values that collide. */
static apr_uint64_t hash_two(apr_uint64_t a, apr_uint64_t b)
{
    const ag_sip_key_t *key = ag_names_key();
    unsigned __int128 product = (unsigned __int128)(a ^ key->k0) * (b ^ key->k1);

    return (apr_uint64_t)product ^ (apr_uint64_t)(product >> 64);
}

/* Of the digits without zeros and point, the scale and the sign. */
static apr_uint64_t hash_number(const char *text, apr_size_t n)
{
    char digits[64];
    apr_uint32_t i, n_digits = 0;
    ag_number_t number;
    apr_uint64_t hash;

    if (ag_number_read(&number, text, n)) {
        return hash_of(text, n);
    }
    hash = (apr_uint64_t)number.scale << 1 | (apr_uint64_t)number.negative;
    for (i = number.first; i <= number.last; i++) {
        digits[n_digits] = text[i];
        n_digits += text[i] != '.';
        if (n_digits == sizeof digits || i == number.last) {
            hash = hash_two(hash, hash_of(digits, n_digits));
            n_digits = 0;
        }
    }
    return hash;
}

/* A sum, which knows no order; each member's part is random to who does not know the key. */
static apr_uint64_t hash_members(const ag_doc_t *doc, apr_uint32_t object)
{
    apr_uint32_t left = doc->nodes[object].n, name = object + 1;
    apr_uint64_t sum = 0;

    for (; left; left--) {
        sum += hash_two(hash_of(ag_doc_text(doc, doc->nodes + name), doc->nodes[name].n), ag_doc_hash(doc, name + 1));
        name = doc->nodes[name + 1].next;
    }
    return sum;
}

static apr_uint64_t hash_items(const ag_doc_t *doc, apr_uint32_t array)
{
    apr_uint32_t left = doc->nodes[array].n, at = array + 1;
    apr_uint64_t hash = 0;

    for (; left; left--) {
        hash = hash_two(hash, ag_doc_hash(doc, at));
        at = doc->nodes[at].next;
    }
    return hash;
}

apr_uint64_t ag_doc_hash(const ag_doc_t *doc, apr_uint32_t i)
{
    const ag_node_t *node = doc->nodes + i;

    switch (node->kind) {
    case AG_JSON_NUMBER:
        return hash_two(node->kind, hash_number(ag_doc_text(doc, node), node->n));
    case AG_JSON_STRING:
        return hash_two(node->kind, hash_of(ag_doc_text(doc, node), node->n));
    case AG_JSON_ARRAY:
        return hash_two(node->kind, hash_items(doc, i));
    case AG_JSON_OBJECT:
        return hash_two(node->kind, hash_members(doc, i));
    default:
        return hash_two(node->kind, 0);
    }
}
