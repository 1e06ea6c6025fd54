/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_cause: what a client is told of a token that is refused; the rows of jwt_causes.def.
 */
#ifndef AG_JWT_CAUSE_H
#define AG_JWT_CAUSE_H

#include <apr_pools.h>

typedef enum {
#define AG_JWT_CAUSE(name, text) AG_JWT_##name,
#include "jwt_causes.def"
#undef AG_JWT_CAUSE
    AG_JWT_CAUSES
} ag_jwt_cause_e;

/* The row's text, with `name` for its %s: a claim or a parameter of the header, NULL where there is no %s. It holds
 * only what an error_description may (RFC 6750 s3), whatever the configuration calls a claim. */
const char *ag_jwt_cause(ag_jwt_cause_e cause, const char *name, apr_pool_t *p);

#endif
