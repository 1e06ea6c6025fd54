/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_poll: reads the change log and drops from the caches just what changed.
 *
 * Normally one request a second does it for all processes. When the last reading is older than two
 * seconds nobody knows what was revoked since (a server that had nothing to do, for instance), so
 * then every request reads the log itself before it trusts the cache. Only after a reading failed
 * do the others leave it to one a second, and the database counts as down.
 */
#include "keys_poll.h"

#include <string.h>

#include "keys_record.h"

#define INTERVAL APR_USEC_PER_SEC
#define LAG (2 * APR_USEC_PER_SEC)
#define HUNG (30 * APR_USEC_PER_SEC) /* a reading that takes longer no longer speaks for others */

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)

typedef struct {
    const ag_stored_hash_t *hashes;
    int n;
    int all;
} changes_t;

/* Records of both caches begin with the stored hash. */
static int is_changed(void *ctx, const void *record, apr_size_t n)
{
    const changes_t *changes = ctx;
    int i;

    for (i = 0; i < changes->n && !changes->all; i++) {
        if (n >= sizeof *changes->hashes
            && memcmp(record, &changes->hashes[i], sizeof *changes->hashes) == 0) {
            return 1;
        }
    }
    return changes->all;
}

static void drop_changed(ag_keys_t *keys, const apr_array_header_t *changed, int all,
                         apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    ag_stored_hash_t *hashes = apr_palloc(p, ((apr_size_t)changed->nelts + 1) * sizeof *hashes);
    changes_t changes = {hashes, 0, all};
    int i;

    for (i = 0; i < changed->nelts; i++) {
        changes.n += ag_stored_hash(&hashes[changes.n], APR_ARRAY_IDX(changed, i, const char *));
    }
    /* First the word, then the sweep: who put a record in behind the sweep finds the word moved. */
    __atomic_add_fetch(&shared->sweeps, 1, __ATOMIC_SEQ_CST);
    ag_cache_sweep(keys->known, is_changed, &changes);
    ag_cache_sweep(keys->unknown, is_changed, &changes);
}

/* Two that read at once drop the same keys twice, which is harmless; the revision is moved only by
 * the one who started from it, so none is skipped. */
static apr_status_t read_log(ag_keys_t *keys, const ag_log_t *log, apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    apr_int64_t from = LOAD(shared->revision);
    apr_int64_t revision = from;
    apr_array_header_t *changed;
    apr_status_t rv;
    int all;

    rv = ag_keys_dbd_changes(&changed, &revision, &all, &keys->db, log, p);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (all || changed->nelts > 0) {
        drop_changed(keys, changed, all, p);
    }
    __atomic_compare_exchange_n(&shared->revision, &from, revision, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return APR_SUCCESS;
}

/* While what is known is recent, or the failure is, others may go on with it meanwhile. */
static void poll_now(ag_keys_t *keys, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    int speaks = ag_within(now, LOAD(shared->last_good), LAG) || now < LOAD(shared->down_until);

    STORE(shared->last_try, now);
    if (speaks) {
        STORE(shared->down_until, now + HUNG);
    }
    if (read_log(keys, log, p) != APR_SUCCESS) {
        STORE(shared->down_until, now + LAG);
        return;
    }
    STORE(shared->down_until, 0);
    if (now > LOAD(shared->last_good) || !ag_within(now, LOAD(shared->last_good), LAG)) {
        STORE(shared->last_good, now);
    }
}

/* 1 for one request a second. */
static int is_turn(ag_keys_shared_t *shared, apr_time_t now)
{
    apr_time_t last = LOAD(shared->last_try);

    return !ag_within(now, last, INTERVAL - 1)
           && __atomic_compare_exchange_n(&shared->last_try, &last, now, 0, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST);
}

int ag_keys_up(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
               apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    apr_time_t down_until = LOAD(shared->down_until);
    int recent = ag_within(now, LOAD(shared->last_good), LAG);
    int known_down = now < down_until && down_until - now <= HUNG;

    if (realm->query) {
        return 1; /* a table of its own has no change log: only the time to live counts */
    }
    if ((!recent && !known_down) || is_turn(shared, now)) {
        poll_now(keys, now, log, p);
    }
    return ag_within(now, LOAD(shared->last_good), LAG);
}

void ag_keys_poll(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                  apr_pool_t *p)
{
    ag_keys_up(keys, realm, now, log, p);
}
