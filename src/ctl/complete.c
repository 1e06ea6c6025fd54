/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complete: what may stand next on the command line, for the shell's completion. It reads the
 * tables of commands and options, so whatever is there can be completed. It opens no database.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "ctl.h"

static const ag_opt_t *find_option(const ag_opt_t *table, const char *word)
{
    for (; table && table->name; table++) {
        if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, table->name) == 0) {
            return table;
        }
    }
    return NULL;
}

/* 1 when what follows this word is its value. */
static int wants_value(const ag_cmd_t *command, const ag_opt_t *globals, const char *word)
{
    const ag_opt_t *option = find_option(globals, word);

    option = option || !command ? option : find_option(command->options, word);
    return option && option->kind != AG_OPT_FLAG;
}

static void print_options(const ag_opt_t *option)
{
    for (; option && option->name; option++) {
        printf("--%s\n", option->name);
    }
}

/* The words of commands behind `first` ("": the first ones), each once. */
static void print_words(const char *first, apr_pool_t *p)
{
    apr_size_t n = strlen(first);
    const char *before = "";
    const ag_cmd_t *command;
    int i;

    for (i = 0; (command = ag_ctl_command(i)); i++) {
        const char *rest = command->name + (n ? n + 1 : 0);
        const char *word;

        if (n && (strncmp(command->name, first, n) != 0 || command->name[n] != ' ')) {
            continue;
        }
        word = apr_pstrmemdup(p, rest, strcspn(rest, " "));
        if (strcmp(word, before) != 0) {
            puts(word);
        }
        before = word;
    }
}

/* The words before the one that is asked for, without options and their values. */
static void read_plain(ag_words_t *plain, const ag_words_t *words, const ag_opt_t *globals, apr_pool_t *p)
{
    const ag_cmd_t *command = NULL;
    int i, n;

    plain->v = apr_palloc(p, ((apr_size_t)words->n + 1) * sizeof *plain->v);
    for (i = 0; i < words->n - 1; i++) {
        if (strncmp(words->v[i], "--", 2) == 0) {
            i += wants_value(command, globals, words->v[i]);
            continue;
        }
        plain->v[plain->n++] = words->v[i];
        command = command ? command : ag_ctl_find_command(plain, 0, &n, p);
    }
}

void ag_ctl_complete(const ag_words_t *words, const ag_opt_t *globals, apr_pool_t *p)
{
    const char *current = words->n ? words->v[words->n - 1] : "";
    const char *before = words->n > 1 ? words->v[words->n - 2] : "";
    ag_words_t plain = {0, NULL};
    const ag_cmd_t *command;
    int help, n;

    read_plain(&plain, words, globals, p);
    help = plain.n > 0 && strcmp(plain.v[0], "help") == 0;
    command = ag_ctl_find_command(&plain, help, &n, p);
    if (wants_value(command, globals, before)) {
        return; /* the shell knows files */
    }
    if (strncmp(current, "--", 2) == 0) {
        print_options(command ? command->options : NULL);
        print_options(globals);
    }
    else if (!command && plain.n - help == 0) {
        print_words("", p);
        fputs(help ? "" : "help\nversion\n", stdout);
    }
    else if (!command && plain.n - help == 1) {
        print_words(plain.v[help], p);
    }
}
