/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuers: whose tokens a section of the configuration accepts, as far as the start can know.
 */
#ifndef AG_ISSUERS_H
#define AG_ISSUERS_H

#include "server.h"

/* What the section (NULL: none) demands of tokens, as far as it and those around it say. `jwt` is made in p. */
void ag_issuers_of(ag_jwt_policy_t *jwt, const ap_directive_t *section, apr_pool_t *p);

/* Does the section itself say whose tokens are good? */
int ag_issuers_said(const ap_directive_t *section);

/* Collects what issuers are called wherever there are several, for all who must not pose as one. */
void ag_issuers_know(apr_pool_t *pconf, apr_pool_t *ptemp);

#endif
