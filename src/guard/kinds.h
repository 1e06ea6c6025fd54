/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds: the kinds of values that belong to rooms of the house. policy.def and site.def name them;
 * nobody else does.
 */
#ifndef AG_KINDS_H
#define AG_KINDS_H

#include "policy.h"

extern const ag_setting_kind_t ag_kind_names, ag_kind_issuers, ag_kind_key_from, ag_kind_jwt_key, ag_kind_jwks,
    ag_kind_claim_map, ag_kind_rate_limit, ag_kind_concurrency, ag_kind_store_failure, ag_kind_key_status,
    ag_kind_method_scopes, ag_kind_ban, ag_kind_key_query, ag_kind_key_cache, ag_kind_pepper, ag_kind_counter_store;

#endif
