/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_binding: a token that names in its claim `cnf` (RFC 7800) what else whoever shows it must have. Of the methods
 * there are, a TLS client's certificate is known here (`x5t#S256`, RFC 8705 s3.1). All others refuse the token:
 * taken without its proof, a bound token would be worth as much to a thief as to its owner.
 */
#ifndef AG_TOKEN_BINDING_H
#define AG_TOKEN_BINDING_H

#include "../base/json.h"
#include "../core/request.h"

/* Of a token that was verified: *bound_to is its certificate's x5t#S256, 43 characters in p; NULL where the token has
 * no `cnf`, which is an error if it is `required`. An error text for the client (jwt_causes.def) or NULL. */
const char *ag_token_binding_read(const char **bound_to, json_t *claims, int required, apr_pool_t *p);

/* Whether the client of this request has shown that certificate in its handshake, which proves that it has the
 * key of it. Who issued the certificate does not matter (RFC 8705 s3). An error text or NULL. */
const char *ag_token_binding_prove(const char *bound_to, const ag_request_t *request);

#endif
