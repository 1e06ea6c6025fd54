/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: regular expressions of ECMA-262 (with its u flag, as JSON Schema recommends), run by PCRE2 under a limit.
 */
#ifndef AG_SCHEMA_PATTERN_H
#define AG_SCHEMA_PATTERN_H

#include <apr_pools.h>

typedef struct ag_pattern_t ag_pattern_t;

/* Translates and compiles, at configuration time; the pattern dies with `p`. An error text or NULL. */
const char *ag_pattern_compile(ag_pattern_t **pattern, const char *text, apr_size_t n, apr_pool_t *p);

/* 1: it matches somewhere in the text, 0: it does not, -1: to find out would take more than its limit. */
int ag_pattern_matches(const ag_pattern_t *pattern, const char *text, apr_size_t n);

#endif
