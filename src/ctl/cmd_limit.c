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
#include "../core/credential.h"
#include "../ipset/ipset.h"
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

/* What the server counts by. A bare name is a key's client ("client:key::NAME"), a bare address an address
 * ("ip:ADDRESS"). */
static const char *subject_of(const char *text, apr_pool_t *p)
{
    ag_ip_t ip;

    if (ag_ip_parse(&ip, text)) {
        return apr_pstrcat(p, "ip:", text, NULL);
    }
    return strchr(text, ':') || strcmp(text, "global") == 0
               ? text
               : apr_pstrcat(p, "client:", AG_KIND(key)->name, "::", text, NULL);
}

/* Asks the server about a subject ("": about the table alone). An exit code; what was wrong has been
 * said. */
static int ask(json_t **told, const ag_ctl_t *ctl, const char *runtime, const char *what, const char *subject)
{
    const char *question = *subject ? apr_pstrcat(ctl->pool, what, " ", subject, NULL) : what;
    const char *answer;
    ag_control_t *control;
    apr_size_t room;
    int fd, code;

    if (strlen(question) >= AG_CONTROL_QUESTION || !ag_text_printable(subject)) {
        return ag_ctl_fail(AG_EXIT_USAGE, "that is not a subject");
    }
    code = ag_ctl_control(&control, &room, &fd, ctl, runtime);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (!control->served) {
        return ag_ctl_fail(AG_EXIT_NO, "this server has no limits");
    }
    answer = ag_control_ask(control, fd, question, PATIENCE, ctl->pool);
    *told = answer ? ag_json_object(answer, strlen(answer), ctl->pool) : NULL;
    if (!*told) {
        return ag_ctl_fail(AG_EXIT_NO, "the server does not answer; does it have mod_watchdog?");
    }
    if (!json_is_true(json_object_get(*told, "understood"))) {
        return ag_ctl_fail(AG_EXIT_NO, "no limit of this server counts such a subject; they read "
                                       "ip:192.0.2.1, client:key::acme (or acme), key:PREFIX:key::acme, "
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

/* When a column is shown. */
enum { ALWAYS = 0, CENTRAL = 1, SHARED = 2 };

typedef struct {
    const char *title;
    const char *name;
    unsigned of; /* limits that are counted in memcached, counters that others share */
} column_t;

static const column_t columns[] = {
    {"POLICY", "policy", ALWAYS}, {"USED", "used", ALWAYS},      {"REMAINING", "remaining", ALWAYS},
    {"RESET", "reset", ALWAYS},   {"HELD", "reserved", CENTRAL}, {"ALONE", "alone", CENTRAL},
    {"WITH", "with", SHARED},     {"SERVER", "server", ALWAYS},  {"SECTION", "section", ALWAYS},
};

#define COLUMNS (int)(sizeof columns / sizeof *columns)

static const char *cell(const json_t *window, const char *name, apr_pool_t *p)
{
    const json_t *value = json_object_get(window, name);

    if (!value) {
        return strcmp(name, "with") == 0 ? "-" : "?";
    }
    return json_is_string(value) ? ag_ctl_plain(json_string_value(value), p)
                                 : apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
}

static unsigned any_shared(const json_t *windows)
{
    apr_size_t i;

    for (i = 0; i < json_array_size(windows); i++) {
        if (json_object_get(json_array_get(windows, i), "with")) {
            return SHARED;
        }
    }
    return 0;
}

static void print_windows(const json_t *windows, int central, apr_pool_t *p)
{
    unsigned hidden = ~((central ? CENTRAL : 0u) | any_shared(windows));
    apr_array_header_t *cells = apr_array_make(p, 12, sizeof(char *));
    const char *titles[COLUMNS];
    apr_size_t i;
    int column, n = 0;

    for (column = 0; column < COLUMNS; column++) {
        if (!(columns[column].of & hidden)) {
            titles[n++] = columns[column].title;
        }
    }
    for (i = 0; i < json_array_size(windows); i++) {
        for (column = 0; column < COLUMNS; column++) {
            if (!(columns[column].of & hidden)) {
                APR_ARRAY_PUSH(cells, const char *) = cell(json_array_get(windows, i), columns[column].name, p);
            }
        }
    }
    ag_ctl_table(titles, n, cells, p);
    if (!(hidden & SHARED)) {
        puts("WITH: the table is full, so these requests are counted together with others of that IPv6 "
             "network, or with all newcomers");
    }
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

static json_int_t figure(const json_t *table, const char *name)
{
    return json_integer_value(json_object_get(table, name));
}

/* How full the table of counters is. */
static int print_table(const ag_ctl_t *ctl, const json_t *told)
{
    const json_t *table = json_object_get(told, "table");
    json_int_t slots = figure(table, "slots"), used = figure(table, "used");

    if (ctl->json) {
        ag_ctl_json(json_pack("{s:O,s:O}", "store", json_object_get(told, "store"), "table", table));
        return AG_EXIT_OK;
    }
    printf("the table of this server's counters: %lld of %lld places in use (%lld %%)\n", (long long)used,
           (long long)slots, (long long)(slots ? used * 100 / slots : 0));
    printf("of those that are kept for identified clients: %lld of %lld\n", (long long)figure(table, "kept_used"),
           (long long)figure(table, "kept"));
    printf("requests without a place since the start: %lld counted as their IPv6 network's, %lld "
           "together with all newcomers\n",
           (long long)figure(table, "networks"), (long long)figure(table, "overflows"));
    return AG_EXIT_OK;
}

static int run_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const limit_options_t *o = options;
    const char *subject = operands->n ? subject_of(operands->v[0], ctl->pool) : "";
    json_t *told, *windows;
    int code = ask(&told, ctl, o->runtime, "show", subject);

    if (code != AG_EXIT_OK) {
        return code;
    }
    if (!*subject) {
        return print_table(ctl, told);
    }
    windows = json_object_get(told, "windows");
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:o,s:O,s:O,s:O,s:O,s:O}", "subject", ag_ctl_text(subject, ctl->pool), "store",
                              json_object_get(told, "store"), "reachable", json_object_get(told, "reachable"),
                              "complete", json_object_get(told, "complete"), "windows", windows, "table",
                              json_object_get(told, "table")));
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
    int code = ask(&told, ctl, o->runtime, "reset", subject_of(operands->v[0], ctl->pool));

    if (code != AG_EXIT_OK) {
        return code;
    }
    n = json_integer_value(json_object_get(told, "reset"));
    if (!says(told, "reachable")) {
        return ag_ctl_fail(AG_EXIT_NO,
                           "memcached cannot be reached, so not everything is forgotten; "
                           "%d window%s begun anew. Try again later",
                           (int)n, n == 1 ? "" : "s");
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
    {"limit show", run_show, limit_options, sizeof(limit_options_t), "[SUBJECT]",
     "show what a running server has counted for a subject, such as client:key::acme or acme; without one, how "
     "full its table is"},
    {"limit reset", run_reset, limit_options, sizeof(limit_options_t), "SUBJECT",
     "forget what was counted for a subject"},
    {0},
};
