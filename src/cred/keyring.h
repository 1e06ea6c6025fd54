/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring: a key set that is fetched from another server (ApiGuardJWKS https:). Whoever fetches it writes a file and
 * counts a generation up in shared memory; each process then reads the file and swaps a pointer. A request holds the
 * keys for as long as it verifies with them, and waits for nothing.
 */
#ifndef AG_KEYRING_H
#define AG_KEYRING_H

#include <apr_hash.h>

#include "jwt.h"

#define AG_KEYRING_ASKERS 512
#define AG_KEYRING_PAUSE  apr_time_from_sec(60) /* between two questions of one address */
#define AG_KEYRING_SLOTS  4

/* What the processes of a server share of a ring; all zero when fresh. Any of them may write anything into it: it says
 * when to look, and for what file. */
typedef struct ag_keyring_words_t {
    apr_uint64_t generation;             /* counted up with each file that is written */
    ag_id_t text;                        /* a digest of that file: CGI programs of httpd's user could write one */
    apr_uint64_t wanted;                 /* 1: a token asked for a key that is not there */
    apr_uint64_t failures;               /* of fetches in a row */
    apr_time_t begun;                    /* when the last fetch was */
    apr_time_t next;                     /* when the next one is due */
    apr_time_t asked[AG_KEYRING_ASKERS]; /* when an address last asked, by a digest of it */
} ag_keyring_words_t;

/* Keys that this process has read. Its memory stays what it is for as long as the process lives. */
typedef struct ag_keyring_slot_t {
    ag_jwt_keyset_t set;
    apr_pool_t *pool;   /* of the keys; NULL: there are none yet */
    apr_uint32_t users; /* requests that verify with them */
} ag_keyring_slot_t;

typedef struct ag_keyring_t {
    const char *url;           /* of the set; NULL: the issuer's metadata say where it is */
    const char *issuer;        /* whose metadata; NULL: `url` is known */
    const char *ca;            /* PEM file: trusted instead of the system's certificates; or NULL */
    apr_int64_t refresh;       /* seconds between two fetches; 0: as the answer says */
    const char *name;          /* of its file: a digest, in hexadecimal */
    const char *file;          /* "file:/abs/path"; NULL before the start is complete */
    ag_keyring_words_t *words; /* likewise */

    int fetching;               /* a thread of this process is at it */
    apr_uint64_t generation;    /* that this process has read last; UINT64_MAX: none */
    ag_keyring_slot_t *current; /* never NULL */
    ag_keyring_slot_t slots[AG_KEYRING_SLOTS];
} ag_keyring_t;

/* The ring of an address or an issuer's metadata (the other one is NULL), one for all lines that say the same: `named`
 * as in ag_setting_first(), or NULL. */
ag_keyring_t *ag_keyring_of(const char *url, const char *issuer, const char *ca, apr_hash_t *named, apr_pool_t *p);

/* Where it comes from, for messages. */
static inline const char *ag_keyring_source(const ag_keyring_t *ring)
{
    return ring->url ? ring->url : ring->issuer;
}

/* Reads what was written since this process last looked; one thread of it at a time. 1: the file that was written is not
 * there, or is another one; what was read before stays. */
int ag_keyring_read(ag_keyring_t *ring, apr_pool_t *ptmp);

/* 1 when this process has a key of it. */
int ag_keyring_there(const ag_keyring_t *ring);

/* Puts the keys of rings into a section's demands, and returns the realm with what they are: what is accepted with them
 * must not be found under others. They stay until ag_keyrings_leave(), which must follow soon: a request that waits
 * for a client in between would keep new keys out. Memory from p. */
ag_id_t ag_keyrings_hold(ag_jwt_policy_t *jwt, ag_id_t realm, apr_pool_t *p);
void ag_keyrings_leave(const ag_jwt_policy_t *jwt);

/* A token that is good as far as anybody can tell names a key that the ring lacks: has it fetched soon, if `who` (a
 * digest of its address) has not asked within a minute. 1: it will be, because of this one. */
int ag_keyring_ask(const ag_keyring_t *ring, apr_uint64_t who, apr_time_t now);

/* In how many seconds a ring without keys may have some, from 1. */
apr_uint32_t ag_keyring_wait(const ag_keyring_t *ring, apr_time_t now);

#endif
