/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookup: places in a doc, by name and by JSON pointer (RFC 6901), and the pointer to a place.
 */
#include <apr_strings.h>

#include "../base/text.h"
#include "names.h"

#define NAME_SHOWN    100
#define POINTER_SHOWN 1000

apr_uint32_t ag_doc_member(const ag_doc_t *doc, apr_uint32_t object, const char *name, apr_size_t n)
{
    apr_uint32_t left, at = object + 1;

    if (doc->nodes[object].kind != AG_JSON_OBJECT) {
        return 0;
    }
    for (left = doc->nodes[object].n; left; left--) {
        if (ag_names_same(doc, doc->nodes + at, name, n)) {
            return at + 1;
        }
        at = doc->nodes[at + 1].next;
    }
    return 0;
}

const char *ag_doc_string(const ag_doc_t *doc, apr_uint32_t object, const char *name, apr_pool_t *p)
{
    apr_uint32_t i = ag_doc_member(doc, object, name, strlen(name));
    const ag_node_t *node = doc->nodes + i;

    if (!i || node->kind != AG_JSON_STRING || memchr(ag_doc_text(doc, node), '\0', node->n)) {
        return NULL;
    }
    return apr_pstrmemdup(p, ag_doc_text(doc, node), node->n);
}

/* ---- from a pointer to a node ------------------------------------------------------------------- */

/* 1 when the name is what the pointer's token says, ~0 and ~1 decoded. */
static int is_token(const char *name, apr_size_t n, const char *token, const char *end)
{
    const char *stop = name + n;

    for (; token < end && name < stop; token++, name++) {
        char c = *token;

        if (c == '~') {
            token++;
            if (token == end || (*token != '0' && *token != '1')) {
                return 0;
            }
            c = *token == '0' ? '~' : '/';
        }
        if (c != *name) {
            return 0;
        }
    }
    return token == end && name == stop;
}

static apr_uint32_t member_of_token(const ag_doc_t *doc, apr_uint32_t object, const char *token, const char *end)
{
    apr_uint32_t left, at = object + 1;

    for (left = doc->nodes[object].n; left; left--) {
        if (is_token(ag_doc_text(doc, doc->nodes + at), doc->nodes[at].n, token, end)) {
            return at + 1;
        }
        at = doc->nodes[at + 1].next;
    }
    return 0;
}

static apr_uint32_t item_of_token(const ag_doc_t *doc, apr_uint32_t array, const char *token, const char *end)
{
    apr_uint32_t at = array + 1;
    apr_uint64_t index = 0;

    if (token == end || end - token > 10 || (*token == '0' && end - token > 1)) {
        return 0;
    }
    for (; token < end; token++) {
        if (!ag_text_digit(*token)) {
            return 0;
        }
        index = index * 10 + (apr_uint64_t)(*token - '0');
    }
    if (index >= doc->nodes[array].n) {
        return 0;
    }
    for (; index; index--) {
        at = doc->nodes[at].next;
    }
    return at;
}

apr_uint32_t ag_doc_at(const ag_doc_t *doc, const char *pointer, int *found)
{
    apr_uint32_t at = 0;

    *found = 0;
    while (*pointer) {
        const char *token = pointer + 1;
        int kind = doc->nodes[at].kind;

        if (*pointer != '/') {
            return 0;
        }
        pointer = token + strcspn(token, "/");
        at = kind == AG_JSON_OBJECT  ? member_of_token(doc, at, token, pointer)
             : kind == AG_JSON_ARRAY ? item_of_token(doc, at, token, pointer)
                                     : 0;
        if (!at) {
            return 0;
        }
    }
    *found = 1;
    return at;
}

/* ---- from a node to a pointer ------------------------------------------------------------------- */

static void write_name(ag_buf_t *b, const char *name, apr_size_t n)
{
    apr_size_t shown = n, i;

    if (n > NAME_SHOWN) {
        for (shown = NAME_SHOWN; (name[shown] & 0xC0) == 0x80; shown--) {
        }
    }
    ag_buf_str(b, "/");
    for (i = 0; i < shown; i++) {
        if (name[i] == '~' || name[i] == '/') {
            ag_buf_str(b, name[i] == '~' ? "~0" : "~1");
        }
        else {
            ag_buf_mem(b, name[i] ? name + i : "?", 1);
        }
    }
    ag_buf_str(b, shown < n ? "…" : "");
}

/* The child of `parent` in which `node` lies, or is; its token is written. A name stands for its member. */
static apr_uint32_t step_down(ag_buf_t *b, const ag_doc_t *doc, apr_uint32_t parent, apr_uint32_t node)
{
    int object = doc->nodes[parent].kind == AG_JSON_OBJECT;
    apr_uint32_t name = 0, child = parent + 1, index = 0;

    for (;;) {
        name = child;
        child = object && name != node ? name + 1 : name;
        if (doc->nodes[child].next > node) {
            break;
        }
        child = doc->nodes[child].next;
        index++;
    }
    if (object) {
        write_name(b, ag_doc_text(doc, doc->nodes + name), doc->nodes[name].n);
    }
    else {
        ag_buf_str(b, "/");
        ag_buf_uint(b, index);
    }
    return child;
}

const char *ag_doc_pointer(const ag_doc_t *doc, apr_uint32_t node, apr_pool_t *p)
{
    char text[POINTER_SHOWN + 1], *whole = text;
    apr_uint32_t at = 0;
    ag_buf_t b;

    ag_buf_init(&b, text, sizeof text);
    while (at != node && !b.full) {
        at = step_down(&b, doc, at, node);
        whole = b.full ? whole : b.at;
    }
    return apr_pstrcat(p, ag_text_plain(apr_pstrmemdup(p, text, (apr_size_t)(whole - text)), p), b.full ? "…" : "",
                       NULL);
}
