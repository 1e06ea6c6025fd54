/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: regular expressions of ECMA-262 (with its u flag, as JSON Schema recommends), run by PCRE2 within a bound that
 * grows with the text's length alone.
 */
#ifndef AG_SCHEMA_PATTERN_H
#define AG_SCHEMA_PATTERN_H

#include <apr_pools.h>

typedef struct ag_pattern_t ag_pattern_t;

/* Translates and compiles, at configuration time; the pattern dies with `p`. An error text or NULL: what ECMA-262 does not
 * know is one, even if PCRE2 does, and what PCRE2 cannot do as ECMA-262 means it. */
const char *ag_pattern_compile(ag_pattern_t **pattern, const char *text, apr_size_t n, apr_pool_t *p);

/* A match that is found out step by step costs a second's fraction at most; *cost, unless NULL, gets what it took beyond the
 * usual, in steps of ag_schema_run_t.
 * 1: it matches somewhere in the text, 0: it does not, -1: to find out would take more than its limit, or the text is no
 * UTF-8. Threads may share a pattern. */
int ag_pattern_matches(const ag_pattern_t *pattern, const char *text, apr_size_t n, apr_uint64_t *cost);

#endif
