/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what the rows of keys.def hold, and the kinds that read them.
 */
#ifndef AG_KEYS_SETTING_H
#define AG_KEYS_SETTING_H

#include "../core/setting.h"

typedef struct ag_key_cache_t {
    apr_int64_t ttl, stale, negative; /* seconds */
} ag_key_cache_t;

typedef struct ag_pepper_t {
    const char *source;
    const unsigned char *bytes;
    apr_size_t size;
} ag_pepper_t;

extern const ag_setting_kind_t ag_kind_key_query, ag_kind_key_cache, ag_kind_pepper;

#endif
