/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_record: a key as bytes that may lie in shared memory. Everything is an offset, so a hit is a
 * copy and a few additions: nothing is parsed again.
 */
#ifndef AG_KEYS_RECORD_H
#define AG_KEYS_RECORD_H

#include "keys.h"

/* What a record is found by when the key changes. Every record begins with it. */
typedef struct ag_stored_hash_t {
    unsigned char byte[AG_SHA256_SIZE];
} ag_stored_hash_t;

/* A stored hash as bytes: of hex those it stands for, of a bcrypt hash its SHA-256. 0 when `stored`
 * is neither. */
int ag_stored_hash(ag_stored_hash_t *hash, const char *stored);

/* 1 when it is a bcrypt hash. */
int ag_stored_is_bcrypt(const char *stored);

/* The record of a key, in `p`; *size is its length. NULL when the key is too long for any record
 * (then it is not cached). */
const void *ag_keys_record_make(apr_size_t *size, const ag_key_t *key, apr_pool_t *p);

/* The key of a record of `size` bytes. The key points into the record, which is the caller's copy
 * and lives as long as `p`. NULL when it is no record of this version, or leads
 * outside of itself. */
ag_key_t *ag_keys_record_open(const void *record, apr_size_t size, apr_pool_t *p);

#endif
