/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: all of them. Each file of commands brings a group of rows; the help, the completion and
 * the tests of the manual page are made from the rows.
 */
#include <string.h>

#include <apr_strings.h>

#include "ctl.h"

static const ag_cmd_t *const groups[] = {
    ag_cmds_init,       ag_cmds_key_create,    ag_cmds_key_list,     ag_cmds_key,
    ag_cmds_key_rotate, ag_cmds_key_import,    ag_cmds_key_export,   ag_cmds_key_find,
    ag_cmds_ip,         ag_cmds_ip_review,     ag_cmds_plan,         ag_cmds_template,
    ag_cmds_token,      ag_cmds_token_inspect, ag_cmds_token_revoke, ag_cmds_usage,
    ag_cmds_ban,        ag_cmds_limit,         ag_cmds_schema,       ag_cmds_openapi,
};

const ag_cmd_t *ag_ctl_command(int i)
{
    apr_size_t group;

    for (group = 0; group < sizeof groups / sizeof *groups; group++) {
        const ag_cmd_t *command;

        for (command = groups[group]; command->name; command++) {
            if (i-- == 0) {
                return command;
            }
        }
    }
    return NULL;
}

const ag_cmd_t *ag_ctl_find_command(const ag_words_t *words, int from, int *n, apr_pool_t *p)
{
    const ag_cmd_t *command;
    int i;

    for (*n = 2; *n > 0; --*n) {
        const char *name;

        if (words->n - from < *n) {
            continue;
        }
        name = *n == 2 ? apr_pstrcat(p, words->v[from], " ", words->v[from + 1], NULL) : words->v[from];
        for (i = 0; (command = ag_ctl_command(i)); i++) {
            if (strcmp(command->name, name) == 0) {
                return command;
            }
        }
    }
    return NULL;
}

const char *ag_ctl_operands(const ag_cmd_t *command, const ag_words_t *words, apr_pool_t *p)
{
    ag_words_t names;
    int least = 0, most = 0;
    int i;

    ag_text_words(&names, command->operands ? command->operands : "", p);
    for (i = 0; i < names.n; i++) {
        least += *names.v[i] != '[';
        most = strstr(names.v[i], "...") ? APR_INT32_MAX : most + 1;
    }
    if (words->n < least) {
        return apr_psprintf(p, "%s is missing%s", names.v[words->n],
                            strcmp(names.v[words->n], "KEY") == 0
                                ? ": an id, a public prefix, or - for a key on standard input"
                                : "");
    }
    return words->n > most ? "there is a word too many" : NULL;
}
