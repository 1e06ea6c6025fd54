/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting_forms: the forms of rate limit fields that a line names. draft-10 is what draft-11 was called before: their
 * syntax is the same.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

static const char *parse_rate_headers(void *value, const ag_setting_t *row, const ag_words_t *words,
                                      const ag_setting_call_t *call)
{
    ag_words_t named = {words->n, apr_pmemdup(call->p, words->v, (apr_size_t)words->n * sizeof *words->v)};
    int i;

    for (i = 0; i < named.n; i++) {
        named.v[i] = strcasecmp(named.v[i], "draft-10") == 0 ? "draft-11" : named.v[i];
    }
    return ag_kind_flags.parse(value, row, &named, call);
}

const ag_setting_kind_t ag_kind_rate_headers = {parse_rate_headers, NULL, NULL};
