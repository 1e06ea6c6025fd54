/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_bcrypt: see keys_bcrypt.h. The rows are read first and the connection is given back, so that
 * nobody waits for a connection while a hash is worked out.
 */
#include "keys_bcrypt.h"
#include "keys_poll.h"

#include <string.h>

#include <apr_md5.h>
#include <apr_strings.h>

#include "key_format.h"
#include "key_row.h"

int ag_keys_bcrypt_fits(const char *text, apr_size_t n)
{
    return n > AG_BCRYPT_PREFIX && n <= AG_BCRYPT_LONGEST && ag_key_shape(text, n) == AG_KEY_FOREIGN;
}

/* "$2y$10$...": the number of doublings, or -1. */
static int cost_of(const char *stored)
{
    int good = strncmp(stored, "$2", 2) == 0 && stored[2] && strchr("aby", stored[2]) && stored[3] == '$'
               && stored[4] >= '0' && stored[4] <= '9' && stored[5] >= '0' && stored[5] <= '9' && stored[6] == '$';

    return good ? 10 * (stored[4] - '0') + stored[5] - '0' : -1;
}

int ag_keys_bcrypt_is(const char *text, apr_size_t n, const char *stored, apr_pool_t *p)
{
    char key[AG_BCRYPT_LONGEST + 1];
    char *hash;
    int cost = cost_of(stored);
    int same;

    if (n > AG_BCRYPT_LONGEST || cost < 0 || cost > AG_BCRYPT_COST) {
        return 0;
    }
    memcpy(key, text, n);
    key[n] = '\0';
    hash = apr_pstrdup(p, stored);
    hash[2] = hash[2] == 'b' ? 'y' : hash[2]; /* two names of the same, and APR knows one */
    same = apr_password_validate(key, hash) == APR_SUCCESS;
    ag_wipe(key, sizeof key);
    return same;
}

/* The row by which this very key was found last time, if it is there and says the same. */
static const ag_key_row_t *known_row(const apr_array_header_t *rows, const ag_stored_hash_t *known)
{
    int i;

    for (i = 0; known && i < rows->nelts && i < AG_BCRYPT_TRIES; i++) {
        const ag_key_row_t *row = &APR_ARRAY_IDX(rows, i, ag_key_row_t);
        const char *stored = row->text[AG_COL_HASH];
        ag_stored_hash_t hash;

        if (stored && cost_of(stored) >= 0 && ag_stored_hash(&hash, stored)
            && memcmp(known, &hash, sizeof hash) == 0) {
            return row;
        }
    }
    return NULL;
}

static apr_status_t try_row(const ag_key_row_t *row, ag_keys_t *keys, ag_id_t name, const char *text, apr_size_t n,
                            apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    const char *stored = row->text[AG_COL_HASH];

    if (!stored || cost_of(stored) < 0) {
        return APR_NOTFOUND;
    }
    if (cost_of(stored) > AG_BCRYPT_COST) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0421: the bcrypt hash of key number %s costs more than 2^%d "
               "and is not tried",
               row->text[AG_COL_ID] ? row->text[AG_COL_ID] : "?", AG_BCRYPT_COST);
        return APR_NOTFOUND;
    }
    switch (ag_budget_take(keys->budget, name, now)) {
    case AG_BUDGET_OK:
        return ag_keys_bcrypt_is(text, n, stored, p) ? APR_SUCCESS : APR_NOTFOUND;
    case AG_BUDGET_JUST_SPENT:
        ag_log(log, AG_LOG_WARNING, 0,
               "AG0422: too many bcrypt hashes were tried within %d seconds; "
               "imported keys that are not cached get 503 for a while",
               AG_BUDGET_SECONDS);
        break;
    case AG_BUDGET_SPENT:
        break;
    }
    return APR_TIMEUP;
}

apr_status_t ag_keys_bcrypt_find(ag_key_t **key, ag_keys_t *keys, const ag_key_realm_t *realm, const char *text,
                                 apr_size_t n, const ag_stored_hash_t *known, apr_time_t now, const ag_log_t *log,
                                 apr_pool_t *p)
{
    const char *prefix = apr_pstrmemdup(p, text, AG_BCRYPT_PREFIX);
    ag_id_t name = ag_id_mix(realm->id, ag_sip(keys->sip, prefix, AG_BCRYPT_PREFIX));
    const ag_key_row_t *row;
    apr_array_header_t *rows;
    ag_log_t once;
    apr_status_t rv = ag_keys_dbd_alike(&rows, &keys->db, prefix, ag_keys_log(&once, keys, log, now), p);
    int i;

    ag_keys_fault(keys, rv, now);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    row = known_row(rows, known); /* before all tries: those would be its neighbours' */
    if (row) {
        return ag_key_of_row(key, row, row->text[AG_COL_HASH], log, p);
    }
    if (rows->nelts > AG_BCRYPT_TRIES) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0423: more than %d imported keys begin alike; the others "
               "are never tried",
               AG_BCRYPT_TRIES);
    }
    rv = APR_NOTFOUND;
    for (i = 0; rv == APR_NOTFOUND && i < rows->nelts && i < AG_BCRYPT_TRIES; i++) {
        row = &APR_ARRAY_IDX(rows, i, ag_key_row_t);
        rv = try_row(row, keys, name, text, n, now, log, p);
        if (rv == APR_SUCCESS) {
            return ag_key_of_row(key, row, row->text[AG_COL_HASH], log, p);
        }
    }
    return rv;
}
