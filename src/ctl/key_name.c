/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_name: which key is meant? A key is named by its number or public prefix; a whole key is taken
 * from standard input only.
 */
#include <string.h>

#include <apr_strings.h>

#include "../keys/key_format.h"
#include "key.h"

/* What to look for: the condition and its value. An exit code; what was wrong has been said. */
static int name_key(const char **condition, const char **value, const char *operand,
                    const char *pepper_file, apr_pool_t *p)
{
    char hash[2 * AG_SHA256_SIZE + 1];
    const unsigned char *pepper = NULL;
    apr_size_t pepper_size = 0;
    const char *error;
    char *key;

    if (ag_key_shape(operand, strlen(operand)) != AG_KEY_FOREIGN) {
        return ag_ctl_fail(AG_EXIT_USAGE, "a whole key does not belong on a command line, which "
                           "the shell remembers; name it %s, or pass - and the key on stdin",
                           ag_key_public(operand, strlen(operand), p));
    }
    if (strcmp(operand, "-") != 0) {
        int number = strspn(operand, "0123456789") == strlen(operand) && strlen(operand) < 19;

        *condition = number ? " WHERE k.id = %lld" : " WHERE k.key_prefix = %s ORDER BY k.id";
        *value = operand;
        return AG_EXIT_OK;
    }
    error = pepper_file ? ag_ctl_secret_file(&pepper, &pepper_size, pepper_file, p) : NULL;
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--pepper: %s", error);
    }
    key = ag_ctl_secret(p);
    if (!key) {
        return AG_EXIT_USAGE;
    }
    if (ag_key_shape(key, strlen(key)) == AG_KEY_TYPO) {
        return ag_ctl_fail(AG_EXIT_NO, "this key is mistyped: its last six characters do not fit "
                           "the others");
    }
    ag_key_hash(hash, key, strlen(key), pepper, pepper_size);
    *condition = " WHERE k.key_hash = %s";
    *value = apr_pstrdup(p, hash);
    return AG_EXIT_OK;
}

int ag_ctl_key_find(const char ***row, ag_ctl_t *ctl, const char *operand, const char *pepper)
{
    const char *condition = NULL, *value = NULL;
    ag_rows_t rows;
    int code = name_key(&condition, &value, operand, pepper, ctl->pool);

    code = code == AG_EXIT_OK ? ag_ctl_open(ctl, 1) : code;
    if (code == AG_EXIT_OK) {
        code = ag_ctl_keys_select(&rows, ctl, condition, 1, &value);
    }
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
