/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https: the URL to which a client is sent from plain HTTP. Its host is what the client itself said, or the
 * server's name; its path and query stay byte by byte.
 */
#include "reply.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

/* A name, an IPv4 address, or an IPv6 address in brackets (RFC 3986 s3.2.2). With less strict settings httpd takes
 * more for a host, and what follows it would not be read as a path. */
static int is_host(const char *host)
{
    int literal = *host == '[';
    const char *at = host + literal;

    while (apr_isalnum(*at) || (*at && strchr(literal ? ":." : "-._", *at))) {
        at++;
    }
    return literal ? strcmp(at, "]") == 0 && at > host + 1 : !*at && at > host;
}

/* The path and query of a request's target (RFC 9112 s3.2); NULL: it has none. */
static const char *path_of(const char *target)
{
    const char *authority;

    if (*target == '/') {
        return target;
    }
    if (strncasecmp(target, "http://", 7) != 0 && strncasecmp(target, "https://", 8) != 0) {
        return NULL; /* "*", or where CONNECT goes */
    }
    authority = strstr(target, "//") + 2;
    return authority + strcspn(authority, "/?#");
}

const char *ag_reply_https(const char *host, int port, const char *target, apr_pool_t *p)
{
    const char *path = path_of(target);
    const char *at;

    if (!path || !is_host(host)) {
        return NULL;
    }
    for (at = path; *at; at++) {
        if (apr_iscntrl(*at)) {
            return NULL;
        }
    }
    return apr_pstrcat(p, "https://", host, port && port != 443 ? apr_psprintf(p, ":%d", port) : "",
                       *path == '/' ? "" : "/", path, NULL);
}
