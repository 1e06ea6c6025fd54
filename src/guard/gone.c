/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gone: the step that refuses what has reached its end (ApiGuardDeprecated sunset=). It is the gate's first, so that
 * who still calls is known, and nothing is taken for it.
 */
#include "guard.h"

ag_reason_e ag_step_gone(ag_check_t *check)
{
    const ag_deprecated_t *deprecated = check->policy->deprecated;

    return check->exchange->request.now < deprecated->end ? AG_R_NONE
                                                          : ag_refuse(&check->verdict, AG_R_GONE, deprecated->detail);
}
