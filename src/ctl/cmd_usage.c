/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: how much keys were used, day by day (UTC), as the servers wrote it down: a chart, totals
 * and the keys that asked most; or all of it as JSON.
 */
#include <stdio.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/date.h"
#include "../base/measure.h"
#include "chart.h"
#include "key.h"
#include "usage.h"
#include "view.h"

#define DAY       86400
#define MOST_BARS 62
#define MOST_DAYS 36600
#define MOST_KEYS 10 /* in the table; JSON has all */

typedef struct {
    const char *client, *key, *since, *pepper;
    int deprecated;
} usage_options_t;

static const ag_opt_t usage_options[] = {
    {"client", AG_OPT_TEXT, offsetof(usage_options_t, client), "NAME", "this client alone"},
    {"deprecated", AG_OPT_FLAG, offsetof(usage_options_t, deprecated), NULL,
     "who still calls what is deprecated (ApiGuardDeprecated)"},
    {"key", AG_OPT_TEXT, offsetof(usage_options_t, key), "KEY", "this key alone"},
    {"since", AG_OPT_TEXT, offsetof(usage_options_t, since), "7d",
     "that many days with today, or a date like 2030-01-31; 7d unless told"},
    {"pepper", AG_OPT_TEXT, offsetof(usage_options_t, pepper), "file:PATH",
     "with --key -: the file ApiGuardKeyPepper names"},
    {0},
};

static const ag_view_t keys_view[] = {
    {"id", AG_VIEW_NUMBER, "ID"},
    {"key_prefix", AG_VIEW_TEXT, "KEY"},
    {"client_name", AG_VIEW_TEXT, "CLIENT"},
    {"requests", AG_VIEW_NUMBER, "REQUESTS"},
    {"denied", AG_VIEW_NUMBER, "DENIED"},
    {"last_used_at", AG_VIEW_TIME, "LAST USED"},
    {0},
};

#define SUMS " sum(u.requests), sum(u.denied), max(u.last_used_at)"
#define FROM " FROM api_usage u JOIN api_keys k ON k.id = u.key_id WHERE u.day >= %lld"

/* What is asked for, and the sums of it. */
typedef struct {
    ag_ctl_t *ctl;
    apr_int64_t first, today; /* days, as the table has them */
    const char *condition;    /* behind FROM */
    const char *values[2];
    int n_values;
    ag_rows_t days, keys;
    apr_int64_t requests, denied, last_used;
} report_t;

static apr_int64_t number(const char *text, apr_pool_t *p)
{
    apr_int64_t n;

    return text && !ag_measure_number(&n, text, 0, APR_INT64_MAX, p) ? n : 0;
}

/* ---- the question ---------------------------------------------------------------------------- */

/* The first day of --since: "7d" is today and the six before. An error text or NULL. */
static const char *read_since(report_t *r, const char *since)
{
    apr_int64_t now = apr_time_sec(r->ctl->now), span, date;

    r->today = now / DAY * DAY;
    if (ag_date_read(&date, since)) {
        r->first = date / DAY * DAY;
    }
    else if (ag_measure_duration(&span, since, r->ctl->pool)) {
        return "--since: a duration like 7d, or a date like 2030-01-31";
    }
    else {
        r->first = span < DAY ? r->today : ((now - span) / DAY + 1) * DAY;
    }
    if (r->first > r->today || r->today - r->first > MOST_DAYS * (apr_int64_t)DAY) {
        return "--since: a day that is past, of the last 100 years";
    }
    return NULL;
}

/* Whose usage; opens the database. An exit code; what was wrong has been said. */
static int read_whose(report_t *r, const usage_options_t *o)
{
    apr_pool_t *p = r->ctl->pool;
    const char **row;
    int code;

    r->values[r->n_values++] = apr_psprintf(p, "%" APR_INT64_T_FMT, r->first);
    r->condition = "";
    if (o->client && o->key) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--client or --key, not both");
    }
    if (!o->key) {
        r->condition = o->client ? " AND k.client_name = %s" : "";
        r->values[1] = o->client;
        r->n_values += o->client != NULL;
        return ag_ctl_open(r->ctl, 1);
    }
    code = ag_ctl_key_find(&row, r->ctl, o->key, o->pepper);
    if (code == AG_EXIT_OK) {
        r->condition = " AND k.id = %lld";
        r->values[r->n_values++] = row[AG_K_ID];
    }
    return code;
}

/* No usage is no mistake; a client nobody knows is one. */
static int check_client(report_t *r, const char *client)
{
    ag_rows_t rows;
    int code = client ? ag_ctl_select(&rows, r->ctl,
                                      "SELECT count(*) FROM api_keys"
                                      " WHERE client_name = %s",
                                      1, &client)
                      : AG_EXIT_OK;

    if (client && code == AG_EXIT_OK && number(rows.cells[0], r->ctl->pool) == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no key of client \"%s\"", ag_ctl_plain(client, r->ctl->pool));
    }
    return code;
}

static int ask(report_t *r)
{
    apr_pool_t *p = r->ctl->pool;
    int i, code;

    code =
        ag_ctl_select(&r->days, r->ctl,
                      apr_pstrcat(p, "SELECT u.day," SUMS FROM, r->condition, " GROUP BY u.day ORDER BY u.day", NULL),
                      r->n_values, r->values);
    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&r->keys, r->ctl,
                             apr_pstrcat(p, "SELECT k.id, k.key_prefix, k.client_name," SUMS FROM, r->condition,
                                         " GROUP BY k.id, k.key_prefix, k.client_name"
                                         " ORDER BY sum(u.requests) DESC, k.id",
                                         NULL),
                             r->n_values, r->values);
    }
    for (i = 0; code == AG_EXIT_OK && i < r->days.n; i++) {
        const char **row = r->days.cells + i * r->days.columns;
        apr_int64_t last = number(row[3], p);

        r->requests += number(row[1], p);
        r->denied += number(row[2], p);
        r->last_used = last > r->last_used ? last : r->last_used;
    }
    return code;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *date_text(apr_int64_t day, apr_pool_t *p)
{
    return apr_pstrmemdup(p, ag_ctl_time(apr_time_from_sec(day), p), 10);
}

/* A bar for every day, also for those without a row; of several days each where they are many. */
static ag_chart_bar_t *make_bars(int *n, int *days_each, const report_t *r)
{
    apr_pool_t *p = r->ctl->pool;
    int days = (int)((r->today - r->first) / DAY) + 1;
    ag_chart_bar_t *bars;
    int i;

    *days_each = (days + MOST_BARS - 1) / MOST_BARS;
    *n = (days + *days_each - 1) / *days_each;
    bars = apr_pcalloc(p, (apr_size_t)*n * sizeof *bars);
    for (i = 0; i < *n; i++) {
        bars[i].label = date_text(r->first + (apr_int64_t)i * *days_each * DAY, p);
    }
    for (i = 0; i < r->days.n; i++) {
        const char **row = r->days.cells + i * r->days.columns;
        apr_int64_t at = (number(row[0], p) - r->first) / DAY / *days_each;
        ag_chart_bar_t *bar = &bars[at < *n ? at : *n - 1]; /* a server's clock may be ahead */

        bar->whole += number(row[1], p);
        bar->part += number(row[2], p);
    }
    return bars;
}

static void print_text(report_t *r)
{
    apr_pool_t *p = r->ctl->pool;
    int n, each;
    const ag_chart_bar_t *bars = make_bars(&n, &each, r);
    ag_rows_t most = r->keys;

    if (each > 1) {
        printf("A line is %d days from its date on.\n", each);
    }
    ag_chart_print(bars, n, p);
    printf("\n%s request%s, %s denied (%s)", ag_chart_number(r->requests, p), r->requests == 1 ? "" : "s",
           ag_chart_number(r->denied, p), ag_chart_share(r->denied, r->requests, p));
    if (r->last_used) {
        printf(", last used %s", ag_ctl_time(apr_time_from_sec(r->last_used), p));
    }
    putchar('\n');
    if (most.n > 1) {
        most.n = most.n < MOST_KEYS ? most.n : MOST_KEYS;
        putchar('\n');
        ag_view_print(r->ctl, keys_view, &most);
    }
    if (r->keys.n > MOST_KEYS) {
        printf("and %d more\n", r->keys.n - MOST_KEYS);
    }
}

static json_t *days_json(const report_t *r)
{
    apr_pool_t *p = r->ctl->pool;
    json_t *days = json_array();
    int i;

    for (i = 0; i < r->days.n; i++) {
        const char **row = r->days.cells + i * r->days.columns;
        json_t *day = json_object();

        json_object_set_new(day, "day", json_string(date_text(number(row[0], p), p)));
        json_object_set_new(day, "requests", json_integer(number(row[1], p)));
        json_object_set_new(day, "denied", json_integer(number(row[2], p)));
        json_array_append_new(days, day);
    }
    return days;
}

static void print_json(const report_t *r)
{
    apr_pool_t *p = r->ctl->pool;
    json_t *all = json_object();

    json_object_set_new(all, "since", json_string(date_text(r->first, p)));
    json_object_set_new(all, "until", json_string(date_text(r->today, p)));
    json_object_set_new(all, "requests", json_integer(r->requests));
    json_object_set_new(all, "denied", json_integer(r->denied));
    json_object_set_new(all, "last_used_at", r->last_used ? json_integer(r->last_used) : json_null());
    json_object_set_new(all, "days", days_json(r));
    json_object_set_new(all, "keys", ag_view_rows_json(keys_view, &r->keys, p));
    ag_ctl_json(all);
}

static int run_usage(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const usage_options_t *o = options;
    report_t *r = apr_pcalloc(ctl->pool, sizeof *r);
    const char *error;
    int code;

    (void)operands;
    r->ctl = ctl;
    error = read_since(r, o->since ? o->since : "7d");
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    if (o->deprecated && o->key) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--deprecated knows clients: --client, not --key");
    }
    if (o->deprecated) {
        return ag_ctl_usage_deprecated(ctl, o->client, r->first);
    }
    code = read_whose(r, o);
    code = code == AG_EXIT_OK ? check_client(r, o->client) : code;
    code = code == AG_EXIT_OK ? ask(r) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ctl->json) {
        print_json(r);
    }
    else {
        print_text(r);
    }
    return AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_usage[] = {
    {"usage", run_usage, usage_options, sizeof(usage_options_t), NULL, "show how much keys were used, day by day"},
    {0},
};
