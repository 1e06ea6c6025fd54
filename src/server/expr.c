/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr: httpd's expressions behind the core's port. Compiled with the configuration; in .htaccess
 * without the functions that read files (AP_EXPR_FLAG_RESTRICTED).
 */
#include "server.h"

#include <ap_expr.h>

static ag_expr_t *parse(void *ctx, const char *text, int string, const char **error)
{
    cmd_parms *cmd = ctx;
    unsigned int flags = AP_EXPR_FLAG_DONT_VARY | (string ? AP_EXPR_FLAG_STRING_RESULT : 0);

    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        flags |= AP_EXPR_FLAG_RESTRICTED;
    }
    return (ag_expr_t *)ap_expr_parse_cmd(cmd, text, flags, error, NULL);
}

static void complain(request_rec *r, const char *error)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AG0101: an expression failed: %s", error);
}

static int test(const ag_expr_t *expr, const ag_request_t *request)
{
    const char *error = NULL;
    int result = ap_expr_exec(request->ctx, (const ap_expr_info_t *)expr, &error);

    if (error) {
        complain(request->ctx, error);
        return -1;
    }
    return result > 0;
}

static const char *text(const ag_expr_t *expr, const ag_request_t *request)
{
    const char *error = NULL;
    const char *result = ap_expr_str_exec(request->ctx, (const ap_expr_info_t *)expr, &error);

    if (error) {
        complain(request->ctx, error);
        return NULL;
    }
    return result;
}

const ag_expr_port_t ag_httpd_expr = {parse, test, text, NULL};

ag_expr_port_t *ag_expr_port_for(cmd_parms *cmd)
{
    ag_expr_port_t *port = apr_pmemdup(cmd->pool, &ag_httpd_expr, sizeof *port);

    port->ctx = cmd;
    return port;
}
