/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_poll: reads the change log and drops from the caches just what changed. When, and by whom, is change_poll's.
 */
#include "keys_poll.h"

#include <string.h>

#include "keys_record.h"

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)

typedef struct {
    const ag_stored_hash_t *hashes;
    int n;
    int all;
    int bcrypt; /* one of the changes is of a bcrypt hash: any unknown key that is remembered may be its key */
} changes_t;

/* Records of both caches begin with the stored hash. */
static int is_changed(void *ctx, const void *record, apr_size_t n)
{
    const changes_t *changes = ctx;
    int i;

    for (i = 0; i < changes->n && !changes->all; i++) {
        if (n >= sizeof *changes->hashes && memcmp(record, &changes->hashes[i], sizeof *changes->hashes) == 0) {
            return 1;
        }
    }
    return changes->all;
}

static void drop_changed(ag_keys_t *keys, const apr_array_header_t *changed, int all, apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    ag_stored_hash_t *hashes = apr_palloc(p, ((apr_size_t)changed->nelts + 1) * sizeof *hashes);
    changes_t changes = {hashes, 0, all, 0};
    int i;

    for (i = 0; i < changed->nelts; i++) {
        const char *stored = APR_ARRAY_IDX(changed, i, const char *);

        changes.n += ag_stored_hash(&hashes[changes.n], stored);
        changes.bcrypt |= ag_stored_is_bcrypt(stored);
    }
    /* The counter moves before the sweep: whoever stores a record behind the sweep sees that the counter moved,
     * and drops it. */
    __atomic_add_fetch(&shared->sweeps, 1, __ATOMIC_SEQ_CST);
    ag_cache_sweep(keys->known, is_changed, &changes);
    changes.all |= changes.bcrypt;
    ag_cache_sweep(keys->unknown, is_changed, &changes);
}

const ag_log_t *ag_keys_log(ag_log_t *once, const ag_keys_t *keys, const ag_log_t *log, apr_time_t now)
{
    ag_keys_shared_t *shared = keys->shared;

    if (!log || !ag_within(now, LOAD(shared->told), APR_USEC_PER_SEC - 1)) {
        return log;
    }
    *once = *log;
    once->level = log->level < AG_LOG_CRIT ? log->level : AG_LOG_CRIT;
    return once;
}

/* Notes when a fault was last logged, for all processes. Faults that are kept out of the log do not move it. */
apr_status_t ag_keys_fault(const ag_keys_t *keys, apr_status_t rv, apr_time_t now)
{
    ag_keys_shared_t *shared = keys->shared;

    if (rv != APR_SUCCESS && !APR_STATUS_IS_NOTFOUND(rv)
        && !ag_within(now, LOAD(shared->told), APR_USEC_PER_SEC - 1)) {
        STORE(shared->told, now);
    }
    return rv;
}

/* Two that read at once drop the same keys twice, which is harmless; the revision is moved only by
 * the one who started from it, so none is skipped. */
static apr_status_t read_log(void *ctx, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_keys_t *keys = ctx;
    ag_keys_shared_t *shared = keys->shared;
    apr_int64_t from = LOAD(shared->revision);
    apr_int64_t revision = from;
    apr_array_header_t *changed;
    apr_status_t rv;
    ag_log_t once;
    int all;

    rv = ag_keys_dbd_changes(&changed, &revision, &all, &keys->db, ag_keys_log(&once, keys, log, now), p);
    ag_keys_fault(keys, rv, now);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (all || changed->nelts > 0) {
        drop_changed(keys, changed, all, p);
    }
    __atomic_compare_exchange_n(&shared->revision, &from, revision, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return APR_SUCCESS;
}

static ag_poll_t poll_of(ag_keys_t *keys, const ag_key_realm_t *realm)
{
    ag_keys_shared_t *shared = keys->shared;
    ag_poll_t poll = {&shared->poll, keys->signal, ag_keys_flight(keys, realm, realm->id), read_log, keys};

    return poll;
}

ag_poll_e ag_keys_up(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    const ag_keys_shared_t *shared = keys->shared;
    ag_poll_t poll;

    /* A table of its own has no change log: only the time to live counts. */
    if (realm->query || ag_poll_is_fresh(&shared->poll, keys->signal, now)) {
        return AG_POLL_UP;
    }
    poll = poll_of(keys, realm);
    return ag_poll_up(&poll, now, log, p);
}

void ag_keys_poll(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_t poll = poll_of(keys, realm);

    if (!realm->query) {
        ag_poll_tend(&poll, now, log, p);
    }
}
