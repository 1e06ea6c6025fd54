/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stopped: a check took as long as it may, so nobody knows whether the value is good: it is refused, and told.
 */
#include "../watch/counters.h"
#include "value.h"

void ag_value_stopped(const ag_input_call_t *call, const char *what, const char *name)
{
    ag_count(AG_COUNT_PATTERNS_STOPPED);
    ag_log(call->request->log, AG_LOG_WARNING, 0,
           "AG1020: ApiGuardOpenAPI: the check of %s %s was stopped at its limit", what, name);
}
