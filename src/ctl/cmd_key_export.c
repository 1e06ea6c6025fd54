/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key export: the table of keys as CSV (RFC 4180, lines end with LF) or, with --json, as JSON
 * lines, in columns that key import reads. The hashes go along only when asked for: nobody can use
 * them as keys, but short keys can be guessed from them.
 *
 * Rows are fetched a thousand at a time, so memory does not grow with the table.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "key.h"
#include "view.h"

#define AT_ONCE "1000"

typedef struct {
    const char *client;
    int with_hashes;
} export_options_t;

static const ag_opt_t export_options[] = {
    {"client", AG_OPT_TEXT, offsetof(export_options_t, client), "NAME", "this client's alone"},
    {"with-hashes", AG_OPT_FLAG, offsetof(export_options_t, with_hashes), NULL,
     "the stored hashes too, which key import needs"},
    {0},
};

/* In the order of the SELECT. Lists go as the table holds them, so they come back as they were. */
static const ag_view_t with_hashes[] = {
    {"id", AG_VIEW_NUMBER, NULL},         {"key_prefix", AG_VIEW_TEXT, NULL},
    {"client_name", AG_VIEW_TEXT, NULL},  {"client_email", AG_VIEW_TEXT, NULL},
    {"permissions", AG_VIEW_TEXT, NULL},  {"roles", AG_VIEW_TEXT, NULL},
    {"allowed_ips", AG_VIEW_TEXT, NULL},  {"allowed_endpoints", AG_VIEW_TEXT, NULL},
    {"rate_limit", AG_VIEW_TEXT, NULL},   {"plan", AG_VIEW_TEXT, NULL},
    {"created_at", AG_VIEW_TIME, NULL},   {"expires_at", AG_VIEW_TIME, NULL},
    {"grace_until", AG_VIEW_TIME, NULL},  {"is_active", AG_VIEW_NUMBER, NULL},
    {"rotated_to", AG_VIEW_NUMBER, NULL}, {"metadata", AG_VIEW_TEXT, NULL},
    {"key_hash", AG_VIEW_TEXT, NULL},     {0},
};

#define ALL (int)(sizeof with_hashes / sizeof *with_hashes - 1)

static const char sql_page[] = "SELECT id, key_prefix, client_name, client_email, permissions, roles, allowed_ips,"
                               " allowed_endpoints, rate_limit, plan, created_at, expires_at, grace_until, is_active,"
                               " rotated_to, metadata, key_hash FROM api_keys WHERE id > %lld";

/* A NULL is nothing, an empty text is "": so each comes back as it was. */
static void print_field(const char *text)
{
    if (!text || (*text && !strpbrk(text, ",\"\r\n") && *text != ' ')) {
        fputs(text ? text : "", stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"') {
            putchar('"');
        }
        putchar(*text);
    }
    putchar('"');
}

/* A file gets each byte as it is, so that it comes back; a terminal is not steered. */
static void print_record(const ag_ctl_t *ctl, const char *const *fields, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (i) {
            putchar(',');
        }
        print_field(fields[i] && ctl->terminal ? ag_ctl_plain(fields[i], ctl->pool) : fields[i]);
    }
    putchar('\n');
}

static void print_header(const ag_ctl_t *ctl, int n)
{
    const char *names[ALL];
    int i;

    for (i = 0; i < n; i++) {
        names[i] = with_hashes[i].name;
    }
    print_record(ctl, names, n);
}

static void print_page(const ag_ctl_t *ctl, const ag_view_t *view, int n, const ag_rows_t *rows)
{
    int r;

    for (r = 0; r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        if (ctl->json) {
            ag_ctl_json(ag_view_json(view, row, ctl->pool));
        }
        else {
            print_record(ctl, row, n);
        }
    }
}

/* The pages behind `last`, each in memory of its own. */
static int print_all(ag_ctl_t *ctl, const ag_view_t *view, int n, const char *client)
{
    char last[32] = "0";
    const char *sql =
        apr_pstrcat(ctl->pool, sql_page, client ? " AND client_name = %s" : "", " ORDER BY id LIMIT " AT_ONCE, NULL);
    ag_ctl_t page = *ctl;
    ag_rows_t rows = {1, 0, NULL};
    int code = AG_EXIT_OK;

    apr_pool_create(&page.pool, ctl->pool);
    while (code == AG_EXIT_OK && rows.n) {
        const char *values[] = {last, client};

        code = ag_ctl_select(&rows, &page, sql, client ? 2 : 1, values);
        if (code == AG_EXIT_OK && rows.n) {
            print_page(&page, view, n, &rows);
            apr_cpystrn(last, rows.cells[(rows.n - 1) * rows.columns], sizeof last);
        }
        apr_pool_clear(page.pool);
    }
    return code;
}

static int key_export(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const export_options_t *o = options;
    int n = o->with_hashes ? ALL : ALL - 1;
    ag_view_t *view = apr_pmemdup(ctl->pool, with_hashes, sizeof with_hashes);
    int code = ag_ctl_open(ctl, 1);

    (void)operands;
    memset(&view[n], 0, sizeof *view); /* it ends there */
    if (code == AG_EXIT_OK && !ctl->json) {
        print_header(ctl, n);
    }
    return code == AG_EXIT_OK ? print_all(ctl, view, n, o->client) : code;
}

const ag_cmd_t ag_cmds_key_export[] = {
    {"key export", key_export, export_options, sizeof(export_options_t), NULL,
     "print the keys as CSV, or with --json as JSON lines; never a key"},
    {0},
};
