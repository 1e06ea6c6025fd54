/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_match: which row is this key's? By the hash that the server would look for; then, for
 * imported keys, by the first characters and bcrypt, which takes a tenth of a second for each row. Under
 * a pepper no bcrypt hash is looked at, as in the server.
 */
#include <string.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "../core/open.h"
#include "../keys/key_format.h"
#include "../keys/keys_bcrypt.h"
#include "key.h"

/* Below the directory the tool was started in, as anybody who types a path means it. */
static const char *absolute(const char *source, apr_pool_t *p)
{
    char *here;

    return apr_filepath_get(&here, 0, p) == APR_SUCCESS ? ag_open_absolute(source, here, p) : NULL;
}

const char *ag_ctl_pepper(ag_ctl_pepper_t *pepper, const char *source, apr_pool_t *p)
{
    const char *path, *error;

    memset(pepper, 0, sizeof *pepper);
    if (!source) {
        return NULL;
    }
    path = absolute(source, p);
    error = path ? ag_key_pepper(&pepper->bytes, &pepper->n, path, p)
                 : "write file:PATH, base64:PATH or env:NAME, as ApiGuardKeyPepper does; a secret does "
                   "not belong on a command line";
    if (!error) {
        ag_ctl_wipe_later((void *)pepper->bytes, pepper->n, p);
    }
    return error ? apr_pstrcat(p, "--pepper: ", error, NULL) : NULL;
}

/* Keeps the first row that the key fits; the others go. */
static void keep_match(ag_rows_t *rows, const char *text, apr_size_t n, apr_pool_t *p)
{
    int r = 0;

    while (r < rows->n && !ag_keys_bcrypt_is(text, n, rows->cells[r * rows->columns + AG_K_HASH], p)) {
        r++;
    }
    rows->cells += r < rows->n ? r * rows->columns : 0;
    rows->n = r < rows->n;
}

int ag_ctl_key_match(ag_rows_t *rows, ag_ctl_t *ctl, const char *text, apr_size_t n, const ag_ctl_pepper_t *pepper)
{
    char hash[2 * AG_SHA256_SIZE + 1];
    const char *value = hash;
    int code;

    ag_key_hash(hash, text, n, pepper->bytes, pepper->n);
    code = ag_ctl_keys_select(rows, ctl, " WHERE k.key_hash = %s", 1, &value);
    if (code != AG_EXIT_OK || rows->n || pepper->n || !ag_keys_bcrypt_fits(text, n)) {
        return code;
    }
    value = apr_pstrmemdup(ctl->pool, text, AG_BCRYPT_PREFIX);
    code = ag_ctl_keys_select(rows, ctl, " WHERE k.key_prefix = %s", 1, &value);
    if (code == AG_EXIT_OK) {
        keep_match(rows, text, n, ctl->pool);
    }
    return code;
}
