/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_format: see key_format.h. The random part is one number of 256 bits written in base62, so its
 * characters are as random as the number, and 43 of them always hold it (62^43 > 2^256).
 */
#include "key_format.h"

#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"

#define TAIL          (AG_KEY_RANDOM_CHARS + AG_KEY_CHECK_CHARS)
#define RANDOM_BYTES  32
#define FOREIGN_CHARS 4

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static int is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int is_base62(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static int prefix_valid(const char *prefix, apr_size_t n)
{
    apr_size_t i;

    if (n < 2 || n > AG_KEY_PREFIX_MAX || !is_letter(prefix[0])) {
        return 0;
    }
    for (i = 1; i < n; i++) {
        if (!is_base62(prefix[i]) && prefix[i] != '_') {
            return 0;
        }
    }
    return 1;
}

int ag_key_prefix_valid(const char *prefix)
{
    return prefix_valid(prefix, strlen(prefix));
}

/* Divides the number in `bytes` (most significant first) by 62; the remainder. */
static unsigned int divide(unsigned char *bytes, apr_size_t n)
{
    unsigned int rest = 0;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        rest = rest << 8 | bytes[i];
        bytes[i] = (unsigned char)(rest / 62);
        rest %= 62;
    }
    return rest;
}

/* The number as exactly `chars` digits; what it was in is zero afterwards. */
static void write_number(char *out, int chars, unsigned char *bytes, apr_size_t n)
{
    while (chars--) {
        out[chars] = base62[divide(bytes, n)];
    }
}

static void write_check(char out[AG_KEY_CHECK_CHARS], const char *key, apr_size_t n)
{
    apr_uint32_t crc = ag_crc32(key, n);
    unsigned char bytes[4] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16), (unsigned char)(crc >> 8),
                              (unsigned char)crc};

    write_number(out, AG_KEY_CHECK_CHARS, bytes, sizeof bytes);
}

ag_key_shape_e ag_key_shape(const char *key, apr_size_t n)
{
    char check[AG_KEY_CHECK_CHARS];
    apr_size_t i;

    if (n <= TAIL + 1 || key[n - TAIL - 1] != '_' || !prefix_valid(key, n - TAIL - 1)) {
        return AG_KEY_FOREIGN;
    }
    for (i = n - TAIL; i < n; i++) {
        if (!is_base62(key[i])) {
            return AG_KEY_FOREIGN;
        }
    }
    write_check(check, key, n - AG_KEY_CHECK_CHARS);
    return memcmp(check, key + n - AG_KEY_CHECK_CHARS, AG_KEY_CHECK_CHARS) == 0 ? AG_KEY_OURS : AG_KEY_TYPO;
}

apr_status_t ag_key_make(char *key, const char *prefix)
{
    unsigned char bytes[RANDOM_BYTES];
    apr_size_t n = strlen(prefix);
    apr_status_t rv;

    if (!ag_key_prefix_valid(prefix)) {
        return APR_EINVAL;
    }
    rv = ag_random(bytes, sizeof bytes);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    memcpy(key, prefix, n);
    key[n++] = '_';
    write_number(key + n, AG_KEY_RANDOM_CHARS, bytes, sizeof bytes);
    n += AG_KEY_RANDOM_CHARS;
    write_check(key + n, key, n);
    key[n + AG_KEY_CHECK_CHARS] = '\0';
    return APR_SUCCESS;
}

/* A foreign key may be short: no more than a quarter of it is shown. */
static const char *public_foreign(const char *key, apr_size_t n, apr_pool_t *p)
{
    apr_size_t shown = n / 4 < FOREIGN_CHARS ? n / 4 : FOREIGN_CHARS;
    char *text = apr_pstrmemdup(p, key, shown);
    char *at;

    for (at = text; at < text + shown; at++) {
        if (*at < 0x21 || *at > 0x7E) {
            *at = '?';
        }
    }
    return apr_pstrcat(p, text, "...", NULL);
}

const char *ag_key_public(const char *key, apr_size_t n, apr_pool_t *p)
{
    if (ag_key_shape(key, n) == AG_KEY_FOREIGN) {
        return public_foreign(key, n, p);
    }
    return apr_pstrmemdup(p, key, n - TAIL + AG_KEY_PUBLIC_CHARS);
}

const char *ag_key_pepper(const unsigned char **bytes, apr_size_t *n, const char *source, apr_pool_t *p)
{
    char *text;
    const char *error = ag_open_source(&text, n, source, p);

    if (error) {
        return error;
    }
    *bytes = (const unsigned char *)text;
    return *n >= AG_KEY_PEPPER_LEAST
               ? NULL
               : apr_psprintf(p, "%s: a pepper has at least %d bytes", source, AG_KEY_PEPPER_LEAST);
}

void ag_key_hash(char hex[2 * AG_SHA256_SIZE + 1], const char *key, apr_size_t n, const unsigned char *pepper,
                 apr_size_t pepper_size)
{
    unsigned char hash[AG_SHA256_SIZE];

    if (pepper_size) {
        ag_hmac_sha256(hash, pepper, pepper_size, key, n);
    }
    else {
        ag_sha256(hash, key, n);
    }
    ag_hex(hex, hash, sizeof hash);
}
