/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: what a refused client is told, as pure functions from a verdict to texts. Nothing here sends; the
 * fields of answers are answer.h's.
 */
#ifndef AG_REPLY_H
#define AG_REPLY_H

#include "../core/verdict.h"

/* Who writes a refusal's body; which status says that a key is not valid. */
enum { AG_ERRORS_HTTPD, AG_ERRORS_PROBLEM };
enum { AG_INVALID_KEY_401, AG_INVALID_KEY_403 };

/* The status to answer with: the reason's, but of keys that are not valid what the section says. */
int ag_reply_status(ag_reason_e reason, int invalid_key_status);

/* The same place over TLS: https://HOST[:PORT]PATH?QUERY, for a Location. `target` is as the client sent it, an
 * absolute URI too. NULL: no such URL can be made of it. port 0: 443. */
const char *ag_reply_https(const char *host, int port, const char *target, apr_pool_t *p);

/* The problem document (RFC 9457), with the members `error` and `message` that clients of the usual
 * middleware read. Also the audit's source of `detail`. */
const char *ag_problem(const ag_verdict_t *verdict, int status, const char *request_id, apr_pool_t *p);

/* The sentence that explains the refusal: verdict->detail, or one made from the limit. */
const char *ag_problem_detail(const ag_verdict_t *verdict, apr_pool_t *p);

/* A problem type's own title, the same in every document (RFC 9457 s3.1.3); NULL: the type has none. */
const char *ag_problem_type_title(const ag_reason_t *reason);

/* Gives each() the names of the limits that refused, on the wire. */
typedef void (*ag_problem_name_fn)(void *ctx, const char *name, apr_pool_t *p);
void ag_problem_violated(const ag_verdict_t *verdict, ag_problem_name_fn each, void *ctx, apr_pool_t *p);

/* 1 when whoever sends that Accept (NULL: none) would rather have a page than JSON, as browsers do. */
int ag_page_preferred(const char *accept);

/* The same refusal as a page of HTML in UTF-8, from `p`. */
const char *ag_page(const ag_verdict_t *verdict, int status, const char *request_id, apr_pool_t *p);

#endif
