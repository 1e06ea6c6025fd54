/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: the first refusal wins.
 */
#include "verdict.h"

ag_reason_e ag_refuse(ag_verdict_t *verdict, ag_reason_e reason, const char *detail)
{
    if (verdict->reason == AG_R_NONE) {
        verdict->reason = reason;
        verdict->detail = detail;
    }
    return verdict->reason;
}

void ag_would_refuse(ag_verdict_t *verdict, ag_reason_e reason)
{
    if (!verdict->watched) {
        verdict->watched = ag_reason(reason)->code;
    }
}
