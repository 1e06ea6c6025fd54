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
    const char *question = apr_pstrcat(ctl->pool, what, " ", subject, NULL), *path, *answer;
    ag_desk_t *desk;
    int code;

    if (strlen(question) >= AG_DESK_QUESTION || !ag_ctl_clean(subject)) {
        return ag_ctl_fail(AG_EXIT_USAGE, "that is not a subject");
    }
    code = ag_ctl_desk(&desk, &path, ctl, runtime);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (!desk->served) {
        return ag_ctl_fail(AG_EXIT_NO, "this server has no limits");
    }
    answer = ag_desk_ask(desk, path, question, PATIENCE, ctl->pool);
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

static int is_central(const json_t *told)
{
    const char *store = json_string_value(json_object_get(told, "store"));

    return store && strcmp(store, "memcached") == 0;
}

/* ---- limit show ------------------------------------------------------------------------------ */

static const char *cell(const json_t *window, const char *name, apr_pool_t *p)
{
    const json_t *value = json_object_get(window, name);

    return json_is_string(value)
               ? ag_ctl_plain(json_string_value(value), p)
               : apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
}

static void print_windows(const json_t *windows, apr_pool_t *p)
{
    static const char *const titles[] = {"POLICY", "USED", "REMAINING", "RESET", "SERVER", "SECTION"};
    static const char *const names[] = {"policy", "used", "remaining", "reset", "server", "section"};
    apr_array_header_t *cells = apr_array_make(p, 12, sizeof(char *));
    apr_size_t i;
    int column;

    for (i = 0; i < json_array_size(windows); i++) {
        for (column = 0; column < 6; column++) {
            APR_ARRAY_PUSH(cells, const char *) = cell(json_array_get(windows, i), names[column], p);
        }
    }
    ag_ctl_table(titles, 6, cells, p);
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
        ag_ctl_json(json_pack("{s:o,s:O,s:O,s:O}", "subject", ag_ctl_text(operands->v[0], ctl->pool),
                              "store", json_object_get(told, "store"), "complete",
                              json_object_get(told, "complete"), "windows", windows));
        return AG_EXIT_OK;
    }
    if (is_central(told)) {
        puts("counted in memcached, for all servers; this is what this machine counted alone:");
    }
    if (json_array_size(windows)) {
        print_windows(windows, ctl->pool);
    }
    else {
        puts("nothing is counted");
    }
    if (!json_is_true(json_object_get(told, "complete"))) {
        puts("... and more than the answer has room for");
    }
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
    if (is_central(told)) {
        return ag_ctl_fail(AG_EXIT_NO, "this server's limits are counted in memcached: only what this "
                           "machine counted alone is forgotten (%d windows)", (int)n);
    }
    if (n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "nothing is counted of %s",
                           ag_ctl_plain(operands->v[0], ctl->pool));
    }
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:I}", "reset", n));
    }
    else {
        printf("%d window%s begun anew\n", (int)n, n == 1 ? "" : "s");
    }
    return AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_limit[] = {
    {"limit show", run_show, limit_options, sizeof(limit_options_t), "SUBJECT",
     "show what a running server has counted for a subject, such as client:key::acme"},
    {"limit reset", run_reset, limit_options, sizeof(limit_options_t), "SUBJECT",
     "forget what was counted for a subject"},
    {0},
};
