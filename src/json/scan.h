/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: the inside of a JSON string, as fast as its text allows: plain characters are passed eight bytes at a time,
 * what is no ASCII one character at a time, since every byte of it is checked (RFC 3629).
 */
#ifndef AG_JSON_SCAN_H
#define AG_JSON_SCAN_H

#include <string.h>

#include <apr.h>

/* How many bytes the character beyond ASCII at `at` takes, 2 to 4; 0: it is none of UTF-8. */
int ag_scan_character(const char *at, const char *end);

/* `code` as UTF-8; how many bytes were written, up to 4. */
int ag_scan_encode(char *out, apr_uint32_t code);

/* The high bit of each byte of `word` that ends a plain run: a quote, a backslash, a control character, or no ASCII.
 * A carry may mark bytes above one that is marked rightly; the lowest is always right. */
static inline apr_uint64_t ag_scan_marks(apr_uint64_t word)
{
    const apr_uint64_t ones = APR_UINT64_C(0x0101010101010101);
    apr_uint64_t quote = word ^ (ones * '"');
    apr_uint64_t backslash = word ^ (ones * '\\');
    apr_uint64_t low = (word - ones * 0x20) & ~word;

    return (word | low | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & (ones * 0x80);
}

static inline int ag_scan_plain_byte(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte from `at` that is not plain ASCII, or `end`. */
static inline const char *ag_scan_ascii(const char *at, const char *end)
{
    apr_uint64_t word;

    for (; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        word = ag_scan_marks(APR_IS_BIGENDIAN ? __builtin_bswap64(word) : word);
        if (word) {
            return at + (__builtin_ctzll(word) >> 3);
        }
    }
    while (at < end && ag_scan_plain_byte((unsigned char)*at)) {
        at++;
    }
    return at;
}

/* The first byte that is no character of a string by itself: a quote, a backslash, a control character, what is not
 * UTF-8, or `end`. */
static inline const char *ag_scan_string(const char *at, const char *end)
{
    int n;

    for (at = ag_scan_ascii(at, end); at < end && (*at & 0x80); at = ag_scan_ascii(at, end)) {
        do {
            n = ag_scan_character(at, end);
            at += n;
        } while (n && at < end && (*at & 0x80));
        if (!n) {
            return at;
        }
    }
    return at;
}

#endif
