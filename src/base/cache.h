/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache: small records in shared memory, found by a 128-bit id. A fixed number of places of one size,
 * in sets of eight; a full set gives up its oldest. A reader gets a copy, never a pointer.
 *
 * Where records may be long they come in two sizes: one of up to a quarter of the longest takes one place,
 * any other four. Such a cache keeps what is used again and again, however many others come: of newcomers
 * to a full set most are then not kept (cache_claim.c).
 *
 * It knows no realm, no revision and no meaning: whoever puts a record in makes those part of the id
 * or of the record. It holds no credential, since an id is a digest under a secret.
 */
#ifndef AG_CACHE_H
#define AG_CACHE_H

#include <apr_pools.h>
#include <apr_time.h>

#include "digest.h"

typedef struct ag_cache_t ag_cache_t;

/* A mark is a record of one byte: that a credential was good within the last day. */
#define AG_RECENTLY_GOOD_SIZE 1
#define AG_RECENTLY_GOOD_SPAN apr_time_from_sec(86400)

/* From so many bytes of the longest on, records come in two sizes. */
#define AG_CACHE_LONG 512

/* How many bytes of memory `records` take that fit into one place each, where the longest may have
 * `record_size` bytes (65,535 at most). */
apr_size_t ag_cache_bytes(apr_size_t records, apr_size_t record_size);

/* Lays a cache into `memory` (8-byte aligned). With `fresh` it is formatted; without, the memory is
 * what an earlier generation of the server left, and its content is kept when the shape is the
 * same (APR_EINVAL when not: format it). The handle lives in `p`. */
apr_status_t ag_cache_attach(ag_cache_t **cache, void *memory, apr_size_t size, apr_size_t record_size, int fresh,
                             apr_pool_t *p);

/* Copies the record named `id` to `out` (record_size bytes) and returns its length, or 0 when there
 * is none. *stored tells when it was put there; how long it is good is the caller's business. */
apr_size_t ag_cache_get(ag_cache_t *cache, ag_id_t id, void *out, apr_time_t *stored);

/* Puts or replaces a record. One that is too long is not stored: 0, else 1, though a newcomer may then not
 * be kept. */
int ag_cache_put(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n, apr_time_t now);

/* The same, but only if *word, which others move before they sweep, still is `value`. */
int ag_cache_put_unless(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n, apr_time_t now,
                        const apr_uint64_t *word, apr_uint64_t value);

void ag_cache_drop(ag_cache_t *cache, ag_id_t id);

/* Drops every record for which match() says 1; the number dropped. Takes each set's lock in turn. */
apr_size_t ag_cache_sweep(ag_cache_t *cache, int (*match)(void *ctx, const void *record, apr_size_t n), void *ctx);

/* How many places and how many records there are. */
void ag_cache_fill(ag_cache_t *cache, apr_size_t *places, apr_size_t *used);

#endif
