/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: see regex.h.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "regex.h"

#include <apr_strings.h>
#include <pcre2.h>

#define MATCH_LIMIT 100000 /* about a millisecond */

struct ag_regex_t {
    pcre2_code *code;
    pcre2_match_context *bounds;
};

static apr_status_t release(void *data)
{
    ag_regex_t *regex = data;

    pcre2_match_context_free(regex->bounds);
    pcre2_code_free(regex->code);
    return APR_SUCCESS;
}

const char *ag_regex_compile(ag_regex_t **out, const char *pattern, apr_pool_t *p)
{
    ag_regex_t *regex = apr_pcalloc(p, sizeof *regex);
    PCRE2_SIZE at = 0;
    int error = 0;

    regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &error, &at, NULL);
    if (!regex->code) {
        PCRE2_UCHAR text[128];

        pcre2_get_error_message(error, text, sizeof text);
        return apr_psprintf(p, "\"%s\" is not a regular expression: %s at character %d", pattern, (char *)text,
                            (int)at);
    }
    regex->bounds = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(regex->bounds, MATCH_LIMIT);
    apr_pool_cleanup_register(p, regex, release, apr_pool_cleanup_null);
    *out = regex;
    return NULL;
}

int ag_regex_fits(const ag_regex_t *regex, const char *text)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    int rc = pcre2_match(regex->code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, match, regex->bounds);

    pcre2_match_data_free(match);
    return rc >= 0;
}
