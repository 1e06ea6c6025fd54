/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: what the client is told, as pure functions from a verdict to texts. Nothing here sends.
 */
#ifndef AG_REPLY_H
#define AG_REPLY_H

#include "../core/verdict.h"

/* Takes one header field. The value lives as long as the pool it was made from. */
typedef void (*ag_field_fn)(void *ctx, const char *name, const char *value);

/* Who writes a refusal's body; which status says that a key is not valid. */
enum { AG_ERRORS_HTTPD, AG_ERRORS_PROBLEM };
enum { AG_INVALID_KEY_401, AG_INVALID_KEY_403 };

/* The status to answer with: the reason's, but of keys that are not valid what the section says. */
int ag_reply_status(ag_reason_e reason, int invalid_key_status);

/* The problem document (RFC 9457), with the members `error` and `message` that clients of the usual
 * middleware read. Also the audit's source of `detail`. */
const char *ag_problem(const ag_verdict_t *verdict, int status, const char *request_id, apr_pool_t *p);

/* The sentence that explains the refusal: verdict->detail, or one made from the limit. */
const char *ag_problem_detail(const ag_verdict_t *verdict, apr_pool_t *p);

/* WWW-Authenticate fields for a refusal (RFC 9110 s11.6.1, RFC 6750 s3): one for every scheme that is among the
 * places (AG_FROM_BIT) where credentials are read; error= stands on Bearer alone, and only when a bearer credential was shown. `realm` is what stands
 * between the quotes, escaped already; NULL: "API". */
void ag_challenge(const ag_verdict_t *verdict, unsigned places, int by_bearer, const char *realm, ag_field_fn set,
                  void *ctx, apr_pool_t *p);

/* The forms of rate limit fields, as bits in the order of ApiGuardRateHeaders' choices. */
enum {
    AG_QUOTA_DRAFT_10 = 1,
    AG_QUOTA_DRAFT_8 = 2,
    AG_QUOTA_DRAFT_7 = 4,
    AG_QUOTA_DRAFT_6 = 8,
    AG_QUOTA_LEGACY = 16
};

/* The rate limit fields in every form that `forms` names. `now` in seconds (for legacy's Reset). */
void ag_quota_fields(const ag_verdict_t *verdict, unsigned forms, apr_int64_t now, ag_field_fn set, void *ctx,
                     apr_pool_t *p);

#endif
