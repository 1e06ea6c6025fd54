/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the kinds that read rows of reply.def.
 */
#ifndef AG_REPLY_SETTING_H
#define AG_REPLY_SETTING_H

#include "../core/setting.h"
#include "hardening.h"

/* unsigned: AG_QUOTA_* bits. */
extern const ag_setting_kind_t ag_kind_rate_headers;

/* int: AG_HARDEN_*. */
extern const ag_setting_kind_t ag_kind_hardening;

#endif
