/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format: the formats of JSON Schema 2020-12 s7.3 and draft-07 s7.3, and those of OpenAPI's registry that say something
 * about a value, one row each in formats.def. Each reads its text once from left to right.
 */
#ifndef AG_SCHEMA_FORMAT_H
#define AG_SCHEMA_FORMAT_H

#include <apr.h>

#include "../json/number.h"

/* One of the two functions is there: a format says nothing about values of the other type. */
typedef struct ag_format_t {
    const char *name;
    const char *detail;                          /* "is no date (YYYY-MM-DD, RFC 3339)" */
    int (*fits)(const char *text, apr_size_t n); /* a string, UTF-8 without a NUL behind it. 1: it is one */
    int (*holds)(const ag_number_t *number);     /* a number: int32, double */
} ag_format_t;

/* By its name, or NULL: unknown formats annotate only. */
const ag_format_t *ag_format(const char *name, apr_size_t n);

/* The rows in turn, from 0; NULL behind the last. */
const ag_format_t *ag_format_row(int i);

#endif
