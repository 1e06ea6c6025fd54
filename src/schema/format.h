/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format: the formats of JSON Schema 2020-12 s7.3 and draft-07 s7.3, one row each in formats.def.
 */
#ifndef AG_SCHEMA_FORMAT_H
#define AG_SCHEMA_FORMAT_H

#include <apr.h>

typedef struct ag_format_t {
    const char *name;
    const char *detail;                          /* "is no date (YYYY-MM-DD, RFC 3339)" */
    int (*fits)(const char *text, apr_size_t n); /* UTF-8; 1: it is one. Allocates nothing */
} ag_format_t;

/* By its name, or NULL: unknown formats annotate only. */
const ag_format_t *ag_format(const char *name, apr_size_t n);

#endif
