/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_fixture: what the tests of a limit's line share: expressions as simple as can be, and a line that is read.
 */
#ifndef AG_PARSE_FIXTURE_H
#define AG_PARSE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/limit/limit.h"

static apr_pool_t *pool;

static inline ag_expr_t *expr_parse(void *ctx, const char *text, int string, const char **error)
{
    (void)ctx;
    (void)string;
    if (strcmp(text, "bad") == 0) {
        *error = "syntax error";
        return NULL;
    }
    return (ag_expr_t *)apr_pstrdup(pool, text);
}

static inline const char *expr_text(const ag_expr_t *expr, const ag_request_t *request)
{
    (void)request;
    return strcmp((const char *)expr, "fails") == 0 ? NULL : (const char *)expr;
}

static const ag_expr_port_t port = {expr_parse, NULL, expr_text, NULL};

static inline const char *parse(ag_limit_t *limit, const char *line)
{
    ag_words_t words;

    assert_null(ag_text_words(&words, line, pool));
    return ag_limit_parse(limit, &words, &port, pool);
}

static inline ag_limit_t good(const char *line)
{
    ag_limit_t limit;
    const char *error = parse(&limit, line);

    if (error) {
        fail_msg("%s: %s", line, error);
    }
    return limit;
}

static inline const char *header(const ag_request_t *request, const char *name)
{
    (void)request;
    return strcmp(name, "x-tenant") == 0 ? "blue" : strcmp(name, "x-empty") == 0 ? "" : NULL;
}

#endif
