/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: one JSON line for a request that was refused. It holds who, what, from where and why, and
 * never a credential: of a key its public prefix, of a path no query string.
 */
#ifndef AG_AUDIT_H
#define AG_AUDIT_H

#include "../core/request.h"
#include "../core/verdict.h"

/* The line, without a newline. `detail` may be NULL. */
const char *ag_audit_line(const ag_verdict_t *verdict, const ag_request_t *request, int status,
                          const char *detail, const char *request_id, apr_pool_t *p);

#endif
