/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: which claims are passed on to an application (ApiGuardPassClaim).
 */
#include <apr_lib.h>
#include <apr_strings.h>

#include "setting.h"

/* Would a variable or a field be the same for both? There all signs are one, and capitals are none. */
static int is_same_claim(const char *a, const char *b)
{
    while (*a && *b && (apr_isalnum(*a) ? apr_tolower(*a) == apr_tolower(*b) : !apr_isalnum(*b))) {
        a++;
        b++;
    }
    return !*a && !*b;
}

/* A client that may choose one claim would tell the other one, too. */
static const char *parse_claim_names(void *value, const ag_setting_t *row, const ag_words_t *words,
                                     const ag_setting_call_t *call)
{
    int i, k;

    for (i = 1; i < words->n; i++) {
        for (k = 0; k < i; k++) {
            if (is_same_claim(words->v[k], words->v[i])) {
                return apr_psprintf(call->p, "\"%s\" and \"%s\" would be told under one name", words->v[k],
                                    words->v[i]);
            }
        }
    }
    return ag_kind_words.parse(value, row, words, call);
}

const ag_setting_kind_t ag_kind_claim_names = {parse_claim_names, NULL, NULL};
