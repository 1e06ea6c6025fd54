/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason: the list as a table.
 */
#include "reason.h"

#include <stddef.h>

static const ag_reason_t reasons[AG_R_COUNT] = {
    {200, "ok", "OK", NULL, "about:blank"},
#define AG_REASON(name, status, code, title, oauth, type) {status, code, title, oauth, type},
#include "reasons.def"
#undef AG_REASON
};

const ag_reason_t *ag_reason(ag_reason_e reason)
{
    return &reasons[reason < AG_R_COUNT ? reason : AG_R_INTERNAL_ERROR];
}
