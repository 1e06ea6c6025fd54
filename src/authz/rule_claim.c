/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Require api-claim NAME:VALUE or NAME~REGEX. An unquoted NAME is a dotted path into the claims; a
 * quoted one is a single name as it stands, as namespaced claims are:
 *     Require api-claim "https://example.com/roles":admin
 */
#include "rules.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/regex.h"

typedef struct {
    const char *name;
    int literal; /* one name, not a path */
    const char *value;
    ag_regex_t *regex; /* instead of value */
} test_t;

/* The claim's name at *at, which is left on the ':' or '~' behind it. */
static const char *read_name(test_t *test, const char **at, apr_pool_t *p)
{
    const char *start = *at;
    apr_size_t n;

    if (*start == '"') {
        start++;
        n = strcspn(start, "\"");
        *at = start + n + (start[n] == '"');
        test->literal = 1;
    }
    else {
        n = strcspn(start, ":~ \t");
        *at = start + n;
    }
    test->name = apr_pstrmemdup(p, start, n);
    return n && (**at == ':' || **at == '~')
               ? NULL
               : apr_psprintf(p, "\"%s\" is not allowed: NAME:VALUE or NAME~REGEX", test->name);
}

static const char *read_test(test_t *test, const char **at, apr_pool_t *p)
{
    const char *error = read_name(test, at, p);
    char operator = **at;
    const char *value;

    if (error) {
        return error;
    }
    ++*at;
    value = strchr(" \t", **at) ? "" : ag_text_word(at, &error, p);
    if (error) {
        return error;
    }
    if (operator == '~') {
        return ag_regex_compile(&test->regex, value, p);
    }
    test->value = value;
    return NULL;
}

const char *ag_rule_parse_claim(ag_rule_t *rule, const char *line, const ag_setting_call_t *call)
{
    apr_array_header_t *tests = apr_array_make(call->p, 2, sizeof(test_t));
    const char *error = NULL;

    for (line += strspn(line, " \t"); !error && *line; line += strspn(line, " \t")) {
        test_t *test = apr_array_push(tests);

        memset(test, 0, sizeof *test);
        error = read_test(test, &line, call->p);
    }
    rule->parsed = tests;
    return error;
}

/* Numbers and booleans compare as JSON writes them. */
static const char *scalar_text(json_t *value, apr_pool_t *p)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    if (json_is_integer(value)) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    return NULL;
}

static int fits(const test_t *test, json_t *value, apr_pool_t *p)
{
    const char *text = scalar_text(value, p);

    if (!text) {
        return 0;
    }
    return test->regex ? ag_regex_fits(test->regex, text) : strcmp(test->value, text) == 0;
}

static int holds(const test_t *test, json_t *claims, apr_pool_t *p)
{
    json_t *value = test->literal ? json_object_get(claims, test->name)
                                  : ag_json_path(claims, test->name);
    json_t *item;
    size_t i;

    json_array_foreach(value, i, item) {
        if (fits(test, item, p)) {
            return 1;
        }
    }
    return value && fits(test, value, p);
}

ag_rule_e ag_rule_test_claim(const ag_rule_t *rule, ag_principal_t *who,
                             const ag_request_t *request)
{
    const apr_array_header_t *tests = rule->parsed;
    json_t *claims = ag_claims(who, request->pool);
    int i;

    for (i = 0; claims && i < tests->nelts; i++) {
        if (holds(&APR_ARRAY_IDX(tests, i, test_t), claims, request->pool)) {
            return AG_RULE_YES;
        }
    }
    return AG_RULE_NO;
}
