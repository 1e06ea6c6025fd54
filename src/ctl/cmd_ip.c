/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip add, remove, list: the address lists that `Require api-ip list:NAME` asks. Servers see a change
 * within a second; a command that names several networks changes all of them or none.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../authz/ip_source.h"
#include "ip.h"

typedef struct {
    const char *note, *expires;
} add_options_t;

static const ag_opt_t add_options[] = {
    {"note", AG_OPT_TEXT, offsetof(add_options_t, note), "TEXT", "whose it is, why it is there"},
    {"expires", AG_OPT_TEXT, offsetof(add_options_t, expires), "WHEN",
     "until when it holds: 90d, 2030-01-31 or never (if not said)"},
    {0},
};

static const ag_view_t entries[] = {
    {"list", AG_VIEW_TEXT, "LIST"},
    {"cidr", AG_VIEW_TEXT, "NETWORK"},
    {"expires_at", AG_VIEW_TIME, "EXPIRES"},
    {"status", AG_VIEW_TEXT, "STATUS"},
    {"created_at", AG_VIEW_TIME, NULL},
    {"reviewed_at", AG_VIEW_TIME, "REVIEWED"},
    {"last_match_at", AG_VIEW_TIME, "LAST MATCH"},
    {"note", AG_VIEW_TEXT, "NOTE"},
    {0},
};

static const ag_view_t lists[] = {
    {"list", AG_VIEW_TEXT, "LIST"},
    {"entries", AG_VIEW_NUMBER, "ENTRIES"},
    {"expired", AG_VIEW_NUMBER, "EXPIRED"},
    {"last_match_at", AG_VIEW_TIME, "LAST MATCH"},
    {0},
};

#define JOINED " FROM api_ip_lists l LEFT JOIN api_ip_matches m ON m.list = l.list AND m.cidr = l.cidr"

/* + 0: SQLite's driver binds texts, and no number is less than a text. */
static const char sql_entries[] = "SELECT l.list, l.cidr, l.expires_at,"
                                  " CASE WHEN l.expires_at <= %lld + 0 THEN 'expired' ELSE 'active' END,"
                                  " l.created_at, l.reviewed_at, m.last_match_at, l.note" JOINED " WHERE l.list = %s";
static const char sql_lists[] = "SELECT l.list, count(*), sum(CASE WHEN l.expires_at <= %lld + 0 THEN 1 ELSE 0 END),"
                                " max(m.last_match_at)" JOINED " GROUP BY l.list ORDER BY l.list";
static const char sql_remove[] = "DELETE FROM api_ip_lists WHERE list = %s AND cidr = %s";

#define INTO                                                                                                         \
    "INSERT INTO api_ip_lists (list, cidr, note, expires_at, reviewed_at)"                                           \
    " VALUES (%s, %s, %s, %lld, %lld)"
static const char sql_write[] =
    INTO " ON CONFLICT (list, cidr) DO UPDATE SET note = coalesce(excluded.note, api_ip_lists.note),"
         " expires_at = excluded.expires_at, reviewed_at = excluded.reviewed_at";
static const char sql_write_mysql[] = INTO " ON DUPLICATE KEY UPDATE note = coalesce(VALUES(note), note),"
                                           " expires_at = VALUES(expires_at), reviewed_at = VALUES(reviewed_at)";

/* ---- what all commands share ----------------------------------------------------------------- */

const char *ag_ctl_ip_list(const char *list)
{
    return ag_ip_list_name(list) ? NULL : "a list's name has 1 to 63 letters, digits and . _ -";
}

const char *ag_ctl_ip_network(const char **cidr, int *masked, const char *text, apr_pool_t *p)
{
    ag_net_t net;
    const char *error = ag_net_parse(&net, text, masked, p);

    if (error) {
        return ag_ctl_plain(error, p);
    }
    *cidr = ag_net_text(&net, p);
    return NULL;
}

const char *ag_ctl_ip_expires(const char **seconds, const char *text, const ag_ctl_t *ctl)
{
    apr_int64_t until = 0;
    const char *error = text ? ag_ctl_until(&until, text, ctl->now, ctl->pool) : NULL;

    *seconds = until ? apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, until) : NULL;
    return error ? apr_pstrcat(ctl->pool, "--expires: ", error, NULL) : NULL;
}

static const char *now_text(const ag_ctl_t *ctl)
{
    return apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(ctl->now));
}

int ag_ctl_ip_write(ag_ctl_t *ctl, const char *list, const char *cidr, const char *note, const char *expires)
{
    int mysql = strcmp(apr_dbd_name(ctl->db.driver), "mysql") == 0;
    const char *values[5] = {list, cidr, note, expires, now_text(ctl)};
    int changed;

    return ag_ctl_change(&changed, ctl, mysql ? sql_write_mysql : sql_write, 5, values);
}

/* ---- the commands ---------------------------------------------------------------------------- */

/* The networks of the command line, as they are kept; those that are none are all told. */
static int read_networks(const char **cidrs, const ag_ctl_t *ctl, const ag_words_t *operands)
{
    const char *error = ag_ctl_ip_list(operands->v[0]);
    int i, code = error ? ag_ctl_fail(AG_EXIT_USAGE, "LIST: %s", error) : AG_EXIT_OK;

    for (i = 1; i < operands->n; i++) {
        int masked = 0;

        error = ag_ctl_ip_network(&cidrs[i - 1], &masked, operands->v[i], ctl->pool);
        if (error) {
            code = ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
        }
        else if (masked) {
            ag_ctl_fail(0, "\"%s\" has bits behind its mask; it is %s", ag_ctl_plain(operands->v[i], ctl->pool),
                        cidrs[i - 1]);
        }
    }
    return code;
}

static int print_entries(ag_ctl_t *ctl, const char *list, const char *const *cidrs, int n)
{
    const char **values = apr_palloc(ctl->pool, ((apr_size_t)n + 2) * sizeof *values);
    const char *sql = sql_entries;
    ag_rows_t rows;
    int i, code;

    values[0] = now_text(ctl);
    values[1] = list;
    for (i = 0; i < n; i++) {
        sql = apr_pstrcat(ctl->pool, sql, i ? " OR l.cidr = %s" : " AND (l.cidr = %s", NULL);
        values[i + 2] = cidrs[i];
    }
    code =
        ag_ctl_select(&rows, ctl, apr_pstrcat(ctl->pool, sql, n ? ")" : "", " ORDER BY l.cidr", NULL), n + 2, values);
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, entries, &rows);
    }
    return code;
}

static int write_all(ag_ctl_t *ctl, const char *list, const char *const *cidrs, int n, const char *note,
                     const char *expires)
{
    int i, code = ag_ctl_begin(ctl);

    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 0; i < n && code == AG_EXIT_OK; i++) {
        code = ag_ctl_ip_write(ctl, list, cidrs[i], note, expires);
    }
    return ag_ctl_end(ctl, code);
}

static int ip_add(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const add_options_t *o = options;
    int n = operands->n - 1;
    const char **cidrs = apr_palloc(ctl->pool, (apr_size_t)n * sizeof *cidrs);
    const char *expires;
    const char *error = ag_ctl_ip_expires(&expires, o->expires, ctl);
    int code;

    if (!error && o->note && !ag_text_printable(o->note)) {
        error = "--note: UTF-8 without control characters";
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = read_networks(cidrs, ctl, operands);
    code = code == AG_EXIT_OK ? ag_ctl_open(ctl, 1) : code;
    code = code == AG_EXIT_OK ? write_all(ctl, operands->v[0], cidrs, n, o->note, expires) : code;
    return code == AG_EXIT_OK ? print_entries(ctl, operands->v[0], cidrs, n) : code;
}

/* As it was written, else as it would be kept: a row made in SQL may be of another form. */
static int remove_one(ag_ctl_t *ctl, const char *list, const char *written, const char *cidr)
{
    const char *values[2] = {list, written};
    int changed = 0;
    int code = ag_ctl_change(&changed, ctl, sql_remove, 2, values);

    if (code == AG_EXIT_OK && !changed) {
        values[1] = cidr;
        code = ag_ctl_change(&changed, ctl, sql_remove, 2, values);
    }
    if (code == AG_EXIT_OK && !changed) {
        code = ag_ctl_fail(AG_EXIT_NO, "%s is not in the list %s; nothing was removed", cidr, list);
    }
    return code;
}

static int ip_remove(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **cidrs = apr_palloc(ctl->pool, (apr_size_t)operands->n * sizeof *cidrs);
    int i, code = read_networks(cidrs, ctl, operands);

    (void)options;
    code = code == AG_EXIT_OK ? ag_ctl_open(ctl, 1) : code;
    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 1; i < operands->n && code == AG_EXIT_OK; i++) {
        code = remove_one(ctl, operands->v[0], operands->v[i], cidrs[i - 1]);
    }
    code = ag_ctl_end(ctl, code);
    for (i = 1; i < operands->n && code == AG_EXIT_OK; i++) {
        ag_ctl_removed(ctl, "network", cidrs[i - 1]);
    }
    return code;
}

static int ip_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *now = now_text(ctl);
    int code = ag_ctl_open(ctl, 1);
    ag_rows_t rows;

    (void)options;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (operands->n) {
        return print_entries(ctl, operands->v[0], NULL, 0);
    }
    code = ag_ctl_select(&rows, ctl, sql_lists, 1, &now);
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, lists, &rows);
    }
    return code;
}

const ag_cmd_t ag_cmds_ip[] = {
    {"ip add", ip_add, add_options, sizeof(add_options_t), "LIST NETWORK...",
     "put networks into an address list, or change them"},
    {"ip remove", ip_remove, NULL, 0, "LIST NETWORK...", "take networks out of a list"},
    {"ip list", ip_list, NULL, 0, "[LIST]", "list the lists, or what is in one"},
    {0},
};
