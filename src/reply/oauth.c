/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth: see oauth.h.
 */
#include "oauth.h"

#include <stddef.h>

#define MAX_BODY 1024

static const ag_oauth_t table[] = {
    {AG_R_TOKEN_REQUEST_INVALID, 400, "invalid_request"},
    {AG_R_GRANT_UNSUPPORTED, 400, "unsupported_grant_type"},
    {AG_R_CREDENTIAL_MISSING, 401, "invalid_client"},
    {AG_R_KEY_INVALID, 401, "invalid_client"},
    {AG_R_KEY_REVOKED, 401, "invalid_client"},
    {AG_R_KEY_EXPIRED, 401, "invalid_client"},
    {AG_R_IP_DENIED, 400, "unauthorized_client"},
    {AG_R_ENDPOINT_DENIED, 400, "unauthorized_client"},
    {AG_R_SCOPE_INSUFFICIENT, 400, "invalid_scope"},
};

const ag_oauth_t *ag_oauth(ag_reason_e reason)
{
    apr_size_t i;

    for (i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].reason == reason) {
            return &table[i];
        }
    }
    return NULL;
}

static void member(ag_buf_t *b, const char *name, const char *value)
{
    ag_buf_str(b, name);
    ag_json_string(b, value);
}

const char *ag_oauth_body(const ag_verdict_t *verdict, const ag_oauth_t *oauth, const char *request_id, apr_pool_t *p)
{
    const ag_reason_t *reason = ag_reason(verdict->reason);
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, MAX_BODY), MAX_BODY);
    member(&b, "{\"error\":", oauth->error);
    member(&b, AG_JSON_NAME("error_description"), verdict->detail ? verdict->detail : reason->title);
    member(&b, AG_JSON_NAME("code"), reason->code);
    if (request_id) {
        member(&b, AG_JSON_NAME("request_id"), request_id);
    }
    ag_buf_str(&b, "}\n");
    return b.full ? "{\"error\":\"invalid_request\"}\n" : b.start;
}
