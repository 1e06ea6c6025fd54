/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs: what works beside requests in this child, so that its end can wait for it: mod_watchdog's threads, and those
 * that wait for other servers.
 */
#include "server.h"

#include <ap_mpm.h>

static int child_ending; /* its connections are about to be closed */
static int busy;         /* so many jobs are under way */

/* The child is asked to end: what is not begun is left to others. */
static int is_stopping(void)
{
    int state = AP_MPMQ_RUNNING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

int ag_jobs_over(void)
{
    return __atomic_load_n(&child_ending, __ATOMIC_SEQ_CST) || is_stopping();
}

int ag_jobs_begin(void)
{
    __atomic_add_fetch(&busy, 1, __ATOMIC_SEQ_CST);
    if (!ag_jobs_over()) {
        return 1;
    }
    ag_jobs_end();
    return 0;
}

void ag_jobs_end(void)
{
    __atomic_sub_fetch(&busy, 1, __ATOMIC_SEQ_CST);
}

int ag_jobs_wait(apr_interval_time_t patience)
{
    apr_interval_time_t waited, step = apr_time_from_msec(10);

    __atomic_store_n(&child_ending, 1, __ATOMIC_SEQ_CST);
    for (waited = 0; __atomic_load_n(&busy, __ATOMIC_SEQ_CST) > 0; waited += step) {
        if (waited >= patience) {
            return 0;
        }
        apr_sleep(step);
    }
    return 1;
}
