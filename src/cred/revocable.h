/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocable: by what a token can be revoked, as ids. They are made once, when the token is verified, and are
 * remembered with it; rows of the table api_revoked_tokens are read to the same ids (revoked.h).
 */
#ifndef AG_REVOCABLE_H
#define AG_REVOCABLE_H

#include "../base/json.h"
#include "../core/principal.h"

/* The kinds of rows; the order is that of ag_revocable_kinds. */
typedef enum { AG_REVOKE_JTI, AG_REVOKE_SUBJECT, AG_REVOKE_CLIENT, AG_REVOKE_DIGEST, AG_REVOKE_KINDS } ag_revoke_e;

/* What they are called in the table; NULL ends them. */
extern const char *const ag_revocable_kinds[AG_REVOKE_KINDS + 1];

/* The id of a row; `issuer` "" or NULL: of whatever issuer. */
ag_id_t ag_revocable_id(ag_revoke_e kind, const char *issuer, const char *value, const ag_sip_key_t *sip,
                        apr_pool_t *p);

/* What turns the id of a row for any issuer into that of a row for this one, by ag_id_mix(). */
ag_id_t ag_revocable_issuer(const char *issuer, const ag_sip_key_t *sip, apr_pool_t *p);

/* The SHA-256 by which a token is revoked that has no id, in hex: of a JWT all but its signature, since of some
 * signatures anybody can make another one that is as good (ECDSA); of any other token all of it. */
#define AG_REVOCABLE_DIGEST (2 * AG_SHA256_SIZE + 1)
void ag_revocable_digest(char hex[AG_REVOCABLE_DIGEST], const char *text, apr_size_t n);

/* Sets who->revocable of a token that was accepted: `text` is what the client sent, `claims` what it says, or what its
 * issuer says of it. who->client and who->user are set already. */
void ag_revocable_set(ag_principal_t *who, json_t *claims, const char *text, apr_size_t n, const ag_sip_key_t *sip,
                      apr_pool_t *p);

#endif
