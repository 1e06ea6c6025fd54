/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource: serves the documents that tell clients of OAuth who gives tokens for a section (RFC 9728). Whoever asks
 * has no token yet, so it is done before any section is looked at, and nothing of the server around has a say.
 */
#include "request.h"

#include "../server/resources.h"

#define AGE "3600" /* seconds that a document may be kept */

/* Pages of any origin may read it: it is public, and no credential is looked at. */
static void say(request_rec *r, const ag_resource_page_t *page)
{
    apr_table_setn(r->headers_out, "Access-Control-Allow-Origin", "*");
    apr_table_setn(r->headers_out, "Cache-Control", "public, max-age=" AGE);
    apr_table_setn(r->headers_out, "ETag", page->etag);
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
}

/* A preflight, too: clients in pages send fields of their own, such as MCP-Protocol-Version. */
static int answer_options(request_rec *r)
{
    r->status = HTTP_NO_CONTENT;
    apr_table_setn(r->headers_out, "Allow", "GET, HEAD, OPTIONS");
    apr_table_setn(r->headers_out, "Access-Control-Allow-Origin", "*");
    apr_table_setn(r->headers_out, "Access-Control-Allow-Methods", "GET, HEAD");
    apr_table_setn(r->headers_out, "Access-Control-Allow-Headers", "*");
    apr_table_setn(r->headers_out, "Access-Control-Max-Age", AGE);
    return OK;
}

static int answer(request_rec *r, const ag_resource_page_t *page)
{
    int status = ap_discard_request_body(r);

    if (status != OK) {
        return status;
    }
    if (r->method_number == M_OPTIONS) {
        return answer_options(r);
    }
    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, M_OPTIONS, -1);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    say(r, page);
    status = ap_meets_conditions(r);
    if (status != OK) {
        return status;
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)page->size);
    ap_rwrite(page->body, (int)page->size, r);
    return OK;
}

int ag_resource_quick(request_rec *r, int lookup)
{
    const ag_resource_page_t *page;

    if (lookup || r->proxyreq || !r->uri) {
        return DECLINED;
    }
    page = ag_resource_page(r->server, r->uri);
    return page ? answer(r, page) : DECLINED;
}
