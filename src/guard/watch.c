/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: limits that are only tried out. They refuse nobody, and say when they would have: in the log
 * and, by the verdict, in a variable of the request.
 */
#include "guard.h"

void ag_guard_watch(ag_check_t *check, const ag_charge_t *charges, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (charges[i].dry_run && !charges[i].allowed) {
            ag_would_refuse(&check->verdict, AG_R_RATE_EXCEEDED);
            ag_log(check->exchange->request.log, AG_LOG_WARNING, 0, "AG0506: ApiGuardRateLimit %s "
                   "would have refused", charges[i].subject->limit->text);
        }
    }
}
