/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secure: whether a client's request came over TLS. It asks the connection, never the configuration: with
 * `ServerName https://...` ap_http_scheme() says https of every request. Where a proxy ends TLS in front of us,
 * its word counts if mod_remoteip trusts that proxy.
 */
#include "request.h"

#include <http_ssl.h>

#include "../cred/tls.h"

static module *remoteip;    /* mod_remoteip, or NULL */
static int internal_wanted; /* it has internal proxies */

int ag_secure_look(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    (void)s;
    remoteip = ap_find_linked_module("mod_remoteip.c");
    internal_wanted = ag_written("RemoteIPInternalProxy", NULL) || ag_written("RemoteIPInternalProxyList", NULL);
    return OK;
}

/* Did a proxy that mod_remoteip trusts bring the request, and name the client? Of trusted proxies it leaves a
 * note; of internal ones it leaves none, and there the client's address is not the connection's. Both are so of
 * no request without the field of RemoteIPHeader. The header of the PROXY protocol tells an address, too, but
 * from a proxy that passes on what stands in the request as the client sent it. */
static int by_trusted_proxy(const request_rec *top)
{
    const conn_rec *c = top->connection;

    if (!remoteip || ap_get_module_config(c->conn_config, remoteip)) {
        return 0;
    }
    return apr_table_get(top->notes, "remoteip-proxy-ip-list")
           || (internal_wanted && top->useragent_addr != c->client_addr);
}

/* Up to httpd 2.4.63, `SSLEngine optional` makes TLS of a connection because of a request that came in clear
 * (RFC 2817), and goes on with that request. */
static int came_before_tls(const request_rec *top)
{
    const char *upgrade = apr_table_get(top->headers_in, "Upgrade");

    return upgrade && ap_strcasestr(upgrade, "TLS/");
}

static int is_secure(request_rec *top, const char *proto)
{
    if (proto) {
        return by_trusted_proxy(top) && ag_tls_all_https(apr_table_get(top->headers_in, proto));
    }
    return ap_ssl_conn_is_ssl(top->connection) && !came_before_tls(top);
}

int ag_secure(const ag_request_t *request, const char *proto)
{
    return is_secure(request->ctx, proto);
}

const char *ag_tls(const ag_request_t *request, const char *name)
{
    request_rec *top = request->ctx;
    const char *value =
        is_secure(top, NULL) ? ap_ssl_var_lookup(request->pool, top->server, top->connection, top, name) : NULL;

    return value && *value ? value : NULL;
}

int ag_is_secure(request_rec *r)
{
    const char *proto = ag_policy_of(r)->tls.proto;

    while (r->main || r->prev) {
        r = r->main ? r->main : r->prev; /* what the client asked */
    }
    return is_secure(r, proto);
}
