/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: which of what is counted (watch/counters) the log is told of, now and then. What was told is
 * kept with the counters, so nobody says it again: not who takes over, and not the next generation.
 */
#include "server.h"

/* A line: the number stands between the two texts. */
typedef struct {
    ag_count_e what;
    const char *before, *after;
} line_t;

static const line_t lines[] = {
    {AG_COUNT_LIMIT_NETWORKS,
     "AG0700: the part of the table of counters that is for IPv6 addresses is full: since the start ",
     " charges of newcomers were counted as their network's (/56, /48 or /32); a larger ApiGuardSharedMemory "
     "holds more"},
    {AG_COUNT_LIMIT_OVERFLOWS, "AG0164: the table of counters is full: since the start ",
     " charges of newcomers shared a counter; a larger ApiGuardSharedMemory holds more"},
    {AG_COUNT_USAGE_LOST, "AG0172: ApiGuardSharedMemory: since the start the usage of ",
     " requests was not counted: too many keys at once, or nobody writes it down"},
    {AG_COUNT_CALLERS_LOST, "AG0882: ApiGuardSharedMemory: since the start it was not counted who sent ",
     " requests to what is deprecated: too many clients at once, or nobody writes it down"},
};

void ag_counters_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    apr_uint64_t n;
    apr_size_t i;

    (void)now;
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (ag_counts_news(&n, lines[i].what)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, servers, "%s",
                         apr_psprintf(ptmp, "%s%" APR_UINT64_T_FMT "%s", lines[i].before, n, lines[i].after));
        }
    }
}
