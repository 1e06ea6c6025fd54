/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: hashes, encodings, randomness. Three digests, each for one purpose:
 * SHA-256 for what is stored or compared between machines, SipHash-1-3-128 under a secret of this
 * server for what is looked up on every request, CRC-32 for typing errors.
 */
#ifndef AG_DIGEST_H
#define AG_DIGEST_H

#include <apr_pools.h>

#define AG_SHA256_SIZE 32

/* 128 bits that name something: a cache entry, a limit, a subject. */
typedef struct ag_id_t {
    apr_uint64_t hi;
    apr_uint64_t lo;
} ag_id_t;

/* The secret key of SipHash. It is made once at start, kept in the parent's private memory, never
 * in shared memory or on disk. */
typedef struct ag_sip_key_t {
    apr_uint64_t k0;
    apr_uint64_t k1;
} ag_sip_key_t;

/* SipHash-1-3 with 128 bits of output (Aumasson, Bernstein 2012). Under a secret key nobody outside
 * can make two texts that share an id: no output is ever shown, and the best known way to make two
 * texts collide in the state succeeds once in 2^167 keys (Dobraunig, Mendel, Schlaeffer 2014). */
ag_id_t ag_sip(const ag_sip_key_t *key, const void *data, apr_size_t n);

/* The first 128 bits of SHA-256: the same on every machine. For configuration time. */
ag_id_t ag_id_of(const void *data, apr_size_t n);

static inline int ag_id_equal(ag_id_t a, ag_id_t b)
{
    return ((a.hi ^ b.hi) | (a.lo ^ b.lo)) == 0;
}

/* Two ids that belong together, as one. Ids are (pseudo)random, so exclusive-or keeps them so;
 * mixing an id with itself is what a caller must not do. */
static inline ag_id_t ag_id_mix(ag_id_t a, ag_id_t b)
{
    ag_id_t id = {a.hi ^ b.hi, a.lo ^ b.lo};
    return id;
}

void ag_sha256(unsigned char out[AG_SHA256_SIZE], const void *data, apr_size_t n);
void ag_hmac_sha256(unsigned char out[AG_SHA256_SIZE], const void *key, apr_size_t key_size, const void *data,
                    apr_size_t n);

/* CRC-32 as in zlib and PNG. */
apr_uint32_t ag_crc32(const void *data, apr_size_t n);

/* Lower-case hexadecimal, 2n + 1 bytes with the NUL. Returns out. */
char *ag_hex(char *out, const void *data, apr_size_t n);

/* base64url without padding (RFC 4648 s5, RFC 7515 s2), strict: one byte outside the alphabet, a
 * padding sign or bits left over give -1, else the number of bytes. `out` holds n * 3 / 4 bytes. */
int ag_base64url_decode(unsigned char *out, const char *text, apr_size_t n);

/* The same the other way round. `out` holds AG_BASE64URL_SIZE(n) bytes with the NUL, and is returned. */
#define AG_BASE64URL_SIZE(n) (((n)*4 + 2) / 3 + 1)
char *ag_base64url(char *out, const void *data, apr_size_t n);

/* What others publish as base64url: with padding or without, in either alphabet; else as strict. */
int ag_base64any_decode(unsigned char *out, const char *text, apr_size_t n);

/* base64 with padding (RFC 4648 s4) as in Basic credentials; -1 for anything else. */
int ag_base64_decode(unsigned char *out, const char *text, apr_size_t n);

/* 1 when equal; the time depends on n alone. */
int ag_equal(const void *a, const void *b, apr_size_t n);

/* Random bytes from the system's generator. */
apr_status_t ag_random(void *out, apr_size_t n);

/* Overwrites a secret; the compiler does not remove it. */
void ag_wipe(void *secret, apr_size_t n);

#endif
