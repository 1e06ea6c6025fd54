/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds: the kinds of values of which the guard itself is made. Other rooms have theirs in a setting.h.
 */
#ifndef AG_KINDS_H
#define AG_KINDS_H

#include "policy.h"

extern const ag_setting_kind_t ag_kind_method_scopes;

#endif
