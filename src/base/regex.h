/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: PCRE2 patterns that must fit the whole text, with a bound on the work a match may cost.
 */
#ifndef AG_REGEX_H
#define AG_REGEX_H

#include <apr_pools.h>

typedef struct ag_regex_t ag_regex_t;

/* Compiles once, at configuration time; the pattern dies with `p`. An error text or NULL. */
const char *ag_regex_compile(ag_regex_t **regex, const char *pattern, apr_pool_t *p);

/* 1 when all of `text` fits. A match that costs too much is no match. */
int ag_regex_fits(const ag_regex_t *regex, const char *text);

#endif
