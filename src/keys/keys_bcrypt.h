/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_bcrypt: imported keys of which only a bcrypt hash is known. No query finds such a hash, so
 * rows are found by the key's first eight characters and tried one by one. A try costs a worker 50
 * to 400 ms; that is why there are few: at most eight rows, and a budget.
 */
#ifndef AG_KEYS_BCRYPT_H
#define AG_KEYS_BCRYPT_H

#include "keys.h"
#include "keys_record.h"

#define AG_BCRYPT_PREFIX  8  /* characters of a key in its row's key_prefix */
#define AG_BCRYPT_LONGEST 72 /* bytes; bcrypt would not look at what follows */
#define AG_BCRYPT_TRIES   8
#define AG_BCRYPT_COST    14 /* each more doubles the time; a row above it is not tried */

/* 1 when `text` may be such a key: neither of our own shape, nor too short, nor too long. */
int ag_keys_bcrypt_fits(const char *text, apr_size_t n);

/* 1 when the bcrypt hash (of any of the kinds 2a, 2b, 2y) is that of `text`. */
int ag_keys_bcrypt_is(const char *text, apr_size_t n, const char *stored, apr_pool_t *p);

/* Finds the key. `known` is the hash by which this very key was found last time, or NULL: a row that
 * still has it needs no new try. APR_SUCCESS, APR_NOTFOUND (certainly none), APR_TIMEUP (the budget
 * is spent) or a fault. */
apr_status_t ag_keys_bcrypt_find(ag_key_t **key, ag_keys_t *keys, const ag_key_realm_t *realm, const char *text,
                                 apr_size_t n, const ag_stored_hash_t *known, apr_time_t now, const ag_log_t *log,
                                 apr_pool_t *p);

#endif
