/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https: where a client that asked over plain HTTP gets the same over TLS. That is told of the client's own
 * request, whatever became of it inside the server.
 */
#include "hide.h"

const char *ag_https_location(request_rec *r, const ag_tls_t *tls)
{
    const ag_unmasked_t *sent;
    int error = ag_follows_error(r);

    while (r->main || r->prev) {
        r = r->main ? r->main : r->prev;
    }
    if (r->proxyreq == PROXYREQ_PROXY || error) {
        return NULL; /* TLS to the client of a proxy is no matter of the URL; a page of errors was not asked for */
    }
    sent = ag_unmasked_found(r); /* an empty argument that could hold a key is masked for the log */
    return ag_reply_https(ap_get_server_name_for_url(r), tls->port,
                          sent && sent->target ? sent->target : r->unparsed_uri, r->pool);
}
