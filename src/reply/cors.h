/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cors: which pages of other origins may read a section's answers (Fetch, "CORS protocol"). The texts are made with
 * the configuration; all here is pure.
 */
#ifndef AG_CORS_H
#define AG_CORS_H

#include "origin.h"

struct ag_answer_t; /* answer.h */

/* ApiGuardCORS. */
typedef struct ag_cors_t {
    const ag_origin_t *origins;
    int n;
    int any; /* origin=*: all of them, without credentials */
    int credentials;
    int private_network;
    const char *methods; /* as the fields have them: "GET, HEAD" */
    const char *headers; /* NULL: what a section needs, ag_policy_cors_headers() */
    const char *expose;  /* NULL: our rate limit fields, as ApiGuardRateHeaders says, and Retry-After */
    const char *max_age;
} ag_cors_t;

/* 1 when an Origin field of that value is one of those listed; NULL: there is none. What is no origin never is. */
int ag_cors_lists(const ag_cors_t *cors, const char *origin);

/* Why it is refused, for the client and the log. */
const char *ag_cors_denied(const char *origin, apr_pool_t *p);

/* Puts what answers a preflight whose origin is listed; `headers` are the request fields to allow, `asks_private`
 * whether it asked for the private network. */
void ag_cors_preflight(const struct ag_answer_t *a, const char *headers, int asks_private);

#endif
