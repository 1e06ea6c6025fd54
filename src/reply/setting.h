/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the values of this room's directives (reply.def) that have parsers of their own.
 */
#ifndef AG_REPLY_SETTING_H
#define AG_REPLY_SETTING_H

#include <apr_time.h>

#include "../core/setting.h"
#include "cors.h"
#include "reply.h"
#include "hardening.h"
#include "resource.h"

/* ApiGuardDeprecated, with all that answers say of it, made once: texts of the configuration's pool (in .htaccess
 * the request's). */
typedef struct ag_deprecated_t {
    const char *since;  /* "@1735689600" (RFC 9745 s2.1) */
    const char *sunset; /* an IMF-fixdate (RFC 8594 s3), or NULL */
    const char *link;   /* where to read about both, and the successor (RFC 8288), or NULL */
    apr_time_t end;     /* from then on it is 410; 0: never */
    const char *detail; /* of that refusal */
    const char *where;  /* "SERVER SECTION": by which its requests are counted */
    int htaccess;       /* it stands in .htaccess */
} ag_deprecated_t;

extern const ag_setting_kind_t ag_kind_deprecated; /* const ag_deprecated_t *; NULL: off */

extern const ag_setting_kind_t ag_kind_rate_headers, /* unsigned: AG_QUOTA_* bits */
    ag_kind_cors;                                    /* const ag_cors_t *; NULL: off */

extern const ag_setting_kind_t ag_kind_resource; /* ag_resource_t *; NULL: off */

/* int: AG_HARDEN_*. */
extern const ag_setting_kind_t ag_kind_hardening;

/* ag_header_lines_t *: NULL where no line was written. */
extern const ag_setting_kind_t ag_kind_header_lines;

#endif
