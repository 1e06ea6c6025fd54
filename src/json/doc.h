/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc: a JSON text, read strictly by RFC 8259, as one flat array of nodes. Numbers stay as they were written.
 */
#ifndef AG_JSON_DOC_H
#define AG_JSON_DOC_H

#include <apr_pools.h>

typedef enum {
    AG_JSON_NULL,
    AG_JSON_FALSE,
    AG_JSON_TRUE,
    AG_JSON_NUMBER,
    AG_JSON_STRING,
    AG_JSON_ARRAY,
    AG_JSON_OBJECT
} ag_json_e;

/* A value. What is in it follows it: an array's items one after the other; an object's members, each a name (a
 * node of kind AG_JSON_STRING), then its value. */
typedef struct ag_node_t {
    apr_uint32_t at;   /* where its text begins: ag_doc_text() */
    apr_uint32_t n;    /* a string's decoded or a number's written length in bytes; how many items or members */
    apr_uint32_t next; /* the node behind it and all that is in it */
    unsigned char kind;
    unsigned char decoded; /* the string had escapes: its text stands in doc->decoded */
} ag_node_t;

typedef struct ag_doc_t {
    const char *text;
    const char *decoded;
    const ag_node_t *nodes; /* 0 is the root */
    apr_uint32_t n;
} ag_doc_t;

typedef struct ag_doc_limits_t {
    apr_uint32_t depth;  /* containers in one another; 0: 128; 1,000 at most */
    apr_uint32_t digits; /* of a number as written, its point and exponent included; 0: 10,000 */
    apr_uint32_t nodes;  /* 0: as many as the text can have */
} ag_doc_limits_t;

/* Why a text is refused, and where. */
typedef struct ag_doc_wrong_t {
    const char *what;    /* a sentence for the client, without a value of his: "a member stands there twice" */
    const char *pointer; /* to the innermost value that had begun, RFC 6901 */
    apr_size_t at;       /* byte, from 0 */
} ag_doc_wrong_t;

/* Reads `text`, which must outlive the doc: UTF-8 without a byte order mark, one value, nothing behind it. Names that
 * stand in an object twice, lone surrogates, and what passes a limit are errors. 0, or -1 and *wrong. Memory is at
 * most 13 times the text's length, freed with `p`; time is linear, whatever the names are. */
int ag_doc_parse(ag_doc_t *doc, ag_doc_wrong_t *wrong, const char *text, apr_size_t n, const ag_doc_limits_t *limits,
                 apr_pool_t *p);

/* A string's or number's bytes, `n` of them; no NUL behind them, and a string may hold NULs. */
static inline const char *ag_doc_text(const ag_doc_t *doc, const ag_node_t *node)
{
    return (node->decoded ? doc->decoded : doc->text) + node->at;
}

/* The node of a member's value, or 0: there is none. Looks at each member in turn. */
apr_uint32_t ag_doc_member(const ag_doc_t *doc, apr_uint32_t object, const char *name, apr_size_t n);

/* The string that a member is, copied with a NUL; NULL: there is none, it is no string, or holds a NUL. */
const char *ag_doc_string(const ag_doc_t *doc, apr_uint32_t object, const char *name, apr_pool_t *p);

/* The node at a JSON pointer ("" is the root); 0 and *found = 0 where there is none. */
apr_uint32_t ag_doc_at(const ag_doc_t *doc, const char *pointer, int *found);

/* The JSON pointer to a node, walking from the root: for errors alone. A name longer than 100 bytes is cut with "…". */
const char *ag_doc_pointer(const ag_doc_t *doc, apr_uint32_t node, apr_pool_t *p);

/* 1 when both are the same value by JSON Schema (4.2.2): 1 and 1.0 are, members in any order. */
int ag_doc_equal(const ag_doc_t *a, apr_uint32_t i, const ag_doc_t *b, apr_uint32_t j);

/* The same number for equal values, keyed at random once a process. */
apr_uint64_t ag_doc_hash(const ag_doc_t *doc, apr_uint32_t node);

/* ---- build.c: a doc from parts, for parameters and forms. Names that differ, numbers that ag_number_read() takes
 * and depth are the caller's matter; texts are copied. */

typedef struct ag_builder_t ag_builder_t;

ag_builder_t *ag_build(apr_pool_t *p);
void ag_build_open(ag_builder_t *b, ag_json_e kind); /* array or object */
void ag_build_close(ag_builder_t *b);
/* A string's text, or a number's; other kinds have none. */
void ag_build_value(ag_builder_t *b, ag_json_e kind, const char *text, apr_size_t n);
void ag_build_name(ag_builder_t *b, const char *name, apr_size_t n); /* of the member that comes next */
void ag_build_done(ag_doc_t *doc, ag_builder_t *b);

#endif
