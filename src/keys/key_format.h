/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_format: what a key looks like.
 *
 *     agk_ 0uN...43 base62 characters...x7Q 1kZ9bA
 *     |    256 random bits                  CRC-32 of all before it, six base62 characters
 *     prefix: [A-Za-z][A-Za-z0-9_]{1,15}, the operator's choice; the last underscore ends it
 *
 * Base62 is 0-9A-Za-z, most significant digit first. The checksum finds typing errors and lets a
 * scanner know a leaked key; it is no secret.
 */
#ifndef AG_KEY_FORMAT_H
#define AG_KEY_FORMAT_H

#include <apr_pools.h>

#include "../base/digest.h"

#define AG_KEY_PREFIX_MAX   16
#define AG_KEY_RANDOM_CHARS 43
#define AG_KEY_CHECK_CHARS  6
#define AG_KEY_PUBLIC_CHARS 8   /* of the random part that its public prefix shows */
#define AG_KEY_LONGEST      512 /* bytes of a key of any shape; longer ones are not even hashed */
#define AG_KEY_MAX          (AG_KEY_PREFIX_MAX + 1 + AG_KEY_RANDOM_CHARS + AG_KEY_CHECK_CHARS)

typedef enum {
    AG_KEY_FOREIGN, /* another shape: an imported key, perhaps */
    AG_KEY_OURS,    /* our shape, checksum right */
    AG_KEY_TYPO     /* our shape, checksum wrong: no such key can exist */
} ag_key_shape_e;

ag_key_shape_e ag_key_shape(const char *key, apr_size_t n);

/* 1 when `prefix` (without its underscore) may start keys. */
int ag_key_prefix_valid(const char *prefix);

/* A new key into `key` (AG_KEY_MAX + 1 bytes). Wipe it after use. */
apr_status_t ag_key_make(char *key, const char *prefix);

/* The part that may be shown and logged: prefix, underscore and the first eight random characters
 * ("agk_0uN4kLm2"); of a foreign key its first four characters and "...". */
const char *ag_key_public(const char *key, apr_size_t n, apr_pool_t *p);

#define AG_KEY_PEPPER_LEAST 16 /* bytes */

/* The pepper that a source names (see ag_open_source()), for the server and the tool alike: what one of them
 * takes the other must not read otherwise. An error text or NULL. */
const char *ag_key_pepper(const unsigned char **bytes, apr_size_t *n, const char *source, apr_pool_t *p);

/* What the database holds: lower-case hex of SHA-256, or of HMAC-SHA-256 under a pepper. */
void ag_key_hash(char hex[2 * AG_SHA256_SIZE + 1], const char *key, apr_size_t n, const unsigned char *pepper,
                 apr_size_t pepper_size);

#endif
