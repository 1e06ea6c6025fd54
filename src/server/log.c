/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: the core's messages in httpd's error log, each with its request or server.
 */
#include "server.h"

static void write_request(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    ap_log_rerror(APLOG_MARK, (int)level, rv, (request_rec *)log->ctx, "%s", text);
}

static void write_server(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    ap_log_error(APLOG_MARK, (int)level, rv, (server_rec *)log->ctx, "%s", text);
}

static int capped(int level)
{
    return level > APLOG_DEBUG ? AG_LOG_DEBUG : level;
}

void ag_request_log(ag_log_t *log, request_rec *r)
{
    log->write = write_request;
    log->ctx = r;
    log->level = (ag_log_level_e)capped(ap_get_request_module_loglevel(r, APLOG_MODULE_INDEX));
}

const ag_log_t *ag_server_log(server_rec *s, apr_pool_t *p)
{
    ag_log_t *log = apr_palloc(p, sizeof *log);

    log->write = write_server;
    log->ctx = s;
    log->level = (ag_log_level_e)capped(ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX));
    return log;
}
