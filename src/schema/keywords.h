/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keywords: the table of keywords.def: where each one is known, where schemas stand in its value, who compiles it.
 */
#ifndef AG_SCHEMA_KEYWORDS_H
#define AG_SCHEMA_KEYWORDS_H

#include "compiled.h"

typedef struct ag_compile_t ag_compile_t;

/* Dialects, as bits 1 << ag_dialect_e. */
#define AG_IN_2020 (1u << AG_DIALECT_2020_12 | 1u << AG_DIALECT_OPENAPI_31)
#define AG_IN_07   (1u << AG_DIALECT_07)
#define AG_IN_30   (1u << AG_DIALECT_OPENAPI_30)
#define AG_IN_OAS  (1u << AG_DIALECT_OPENAPI_30 | 1u << AG_DIALECT_OPENAPI_31)
#define AG_IN_JSON (AG_IN_2020 | AG_IN_07)
#define AG_IN_ALL  (AG_IN_JSON | AG_IN_30)

/* Vocabularies of 2020-12, as bits: a metaschema's $vocabulary says which ones count. */
typedef enum {
    AG_VOCAB_CORE = 1,
    AG_VOCAB_APPLICATOR = 2,
    AG_VOCAB_UNEVALUATED = 4,
    AG_VOCAB_VALIDATION = 8,
    AG_VOCAB_META_DATA = 16,
    AG_VOCAB_FORMAT = 32,
    AG_VOCAB_FORMAT_ASSERTS = 64,
    AG_VOCAB_CONTENT = 128
} ag_vocabulary_e;

/* Which values that a keyword has are schemas: it is one, holds a list of them, or an object with one in each
 * member; of a member that is something else, nothing is said. */
typedef enum { AG_SHAPE_NONE, AG_SHAPE_SCHEMA, AG_SHAPE_LIST, AG_SHAPE_EITHER, AG_SHAPE_MAP } ag_shape_e;

typedef enum {
#define AG_KEYWORD(id, name, in, vocabulary, shape, compile) AG_KW_##id,
#include "keywords.def"
#undef AG_KEYWORD
    AG_KEYWORDS
} ag_keyword_e;

typedef struct ag_keyword_t {
    const char *name;
    apr_uint32_t n;
    unsigned in;         /* dialects */
    unsigned vocabulary; /* in one of these */
    ag_shape_e shape;
    /* Adds checks to the schema in hand; an error text or NULL. */
    const char *(*compile)(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value);
} ag_keyword_t;

extern const char *const ag_keyword_names[AG_KEYWORDS]; /* in keyword_names.c */
extern const ag_keyword_t ag_keywords[AG_KEYWORDS];

/* The keyword of that name in a resource's dialect and vocabularies, or -1. */
int ag_keyword_find(const ag_resource_t *resource, const char *name, apr_uint32_t n);

#define AG_KEYWORD(id, name, in, vocabulary, shape, compile)                                                         \
    const char *compile(ag_compile_t *c, ag_keyword_e keyword, apr_uint32_t value);
#include "keywords.def"
#undef AG_KEYWORD

#endif
