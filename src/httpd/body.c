/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body: what the guard is told of a request's input.
 */
#include "request.h"

/* What httpd will read: 0 nothing, -1 as much as comes. It has refused lengths that are no number before. */
static apr_int64_t length_of(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") ? -1 : length ? apr_atoi64(length) : 0;
}

void ag_input_call_of(request_rec *r, ag_check_t *check)
{
    ag_input_call_t *call = apr_pcalloc(r->pool, sizeof *call);

    call->request = &check->exchange->request;
    call->p = r->pool;
    call->method = r->method;
    call->path = r->uri;
    call->target = r->parsed_uri.path && strcmp(r->uri, r->parsed_uri.path) == 0 ? r->unparsed_uri : NULL;
    call->args = r->args;
    call->below = r->main != NULL;
    call->length = call->below ? 0 : length_of(r);
    check->input = call;
}

int ag_input_gate(request_rec *r, ag_check_t *check)
{
    ag_tell_defaults(r, check->input);
    return DECLINED;
}
