/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: a set of names that are declared, made with the configuration, and which of them an argument of a request is.
 * What some backend may take for one of them though it is written otherwise is told apart: it must not pass, since the
 * value would be read by that backend and by nobody here.
 */
#ifndef AG_INPUT_NAMES_H
#define AG_INPUT_NAMES_H

#include "pairs.h"

typedef struct ag_input_names_t ag_input_names_t;

/* The set of all names, each with its number from 0; they are kept, not copied. A name is UTF-8 as it is when decoded:
 * "page[size]". One that stands there twice has the first number. */
const ag_input_names_t *ag_input_names_make(const char *const *names, int n, apr_pool_t *p);

/* An empty set with room for so many, and one more name in it: its number. */
ag_input_names_t *ag_input_names_room(int most, apr_pool_t *p);
int ag_input_names_add(ag_input_names_t *names, const char *name, apr_pool_t *p);

/* What a pair's name is. */
typedef enum {
    AG_NAME_OTHER,  /* none of them */
    AG_NAME_KNOWN,  /* that one, to the letter once it is decoded */
    AG_NAME_SPELLED /* what a backend may take for that one: `id[]`, `ID`, `id.x`, ` id`, `id%00`, or one behind a ";"
                     * (`x=1;id=2`). Of `page[size]` and `page.size` also `page` and `page[]`, which a backend puts in the
                     * place of all that is in it */
} ag_name_e;

/* Which of the names (*which) the pair of a query or an urlencoded body has. Allocates nothing. Time is linear in the pair's
 * length, and grows with the logarithm of how many names there are. */
ag_name_e ag_input_name(int *which, const ag_input_names_t *names, const ag_pair_t *pair);

/* The number of the name that is these bytes, decoded; -1: there is none. */
int ag_input_name_exact(const ag_input_names_t *names, ag_span_t name);

#endif
