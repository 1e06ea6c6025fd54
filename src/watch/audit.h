/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: one JSON line for a request that was refused, or for an address that is banned. It holds who, what, from where and why, and
 * never a credential: of a key its public prefix, of a path no query string.
 */
#ifndef AG_AUDIT_H
#define AG_AUDIT_H

#include "../core/request.h"
#include "../core/verdict.h"

/* The line, without a newline. `detail` may be NULL. `more`: so many like it since the last line. */
const char *ag_audit_line(const ag_verdict_t *verdict, const ag_request_t *request, int status, const char *detail,
                          const char *request_id, apr_uint32_t more, apr_pool_t *p);

/* A ban that begins, in words and seconds. */
typedef struct ag_ban_event_t {
    const char *ip; /* as it is counted: "2001:db8::/64" */
    int net;        /* a network, since so many of its addresses are banned */
    const char *server;
    apr_uint64_t n; /* so many wrong credentials, or addresses of a network */
    apr_uint32_t period;
    apr_int64_t duration;
    apr_int64_t until; /* since 1970 */
    int hard;
    int dry_run;
} ag_ban_event_t;

const char *ag_audit_ban(const ag_ban_event_t *event, apr_pool_t *p);

#endif
