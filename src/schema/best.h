/* SPDX-License-Identifier: Apache-2.0 */
/*
 * best: none of several schemas takes a value: which one was meant? Then its findings help more than "fits none".
 */
#ifndef AG_SCHEMA_BEST_H
#define AG_SCHEMA_BEST_H

#include "walk.h"

/* Tells what is wrong with the value; always 0. */
int ag_best(ag_walk_t *w, const char *keyword, const ag_subs_t *subs, apr_uint32_t node);

#endif
