/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_match: which row is this key's? By the hash that the server would look for; then, for imported
 * keys, by the first characters and bcrypt, which takes a tenth of a second for each row tried.
 */
#include <string.h>

#include <apr_md5.h>
#include <apr_strings.h>

#include "../keys/key_format.h"
#include "key.h"

#define BCRYPT_MAX 72 /* bytes; bcrypt does not look at those behind, so a longer key is none */

const char *ag_ctl_pepper(ag_pepper_t *pepper, const char *file, apr_pool_t *p)
{
    const char *error;

    memset(pepper, 0, sizeof *pepper);
    error = file ? ag_ctl_secret_file(&pepper->bytes, &pepper->n, file, p) : NULL;
    return error ? apr_pstrcat(p, "--pepper: ", error, NULL) : NULL;
}

static int is_bcrypts(const char **row, const char *key)
{
    return ag_draft_is_bcrypt(row[AG_K_HASH])
           && apr_password_validate(key, row[AG_K_HASH]) == APR_SUCCESS;
}

/* Keeps the first row that the key fits; the others go. */
static void keep_match(ag_rows_t *rows, const char *key)
{
    int r = 0;

    while (r < rows->n && !is_bcrypts(rows->cells + r * rows->columns, key)) {
        r++;
    }
    rows->cells += r < rows->n ? r * rows->columns : 0;
    rows->n = r < rows->n;
}

int ag_ctl_key_match(ag_rows_t *rows, ag_ctl_t *ctl, const char *text, apr_size_t n,
                     const ag_pepper_t *pepper)
{
    char hash[2 * AG_SHA256_SIZE + 1];
    const char *value = hash;
    char *key;
    int code;

    ag_key_hash(hash, text, n, pepper->bytes, pepper->n);
    code = ag_ctl_keys_select(rows, ctl, " WHERE k.key_hash = %s", 1, &value);
    if (code != AG_EXIT_OK || rows->n || n < AG_DRAFT_BCRYPT_PREFIX || n > BCRYPT_MAX) {
        return code;
    }
    key = ag_ctl_secret_memory(n + 1, ctl->pool);
    memcpy(key, text, n);
    value = apr_pstrmemdup(ctl->pool, key, AG_DRAFT_BCRYPT_PREFIX);
    code = ag_ctl_keys_select(rows, ctl, " WHERE k.key_prefix = %s", 1, &value);
    if (code == AG_EXIT_OK) {
        keep_match(rows, key);
    }
    return code;
}
