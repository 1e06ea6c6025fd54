/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyword_names: their names alone, for whoever needs no more of keywords.def.
 */
#include "keywords.h"

const char *const ag_keyword_names[AG_KEYWORDS] = {
#define AG_KEYWORD(id, name, in, vocabulary, shape, compile) name,
#include "keywords.def"
#undef AG_KEYWORD
};
