/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main: apiguardctl, the operator's tool. Finds the command that the words name, reads its options
 * and runs it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "../keys/keys.h"
#include "ctl.h"

#ifndef AG_VERSION
#define AG_VERSION "unversioned"
#endif
#ifndef AG_DEFAULT_DB
#define AG_DEFAULT_DB "sqlite3:/var/lib/apiguard/keys.db"
#endif

typedef struct {
    const char *db;
    int json, help, version;
} global_t;

static const ag_opt_t globals[] = {
    {"db", AG_OPT_TEXT, offsetof(global_t, db), "DRIVER:PARAMS",
     "the database; else $APIGUARD_DB, else " AG_DEFAULT_DB},
    {"json", AG_OPT_FLAG, offsetof(global_t, json), NULL, "print JSON"},
    {"help", AG_OPT_FLAG, offsetof(global_t, help), NULL, "print this"},
    {"version", AG_OPT_FLAG, offsetof(global_t, version), NULL, "print the version"},
    {0},
};

static int is_global(const char *word)
{
    const ag_opt_t *option;

    for (option = globals; option->name; option++) {
        apr_size_t n = strlen(option->name);

        if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, option->name, n) == 0
            && (!word[n + 2] || word[n + 2] == '=')) {
            return 1;
        }
    }
    return 0;
}

/* Global options may stand anywhere: takes them out of the words. An error text or NULL. */
static const char *take_globals(global_t *global, ag_words_t *rest, int argc, const char *const *argv, apr_pool_t *p)
{
    ag_words_t taken = {0, apr_palloc(p, (apr_size_t)argc * sizeof(char *))};
    ag_words_t none;
    int i;

    rest->n = 0;
    rest->v = apr_palloc(p, (apr_size_t)argc * sizeof(char *));
    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!is_global(argv[i])) {
            rest->v[rest->n++] = argv[i];
            continue;
        }
        taken.v[taken.n++] = argv[i];
        if (strcmp(argv[i], "--db") == 0 && i + 1 < argc) {
            taken.v[taken.n++] = argv[++i];
        }
    }
    for (; i < argc; i++) {
        rest->v[rest->n++] = argv[i];
    }
    return ag_ctl_options(global, &none, globals, &taken, p);
}

static int run_command(ag_ctl_t *ctl, const ag_cmd_t *command, const ag_words_t *words)
{
    void *options = apr_pcalloc(ctl->pool, command->size);
    ag_words_t operands;
    const char *error = ag_ctl_options(options, &operands, command->options, words, ctl->pool);
    int code, told;

    if (!error) {
        error = ag_ctl_operands(command, &operands, ctl->pool);
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s\nTry: apiguardctl help %s", error, command->name);
    }
    code = command->run(ctl, options, &operands);
    told = ctl->changed ? ag_ctl_notify(ctl) : AG_EXIT_OK;
    return code == AG_EXIT_OK ? told : code;
}

static void print_version(int json)
{
    if (json) {
        ag_ctl_json(
            json_pack("{s:s, s:i, s:s}", "version", AG_VERSION, "schema", AG_SCHEMA_VERSION, "db", AG_DEFAULT_DB));
    }
    else {
        puts("apiguardctl " AG_VERSION);
    }
}

static int dispatch(ag_ctl_t *ctl, const global_t *global, const ag_words_t *words)
{
    int help = global->help || (words->n > 0 && strcmp(words->v[0], "help") == 0);
    int from = words->n > 0 && strcmp(words->v[0], "help") == 0;
    int n;
    const ag_cmd_t *command = ag_ctl_find_command(words, from, &n, ctl->pool);
    ag_words_t rest;

    if (global->version || (words->n == 1 && strcmp(words->v[0], "version") == 0)) {
        print_version(ctl->json);
        return AG_EXIT_OK;
    }
    if (help && (command || words->n == from)) {
        ag_ctl_help(command, globals, ctl->json, ctl->pool);
        return AG_EXIT_OK;
    }
    if (!command) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s\nTry: apiguardctl help",
                           words->n ? "there is no such command" : "a command is missing");
    }
    rest.n = words->n - n;
    rest.v = words->v + n;
    return run_command(ctl, command, &rest);
}

static void write_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    ag_ctl_fail(0, "%s", text);
}

/* "complete" and what was typed so far; options in it are not ours to take. */
static int complete(int argc, const char *const *argv, apr_pool_t *p)
{
    apr_size_t size = (apr_size_t)(argc - 2) * sizeof *argv;
    ag_words_t words = {argc - 2, apr_pmemdup(p, argv + 2, size)};

    ag_ctl_complete(&words, globals, p);
    return AG_EXIT_OK;
}

static int run(int argc, const char *const *argv, apr_pool_t *p)
{
    global_t global = {0};
    ag_words_t words;
    const char *error = take_globals(&global, &words, argc, argv, p);
    const char *set = getenv("APIGUARD_DB");
    ag_ctl_t *ctl = apr_pcalloc(p, sizeof *ctl); /* the connection in it is closed with the pool */

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    if (apr_dbd_init(p) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_DATABASE, "the database drivers cannot be loaded");
    }
    ctl->pool = p;
    ctl->now = apr_time_now();
    ctl->address = global.db ? global.db : set && *set ? set : AG_DEFAULT_DB;
    ctl->json = global.json;
    ctl->terminal = isatty(STDOUT_FILENO);
    ctl->log.write = write_log;
    ctl->log.level = AG_LOG_WARNING;
    return dispatch(ctl, &global, &words);
}

/* A closed one's number would be that of the next file that is opened, and what is printed would go into it: a
 * running server's control file, the connection to the database. The other way round each still fails. */
static int fill_standard_files(void)
{
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p;
    int code;

    if (!fill_standard_files()) {
        return AG_EXIT_USAGE; /* there is nowhere to say why */
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_DATABASE, "no memory");
    }
    code = argc >= 2 && strcmp(argv[1], "complete") == 0 ? complete(argc, argv, p) : run(argc, argv, p);
    apr_pool_destroy(p);
    apr_terminate();
    if (fflush(stdout) != 0 && code == AG_EXIT_OK) {
        return ag_ctl_fail(AG_EXIT_NO, "the output could not be written");
    }
    return code;
}
