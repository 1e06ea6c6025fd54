/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit: what a running server has counted for somebody, and forgetting it. Whom a counter belongs
 * to only the server can tell, so it is asked; it answers within a second.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/json.h"
#include "ctl.h"

#define PATIENCE apr_time_from_sec(15) /* another child takes the work over in some ten seconds */

typedef struct {
    const char *runtime;
} limit_options_t;

static const ag_opt_t limit_options[] = {
    {"runtime", AG_OPT_TEXT, offsetof(limit_options_t, runtime), "DIR",
     "the server's DefaultRuntimeDir, or its file there"},
    {0},
};

/* Asks the server about a subject. An exit code; what was wrong has been said. */
static int ask(json_t **told, const ag_ctl_t *ctl, const char *runtime, const char *what,
               const char *subject)
{
    const char *question = apr_pstrcat(ctl->pool, what, " ", subject, NULL), *answer;
    ag_desk_t *desk;
    int fd, code;

    if (strlen(question) >= AG_DESK_QUESTION || !ag_text_printable(subject)) {
        return ag_ctl_fail(AG_EXIT_USAGE, "that is not a subject");
    }
    code = ag_ctl_desk(&desk, &fd, ctl, runtime);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (!desk->served) {
        return ag_ctl_fail(AG_EXIT_NO, "this server has no limits");
    }
    answer = ag_desk_ask(desk, fd, question, PATIENCE, ctl->pool);
    *told = answer ? ag_json_object(answer, strlen(answer), ctl->pool) : NULL;
    if (!*told) {
        return ag_ctl_fail(AG_EXIT_NO, "the server does not answer; does it have mod_watchdog?");
    }
    if (!json_is_true(json_object_get(*told, "understood"))) {
        return ag_ctl_fail(AG_EXIT_NO, "no limit of this server counts such a subject; they read "
                           "ip:192.0.2.1, client:key::acme, key:PREFIX:key::acme, "
                           "user:jwt:ISSUER:alice, path:/api/, global");
    }
    return AG_EXIT_OK;
}

static int says(const json_t *told, const char *name)
{
    return json_is_true(json_object_get(told, name));
}

static int is_central(const json_t *told)
{
    const char *store = json_string_value(json_object_get(told, "store"));

    return store && strcmp(store, "memcached") == 0;
}

/* ---- limit show ------------------------------------------------------------------------------ */

typedef struct {
    const char *title;
    const char *name;
    int central; /* only of limits that are counted in memcached */
} column_t;

static const column_t columns[] = {
    {"POLICY", "policy", 0}, {"USED", "used", 0},   {"REMAINING", "remaining", 0},
    {"RESET", "reset", 0},   {"HELD", "reserved", 1}, {"ALONE", "alone", 1},
    {"SERVER", "server", 0}, {"SECTION", "section", 0},
};

#define COLUMNS (int)(sizeof columns / sizeof *columns)

static const char *cell(const json_t *window, const char *name, apr_pool_t *p)
{
    const json_t *value = json_object_get(window, name);

    if (!value) {
        return "?";
    }
    return json_is_string(value)
               ? ag_ctl_plain(json_string_value(value), p)
               : apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
}

static void print_windows(const json_t *windows, int central, apr_pool_t *p)
{
    apr_array_header_t *cells = apr_array_make(p, 12, sizeof(char *));
    const char *titles[COLUMNS];
    apr_size_t i;
    int column, n = 0;

    for (column = 0; column < COLUMNS; column++) {
        if (central || !columns[column].central) {
            titles[n++] = columns[column].title;
        }
    }
    for (i = 0; i < json_array_size(windows); i++) {
        for (column = 0; column < COLUMNS; column++) {
            if (central || !columns[column].central) {
                APR_ARRAY_PUSH(cells, const char *) =
                    cell(json_array_get(windows, i), columns[column].name, p);
            }
        }
    }
    ag_ctl_table(titles, n, cells, p);
}

/* What the table covers. */
static void print_store(const json_t *told)
{
    if (!is_central(told)) {
        return;
    }
    puts("counted in memcached, for all servers. HELD: this server has reserved it and not used it;");
    puts("ALONE: it counted that by itself while memcached was away");
    if (!says(told, "reachable")) {
        puts("memcached cannot be reached: this is what it said when this server last asked");
    }
}

static int run_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const limit_options_t *o = options;
    json_t *told, *windows;
    int code = ask(&told, ctl, o->runtime, "show", operands->v[0]);

    if (code != AG_EXIT_OK) {
        return code;
    }
    windows = json_object_get(told, "windows");
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:o,s:O,s:O,s:O,s:O}", "subject",
                              ag_ctl_text(operands->v[0], ctl->pool), "store",
                              json_object_get(told, "store"), "reachable",
                              json_object_get(told, "reachable"), "complete",
                              json_object_get(told, "complete"), "windows", windows));
        return AG_EXIT_OK;
    }
    print_store(told);
    if (json_array_size(windows)) {
        print_windows(windows, is_central(told), ctl->pool);
    }
    else {
        puts("nothing is counted");
    }
    if (!says(told, "complete")) {
        puts("... and more than the answer has room for");
    }
    puts("(limits of .htaccess files are not known here)");
    return AG_EXIT_OK;
}

/* ---- limit reset ----------------------------------------------------------------------------- */

static int run_reset(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const limit_options_t *o = options;
    json_int_t n;
    json_t *told;
    int code = ask(&told, ctl, o->runtime, "reset", operands->v[0]);

    if (code != AG_EXIT_OK) {
        return code;
    }
    n = json_integer_value(json_object_get(told, "reset"));
    if (!says(told, "reachable")) {
        return ag_ctl_fail(AG_EXIT_NO, "memcached cannot be reached, so not everything is forgotten; "
                           "%d window%s begun anew. Try again later", (int)n, n == 1 ? "" : "s");
    }
    if (n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "nothing is counted of %s; limits of .htaccess files are not known here",
                           ag_ctl_plain(operands->v[0], ctl->pool));
    }
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:I}", "reset", n));
        return AG_EXIT_OK;
    }
    printf("%d window%s begun anew%s\n", (int)n, n == 1 ? "" : "s",
           is_central(told) ? ", for all servers within three seconds" : "");
    return AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_limit[] = {
    {"limit show", run_show, limit_options, sizeof(limit_options_t), "SUBJECT",
     "show what a running server has counted for a subject, such as client:key::acme"},
    {"limit reset", run_reset, limit_options, sizeof(limit_options_t), "SUBJECT",
     "forget what was counted for a subject"},
    {0},
};
