/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell: what a client has not sent and ApiGuardParam has a default for, the application gets as if he had: scripts, proxies
 * and expressions read it where they read all else.
 */
#include "request.h"

/* A proxy's raw target has the arguments, too: "nocanon", [P,NE] and a forward proxy pass them on as a part of it. */
static char *target_with(const char *target, const char *more, apr_pool_t *p)
{
    const char *query = strchr(target, '?');

    return apr_pstrcat(p, target, !query ? "?" : query[1] ? "&" : "", more, NULL);
}

static void tell_target(request_rec *r, const char *more)
{
    if (!r->filename || strncmp(r->filename, "proxy:", 6) != 0) {
        return;
    }
    if (r->proxyreq == PROXYREQ_PROXY) {
        r->uri = target_with(r->uri, more, r->pool);
        r->filename = target_with(r->filename, more, r->pool);
    }
    else if (apr_table_get(r->notes, "proxy-nocanon")) {
        r->filename = target_with(r->filename, more, r->pool);
    }
}

void ag_tell_defaults(request_rec *r, const ag_input_call_t *call)
{
    apr_size_t old = r->args ? strlen(r->args) : 0;
    int i;

    if (call->args != r->args) { /* the old ones, and more behind them */
        r->args = apr_pstrdup(r->pool, call->args);
        r->parsed_uri.query = r->args;
        tell_target(r, r->args + old + (old > 0));
    }
    for (i = 0; call->tell && i < call->tell->nelts; i++) {
        const ag_input_field_t *field = &APR_ARRAY_IDX(call->tell, i, ag_input_field_t);

        apr_table_setn(r->headers_in, field->name, field->value);
    }
}
