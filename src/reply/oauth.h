/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth: a refusal in the words of an OAuth 2.0 token endpoint (RFC 6749 s5.2).
 */
#ifndef AG_OAUTH_H
#define AG_OAUTH_H

#include "../core/verdict.h"

typedef struct ag_oauth_t {
    ag_reason_e reason;
    int status;
    const char *error;
} ag_oauth_t;

/* What the endpoint calls a reason; NULL: RFC 6749 has no word for it, and it is told as everywhere. */
const ag_oauth_t *ag_oauth(ag_reason_e reason);

/* The JSON to send. */
const char *ag_oauth_body(const ag_verdict_t *verdict, const ag_oauth_t *oauth, const char *request_id,
                          apr_pool_t *p);

#endif
