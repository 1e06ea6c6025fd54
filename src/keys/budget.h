/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: how often a costly check may be tried on this machine, in all and for each name, over all
 * processes. Names share 1023 counters, so a few share one: that counts too much, never too little.
 */
#ifndef AG_BUDGET_H
#define AG_BUDGET_H

#include <apr_time.h>

#include "../base/digest.h"

#define AG_BUDGET_BYTES   8192
#define AG_BUDGET_SECONDS 10 /* the window both numbers stand for */
#define AG_BUDGET_ALL     50
#define AG_BUDGET_NAME    16

/* In shared memory, zero when fresh. */
typedef struct ag_budget_t {
    apr_uint64_t all;
    apr_uint64_t names[AG_BUDGET_BYTES / 8 - 1];
} ag_budget_t;

typedef enum {
    AG_BUDGET_OK,
    AG_BUDGET_JUST_SPENT, /* refused, the first time in this window: worth a line in the log */
    AG_BUDGET_SPENT       /* refused */
} ag_budget_e;

/* Takes one try for `name`, an id under a secret, so that nobody outside can choose its counter. */
ag_budget_e ag_budget_take(ag_budget_t *budget, ag_id_t name, apr_time_t now);

#endif
