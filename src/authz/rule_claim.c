/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Require api-claim NAME:VALUE or NAME~REGEX. Names are those of all directives: as they stand, else a
 * dotted path. One that begins with http:// or https:// may stand without quotes, whose only use is
 * to say where a name with other colons, a `~` or blanks ends:
 *     Require api-claim https://example.com/roles:admin
 */
#include "rules.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/regex.h"

typedef struct {
    const char *name;
    const char *value;
    ag_regex_t *regex; /* instead of value */
} test_t;

/* How long the unquoted name is. A URL's own colons, in front of `//` and of a port, are part of it. */
static apr_size_t name_size(const char *start)
{
    apr_size_t n = strcspn(start, ":~ \t");
    apr_size_t digits;

    if (strncasecmp(start, "http://", 7) != 0 && strncasecmp(start, "https://", 8) != 0) {
        return n;
    }
    n += 3;
    n += strcspn(start + n, ":~ \t");
    digits = start[n] == ':' ? strspn(start + n + 1, "0123456789") : 0;
    if (digits && start[n + 1 + digits] == '/') {
        n += 1 + digits;
        n += strcspn(start + n, ":~ \t");
    }
    return n;
}

/* The claim's name at *at, which is left on the ':' or '~' behind it. */
static const char *read_name(test_t *test, const char **at, apr_pool_t *p)
{
    const char *start = *at;
    apr_size_t n;

    if (*start == '"') {
        start++;
        n = strcspn(start, "\"");
        *at = start + n + (start[n] == '"');
    }
    else {
        n = name_size(start);
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
    char operator= ** at;
    const char *value;

    if (error) {
        return error;
    }
    ++*at;
    value = strchr(" \t", **at) ? "" : ag_text_word(at, &error, p);
    if (error) {
        return error;
    }
    if (operator== '~') {
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

static int fits(const test_t *test, json_t *value, apr_pool_t *p)
{
    const char *text = ag_json_scalar(value, p);

    if (!text) {
        return 0;
    }
    return test->regex ? ag_regex_fits(test->regex, text) : strcmp(test->value, text) == 0;
}

static int holds(const test_t *test, json_t *claims, apr_pool_t *p)
{
    json_t *value = ag_json_claim(claims, test->name);
    json_t *item;
    size_t i;

    json_array_foreach (value, i, item) {
        if (fits(test, item, p)) {
            return 1;
        }
    }
    return value && fits(test, value, p);
}

ag_rule_e ag_rule_test_claim(const ag_rule_t *rule, ag_principal_t *who, const ag_request_t *request)
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
