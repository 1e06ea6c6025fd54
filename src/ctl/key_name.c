/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_name: which key is meant? A key is named by its number or public prefix; a whole key is taken
 * from standard input only.
 */
#include <string.h>

#include <apr_strings.h>

#include "../keys/key_format.h"
#include "key.h"

/* A whole key on standard input. */
static int select_secret(ag_rows_t *rows, ag_ctl_t *ctl, const char *pepper_file)
{
    ag_ctl_pepper_t pepper;
    const char *error = ag_ctl_pepper(&pepper, pepper_file, ctl->pool);
    char *key;
    int code;

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    key = ag_ctl_secret(ctl->pool);
    if (!key) {
        return AG_EXIT_USAGE;
    }
    if (ag_key_shape(key, strlen(key)) == AG_KEY_TYPO) {
        return ag_ctl_fail(AG_EXIT_NO, "this key is mistyped: its last six characters do not fit "
                                       "the others");
    }
    code = ag_ctl_open(ctl, 1);
    return code == AG_EXIT_OK ? ag_ctl_key_match(rows, ctl, key, strlen(key), &pepper) : code;
}

/* An id or a public prefix. */
static int select_named(ag_rows_t *rows, ag_ctl_t *ctl, const char *name)
{
    int number = strspn(name, "0123456789") == strlen(name) && *name && strlen(name) < 19;
    int code = ag_ctl_open(ctl, 1);

    if (code != AG_EXIT_OK) {
        return code;
    }
    return ag_ctl_keys_select(rows, ctl, number ? " WHERE k.id = %lld" : " WHERE k.key_prefix = %s ORDER BY k.id", 1,
                              &name);
}

int ag_ctl_key_find(const char ***row, ag_ctl_t *ctl, const char *operand, const char *pepper)
{
    ag_rows_t rows;
    int code;

    if (ag_key_shape(operand, strlen(operand)) != AG_KEY_FOREIGN) {
        return ag_ctl_fail(AG_EXIT_USAGE,
                           "a whole key does not belong on a command line, which "
                           "the shell remembers; name it %s, or pass - and the key on stdin",
                           ag_key_public(operand, strlen(operand), ctl->pool));
    }
    code = strcmp(operand, "-") == 0 ? select_secret(&rows, ctl, pepper) : select_named(&rows, ctl, operand);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (rows.n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no such key");
    }
    if (rows.n > 1) {
        ag_ctl_keys_print(ctl, &rows);
        return ag_ctl_fail(AG_EXIT_NO, "%d keys begin like this: name one by its id", rows.n);
    }
    *row = rows.cells;
    return AG_EXIT_OK;
}

int ag_ctl_key_reread(const char ***row, ag_ctl_t *ctl, const char *id)
{
    ag_rows_t rows;
    int code = ag_ctl_keys_select(&rows, ctl, " WHERE k.id = %lld", 1, &id);

    if (code == AG_EXIT_OK && rows.n != 1) {
        return ag_ctl_fail(AG_EXIT_NO, "the key is gone");
    }
    *row = rows.cells;
    return code;
}
