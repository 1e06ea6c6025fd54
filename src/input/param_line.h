/* SPDX-License-Identifier: Apache-2.0 */
/*
 * param_line: reads one line of ApiGuardParam that is about one name.
 */
#ifndef AG_INPUT_PARAM_LINE_H
#define AG_INPUT_PARAM_LINE_H

#include "param.h"

/* `words`: the name and what is said of it. `tenant`: it stands in .htaccess. NULL, or an error text without the directive's
 * name; the parameter dies with `p`. */
const char *ag_param_line(ag_param_t *param, const ag_words_t *words, int tenant, apr_pool_t *p);

#endif
