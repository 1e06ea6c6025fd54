/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: the core's messages in httpd's error log, each with its request or server.
 */
#include "glue.h"

static void write_request(const ag_log_t *log, ag_log_level_e level, apr_status_t rv,
                          const char *text)
{
    ap_log_rerror(APLOG_MARK, (int)level, rv, (request_rec *)log->ctx, "%s", text);
}

static void write_server(const ag_log_t *log, ag_log_level_e level, apr_status_t rv,
                         const char *text)
{
    ap_log_error(APLOG_MARK, (int)level, rv, (server_rec *)log->ctx, "%s", text);
}

static ag_log_t *make(void *ctx, int level, apr_pool_t *p,
                      void (*write)(const ag_log_t *, ag_log_level_e, apr_status_t, const char *))
{
    ag_log_t *log = apr_palloc(p, sizeof *log);

    log->write = write;
    log->ctx = ctx;
    log->level = level > APLOG_DEBUG ? AG_LOG_DEBUG : (ag_log_level_e)level;
    return log;
}

const ag_log_t *ag_request_log(request_rec *r)
{
    return make(r, ap_get_request_module_loglevel(r, APLOG_MODULE_INDEX), r->pool, write_request);
}

const ag_log_t *ag_server_log(server_rec *s, apr_pool_t *p)
{
    return make(s, ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX), p, write_server);
}
