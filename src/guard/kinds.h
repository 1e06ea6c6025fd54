/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds: the kinds of values of which several rooms or the guard itself are made. Other rooms have theirs in a
 * setting.h of their own.
 */
#ifndef AG_KINDS_H
#define AG_KINDS_H

#include "policy.h"

extern const ag_setting_kind_t ag_kind_rate_limit, ag_kind_concurrency, ag_kind_store_failure, ag_kind_key_status,
    ag_kind_method_scopes, ag_kind_ban, ag_kind_counter_store, ag_kind_claim_names;

#endif
