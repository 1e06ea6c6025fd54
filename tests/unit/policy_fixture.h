/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_fixture: what the tests of the tables of directives share: a section or a server made of lines.
 */
#ifndef AG_POLICY_FIXTURE_H
#define AG_POLICY_FIXTURE_H

#include "unit.h"

#include <unistd.h>

#include "../../src/core/open.h"
#include "../../src/guard/policy.h"

typedef struct {
    apr_pool_t *p;
    ag_setting_call_t call;
} conf_t;

static inline ag_expr_t *parse_expr(void *ctx, const char *text, int string, const char **error)
{
    (void)ctx;
    (void)string;
    *error = "wrong";
    return strcmp(text, "wrong") ? (ag_expr_t *)(uintptr_t)text : NULL;
}

static const ag_expr_port_t expressions = {parse_expr, NULL, NULL, NULL};

static inline conf_t conf_of(apr_pool_t *p)
{
    conf_t c = {
        .p = p,
        .call = {.p = p, .expr = &expressions, .root = "/etc/httpd", .server_name = "www", .section = "/api"}};

    c.call.later = apr_array_make(p, 4, sizeof(ag_later_t));
    return c;
}

static inline const char *policy_reads(ag_policy_t *policy, int row, const char *line, conf_t *c)
{
    return ag_setting_read(policy, ag_policy_rows, row, line, &c->call);
}

static inline const char *site_reads(ag_site_t *site, int row, const char *line, conf_t *c)
{
    return ag_setting_read(site, ag_site_rows, row, line, &c->call);
}

/* A section that says these lines of one directive. */
static inline ag_policy_t *section(int row, const char *const *lines, conf_t *c)
{
    ag_policy_t *policy = ag_policy_make(c->p);

    for (; lines && *lines; lines++) {
        const char *error = policy_reads(policy, row, *lines, c);

        if (error) {
            fail_msg("%s", error);
        }
    }
    return policy;
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
