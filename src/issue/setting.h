/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what the row of issue.def holds, and the kind that reads it.
 */
#ifndef AG_ISSUE_SETTING_H
#define AG_ISSUE_SETTING_H

#include <apr_tables.h>

#include "../core/setting.h"
#include "signing_key.h"

/* One line of ApiGuardTokenSign. */
typedef struct ag_token_signer_t {
    const char *source; /* where the key is */
    ag_signing_key_t key;
    const char *issuer;
    const char *audience; /* the issuer, unless written */
    apr_int64_t lifetime; /* seconds */
} ag_token_signer_t;

/* All of them. */
typedef struct ag_token_sign_t {
    apr_array_header_t *signers; /* ag_token_signer_t *; the first signs */
    const char *jwks;            /* the public keys of all, as a JWK set */
    const char *etag;            /* names that text */
} ag_token_sign_t;

extern const ag_setting_kind_t ag_kind_token_sign; /* ag_token_sign_t *; NULL: no tokens are made */

#endif
