/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: tells the servers of this machine that a change is committed. Those of others read the
 * change log by themselves, within a second.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../control/change_signal.h"
#include "ctl.h"
#include "sqlite_file.h"

static const char sql_nodes[] = "SELECT notice, seen_at FROM api_nodes WHERE host = %s";

/* A server that was not seen for an hour, or whose process is gone, needs to know nothing. */
static int is_running(const ag_ctl_t *ctl, const char **row)
{
    apr_int64_t seen;

    return row[0] && row[1] && !ag_measure_number(&seen, row[1], 0, AG_LAST_SECOND, ctl->pool)
           && apr_time_from_sec(seen) > ctl->now - AG_CHANGE_SIGNAL_OLD && !ag_change_signal_is_dead(row[0]);
}

static int tell(const ag_ctl_t *ctl, const char *name)
{
    apr_status_t rv = ag_change_signal_touch(name, ctl->pool);
    char why[128];

    if (rv == APR_SUCCESS) {
        return AG_EXIT_OK;
    }
    return ag_ctl_fail(AG_EXIT_LATER,
                       "done, but the server of %s could not be told (%s); it "
                       "notices within a second",
                       ag_ctl_plain(name, ctl->pool),
                       rv == APR_EINVAL ? "no such file of a server" : apr_strerror(rv, why, sizeof why));
}

int ag_ctl_notify(ag_ctl_t *ctl)
{
    const char *host = ag_nodes_host(ctl->pool);
    int code = AG_EXIT_OK;
    ag_rows_t rows;
    int i;

    if (!host || ag_ctl_select(&rows, ctl, sql_nodes, 1, &host) != AG_EXIT_OK) {
        return ag_ctl_fail(AG_EXIT_LATER, "done, but it cannot be known which servers run on this "
                                          "machine; they notice within a second");
    }
    ag_sqlite_step_up(); /* a server's file is that of who started it */
    for (i = 0; i < rows.n; i++) {
        const char **row = rows.cells + i * rows.columns;

        if (is_running(ctl, row) && tell(ctl, row[0]) != AG_EXIT_OK) {
            code = AG_EXIT_LATER;
        }
    }
    ag_sqlite_step_back();
    return code;
}
