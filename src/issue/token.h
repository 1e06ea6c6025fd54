/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: an access token (RFC 9068) for a client that holds a key, and the answer that brings it (RFC 6749 s5.1).
 */
#ifndef AG_TOKEN_H
#define AG_TOKEN_H

#include "../core/principal.h"
#include "setting.h"

/* How many seconds the token of a key lives: no longer than the key itself. */
apr_int64_t ag_token_lifetime(const ag_token_sign_t *sign, const ag_principal_t *who, apr_time_t now);

/* Makes a token for `who`, whose scopes are `granted`: *answer is the JSON to send. NULL, or an error text for the
 * log. */
const char *ag_token_make(const char **answer, const ag_token_sign_t *sign, const ag_principal_t *who,
                          const ag_words_t *granted, apr_time_t now, apr_pool_t *p);

#endif
