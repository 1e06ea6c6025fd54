/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage --deprecated: who still calls what is deprecated, as the servers wrote it down: a row for each client and
 * section, those that ask most first.
 */
#include <stdio.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "usage.h"
#include "view.h"

static const ag_view_t callers_view[] = {
    {"kind", AG_VIEW_TEXT, "KIND"},
    {"client_name", AG_VIEW_TEXT, "CLIENT"},
    {"section", AG_VIEW_TEXT, "SECTION"},
    {"requests", AG_VIEW_NUMBER, "REQUESTS"},
    {"refused", AG_VIEW_NUMBER, "REFUSED"},
    {"last_used_at", AG_VIEW_TIME, "LAST USED"},
    {0},
};

#define SELECT                                                                                                       \
    "SELECT kind, client, section, sum(requests), sum(refused), max(last_used_at) FROM api_deprecated_usage"         \
    " WHERE day >= %lld"
#define GROUPED " GROUP BY kind, client, section ORDER BY sum(requests) DESC, section, kind, client"

int ag_ctl_usage_deprecated(ag_ctl_t *ctl, const char *client, apr_int64_t first)
{
    const char *values[] = {apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, first), client};
    const char *since = apr_pstrmemdup(ctl->pool, ag_ctl_time(apr_time_from_sec(first), ctl->pool), 10);
    ag_rows_t rows;
    int code = ag_ctl_open(ctl, 1);

    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&rows, ctl, client ? SELECT " AND client = %s" GROUPED : SELECT GROUPED, client ? 2 : 1,
                             values);
    }
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ctl->json) {
        ag_ctl_json(
            json_pack("{s:s, s:o}", "since", since, "callers", ag_view_rows_json(callers_view, &rows, ctl->pool)));
    }
    else if (rows.n) {
        ag_view_print(ctl, callers_view, &rows);
    }
    else {
        printf("since %s nothing that is deprecated was called%s%s\n", since, client ? " by " : "",
               client ? ag_ctl_plain(client, ctl->pool) : "");
    }
    return AG_EXIT_OK;
}
