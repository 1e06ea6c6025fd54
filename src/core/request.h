/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: all the core knows of a request. src/httpd fills it once; it stays as it was when the
 * request came in, whatever a rewrite or a redirect does later.
 */
#ifndef AG_REQUEST_H
#define AG_REQUEST_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../base/log.h"
#include "../ipset/ipset.h"

typedef struct ag_request_t ag_request_t;

/* Takes one request field. */
typedef void (*ag_spelling_fn)(void *ctx, const char *name, const char *value);

struct ag_request_t {
    apr_pool_t *pool;
    const char *method;
    const char *path; /* decoded, without dot segments or doubled slashes */
    const char *args; /* the query string, or NULL */
    ag_ip_t ip;       /* the client's, after mod_remoteip */
    apr_time_t now;   /* when it came in; microseconds since 1970 */
    const ag_log_t *log;

    /* A request field's value as first received, or NULL. A repeated field is joined by ", ". */
    const char *(*header)(const ag_request_t *request, const char *name);

    /* Gives each() every field that a backend may take for the one of that name
     * (ag_text_same_field()), as first received. */
    void (*spellings)(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx);

    /* Where a scheme's credential stands: Proxy-Authorization for a forward proxy (RFC 9110 s11.7.2),
     * else Authorization. */
    const char *authorization;

    /* 1 when it came over TLS. Where `proto` is not NULL, a proxy in front of this server ends TLS: then it is 1 only
     * when one that is trusted brought the request, and says https in the field of that name. */
    int (*secure)(const ag_request_t *request, const char *proto);

    /* What httpd's TLS knows of the client's connection by a name such as SSL_CLIENT_CERT; NULL: the request did not
     * come over TLS to this server, or there is no such thing. */
    const char *(*tls)(const ag_request_t *request, const char *name);
    void *ctx; /* src/httpd's own */
};

#endif
