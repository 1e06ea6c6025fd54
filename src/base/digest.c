/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: see digest.h. Hashes by OpenSSL; SipHash is our own 40 lines, since it is the one digest
 * on every request and OpenSSL's costs more in set-up than the hash itself.
 */
#include "digest.h"

#include <string.h>

#include <apr_general.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

static inline apr_uint64_t rotate(apr_uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* The four words of the state are locals of ag_sip(), so that they stay in registers. */
#define SIP_ROUND(v0, v1, v2, v3)                                                                                    \
    do {                                                                                                             \
        v0 += v1;                                                                                                    \
        v2 += v3;                                                                                                    \
        v1 = rotate(v1, 13) ^ v0;                                                                                    \
        v3 = rotate(v3, 16) ^ v2;                                                                                    \
        v0 = rotate(v0, 32);                                                                                         \
        v2 += v1;                                                                                                    \
        v0 += v3;                                                                                                    \
        v1 = rotate(v1, 17) ^ v2;                                                                                    \
        v3 = rotate(v3, 21) ^ v0;                                                                                    \
        v2 = rotate(v2, 32);                                                                                         \
    } while (0)

/* Eight bytes, least significant first; compilers make one load of it. */
static inline apr_uint64_t load8(const unsigned char *at)
{
    return (apr_uint64_t)at[0] | (apr_uint64_t)at[1] << 8 | (apr_uint64_t)at[2] << 16 | (apr_uint64_t)at[3] << 24
           | (apr_uint64_t)at[4] << 32 | (apr_uint64_t)at[5] << 40 | (apr_uint64_t)at[6] << 48
           | (apr_uint64_t)at[7] << 56;
}

/* The last bytes, fewer than eight, under the length. */
static inline apr_uint64_t load_tail(const unsigned char *at, apr_size_t n)
{
    apr_uint64_t word = (apr_uint64_t)n << 56;
    apr_size_t left = n & 7;

    while (left--) {
        word |= (apr_uint64_t)at[left] << (8 * left);
    }
    return word;
}

ag_id_t ag_sip(const ag_sip_key_t *key, const void *data, apr_size_t n)
{
    const unsigned char *at = data;
    const unsigned char *tail = at + (n & ~(apr_size_t)7);
    apr_uint64_t v0 = key->k0 ^ APR_UINT64_C(0x736f6d6570736575);
    apr_uint64_t v1 = key->k1 ^ APR_UINT64_C(0x646f72616e646f6d) ^ 0xee; /* 128 bits of output */
    apr_uint64_t v2 = key->k0 ^ APR_UINT64_C(0x6c7967656e657261);
    apr_uint64_t v3 = key->k1 ^ APR_UINT64_C(0x7465646279746573);
    apr_uint64_t word;
    ag_id_t id;
    int i;

    for (; at < tail; at += 8) {
        word = load8(at);
        v3 ^= word;
        SIP_ROUND(v0, v1, v2, v3);
        v0 ^= word;
    }
    word = load_tail(tail, n);
    v3 ^= word;
    SIP_ROUND(v0, v1, v2, v3);
    v0 ^= word;
    v2 ^= 0xee;
    for (i = 0; i < 3; i++) {
        SIP_ROUND(v0, v1, v2, v3);
    }
    id.lo = v0 ^ v1 ^ v2 ^ v3;
    v1 ^= 0xdd;
    for (i = 0; i < 3; i++) {
        SIP_ROUND(v0, v1, v2, v3);
    }
    id.hi = v0 ^ v1 ^ v2 ^ v3;
    return id;
}

void ag_sha256(unsigned char out[AG_SHA256_SIZE], const void *data, apr_size_t n)
{
    SHA256(data, n, out);
}

void ag_hmac_sha256(unsigned char out[AG_SHA256_SIZE], const void *key, apr_size_t key_size, const void *data,
                    apr_size_t n)
{
    HMAC(EVP_sha256(), key, (int)key_size, data, n, out, NULL);
}

ag_id_t ag_id_of(const void *data, apr_size_t n)
{
    unsigned char hash[AG_SHA256_SIZE];
    ag_id_t id;

    ag_sha256(hash, data, n);
    memcpy(&id, hash, sizeof id);
    return id;
}

apr_uint32_t ag_crc32(const void *data, apr_size_t n)
{
    /* Half a byte at a time: the polynomial 0xEDB88320 applied to the numbers 0 to 15. */
    static const apr_uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const unsigned char *at = data;
    apr_uint32_t crc = 0xFFFFFFFF;

    while (n--) {
        crc ^= *at++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

char *ag_hex(char *out, const void *data, apr_size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = data;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    out[2 * n] = '\0';
    return out;
}

/* Of each character what it stands for in base64, and 1 more; 0: it is none. The last two have both alphabets'. */
static const unsigned char sextets[256] = {
    [' '] = 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  63, 0,  63, 0,  64,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0,  0,  0,  0,  0,  0,
    ['@'] = 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    ['P'] = 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0,  0,  0,  0,  64,
    ['`'] = 0,  27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    ['p'] = 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0,  0,  0,  0,  0,
};

/* `strange`: the two characters of the other alphabet. A table, since branches on what is as good as random cost more
 * than the work. */
static int decode64(unsigned char *out, const char *text, apr_size_t n, const char strange[2])
{
    unsigned int bits = 0;
    int held = 0, size = 0;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        unsigned int six = sextets[(unsigned char)text[i]];

        if (!six || text[i] == strange[0] || text[i] == strange[1]) {
            return -1;
        }
        bits = (bits << 6 | (six - 1)) & 0xFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[size++] = (unsigned char)(bits >> held);
        }
    }
    /* One character alone is no byte; bits behind the last byte must be zero, or two texts would
     * stand for the same bytes. */
    return held == 6 || (bits & ((1u << held) - 1)) ? -1 : size;
}

char *ag_base64url(char *out, const void *data, apr_size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *byte = data;
    char *at = out;
    apr_uint32_t bits = 0;
    int have = 0;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        bits = bits << 8 | byte[i];
        for (have += 8; have >= 6; have -= 6) {
            *at++ = alphabet[bits >> (have - 6) & 63];
        }
    }
    if (have) {
        *at++ = alphabet[bits << (6 - have) & 63];
    }
    *at = '\0';
    return out;
}

int ag_base64url_decode(unsigned char *out, const char *text, apr_size_t n)
{
    return decode64(out, text, n, "+/");
}

int ag_base64any_decode(unsigned char *out, const char *text, apr_size_t n)
{
    int plain = memchr(text, '+', n) || memchr(text, '/', n);
    apr_size_t most = n > 2 ? n - 2 : 0;

    while (n > most && n % 4 != 1 && text[n - 1] == '=') {
        n--;
    }
    return decode64(out, text, n, plain ? "-_" : "+/");
}

int ag_base64_decode(unsigned char *out, const char *text, apr_size_t n)
{
    if (n % 4) {
        return -1;
    }
    if (n && text[n - 1] == '=') {
        n -= text[n - 2] == '=' ? 2 : 1;
    }
    return decode64(out, text, n, "-_");
}

int ag_equal(const void *a, const void *b, apr_size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

apr_status_t ag_random(void *out, apr_size_t n)
{
    return apr_generate_random_bytes(out, n);
}

void ag_wipe(void *secret, apr_size_t n)
{
    OPENSSL_cleanse(secret, n);
}
