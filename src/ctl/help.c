/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help: prints the tables of commands and options, for people and as JSON. It knows no command.
 */
#include <stdio.h>

#include <apr_strings.h>

#include "ctl.h"

static const char *title_of(const ag_cmd_t *command, apr_pool_t *p)
{
    return apr_pstrcat(p, command->name, command->operands ? " " : "", command->operands, NULL);
}

static void print_options(const ag_opt_t *option, apr_pool_t *p)
{
    for (; option && option->name; option++) {
        const char *left = apr_pstrcat(p, "--", option->name, option->value ? " " : "", option->value, NULL);

        printf("  %-28s %s\n", left, option->help);
    }
}

static void print_commands(apr_pool_t *p)
{
    const ag_cmd_t *command;
    int i;

    puts("apiguardctl COMMAND [options]\n");
    for (i = 0; (command = ag_ctl_command(i)); i++) {
        printf("  %-28s %s\n", title_of(command, p), command->help);
    }
    puts("  help [COMMAND]               print a command's options\n"
         "  version                      print the version\n");
}

static json_t *options_json(const ag_opt_t *option, apr_pool_t *p)
{
    static const char *const kinds[] = {"text", "list", "flag"};
    json_t *array = json_array();

    for (; option && option->name; option++) {
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:o, s:s}", "name", option->name, "kind", kinds[option->kind],
                                        "value", ag_ctl_text(option->value, p), "help", option->help));
    }
    return array;
}

static json_t *command_json(const ag_cmd_t *command, apr_pool_t *p)
{
    return json_pack("{s:s, s:o, s:s, s:o}", "name", command->name, "operands", ag_ctl_text(command->operands, p),
                     "help", command->help, "options", options_json(command->options, p));
}

static void print_json(const ag_cmd_t *command, const ag_opt_t *globals, apr_pool_t *p)
{
    json_t *array = json_array();
    const ag_cmd_t *each;
    int i;

    for (i = 0; (each = ag_ctl_command(i)); i++) {
        if (!command || command == each) {
            json_array_append_new(array, command_json(each, p));
        }
    }
    ag_ctl_json(json_pack("{s:o, s:o}", "commands", array, "options", options_json(globals, p)));
}

void ag_ctl_help(const ag_cmd_t *command, const ag_opt_t *globals, int json, apr_pool_t *p)
{
    if (json) {
        print_json(command, globals, p);
        return;
    }
    if (command) {
        printf("apiguardctl %s [options]: %s\n\n", title_of(command, p), command->help);
        print_options(command->options, p);
    }
    else {
        print_commands(p);
    }
    print_options(globals, p);
    puts("\nKEY is a key's id, its public prefix, or - to read the whole key from standard input.\n"
         "Exit status: 0 done, 1 not found or refused, 2 wrong usage, 3 database,\n"
         "4 done, but a server of this machine notices only within a second.");
}
