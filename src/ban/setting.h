/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the kind that reads the row of ban.def. What it holds, ag_ban_rule_t, is in ban.h.
 */
#ifndef AG_BAN_SETTING_H
#define AG_BAN_SETTING_H

#include "../core/setting.h"
#include "ban.h"

extern const ag_setting_kind_t ag_kind_ban;

#endif
