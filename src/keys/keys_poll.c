/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_poll: reads the change log and drops from the caches just what changed.
 *
 * Normally the server's watchdog does it for all processes, twice a second, and no request waits for
 * it; where there is none, or it is late, one request does. When the last reading is older than two
 * seconds nobody knows what was revoked since, so then every request reads the log itself before it
 * trusts the cache. Only after a reading failed, or while one hangs, do the others leave it to one,
 * and the database counts as down.
 */
#include "keys_poll.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "keys_record.h"

/* Between the readings of requests: less than a second, since the reading takes time as well; more
 * than the watchdog leaves. */
#define INTERVAL (APR_USEC_PER_SEC * 4 / 5)
/* After a failure, wait slightly longer, so that the watchdog retries first. */
#define PATIENCE (APR_USEC_PER_SEC * 9 / 10)
#define LAG      (2 * APR_USEC_PER_SEC)
#define HUNG     (30 * APR_USEC_PER_SEC) /* a reading that takes longer no longer speaks for others */
#define FAILED   (LAG + HUNG)            /* a failure may end long after the request that asks came in */

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
static apr_status_t read_log(ag_keys_t *keys, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
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

/* `until` is not past, and no more than `span` ahead: further is a clock that was set back. */
static int lasts(apr_time_t now, apr_time_t until, apr_time_t span)
{
    return now < until && until - now <= span;
}

static int is_known_down(ag_keys_shared_t *shared, apr_time_t now)
{
    return lasts(now, LOAD(shared->failed_until), FAILED) || lasts(now, LOAD(shared->trying_until), HUNG);
}

/* What time it is now, for who came in at `now` and began to wait at `began`. */
static apr_time_t time_after(apr_time_t now, apr_time_t began)
{
    apr_time_t took = apr_time_now() - began;

    return took > 0 ? now + took : now;
}

/* A failure counts from its end: a database that hangs takes seconds to fail. */
static void note_failure(ag_keys_shared_t *shared, apr_time_t now, apr_time_t began)
{
    apr_time_t end = time_after(now, began);

    STORE(shared->last_try, end);
    STORE(shared->failed_until, end + LAG);
}

/* While what is known is recent, or the failure is, others may go on with it meanwhile. The change signal
 * is looked at before the log: one that comes later is another's. */
static apr_status_t poll_now(ag_keys_t *keys, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    int speaks = ag_within(now, LOAD(shared->last_good), LAG) || is_known_down(shared, now);
    apr_uint64_t signal = LOAD(*keys->signal);
    apr_time_t began = apr_time_now();
    apr_status_t rv;

    STORE(shared->last_try, now);
    if (speaks) {
        STORE(shared->trier, (apr_int64_t)getpid());
        STORE(shared->trying_until, now + HUNG);
    }
    rv = read_log(keys, now, log, p);
    if (rv != APR_SUCCESS) {
        note_failure(shared, now, began); /* before others may try */
        STORE(shared->trying_until, 0);
        return rv;
    }
    STORE(shared->trying_until, 0);
    STORE(shared->failed_until, 0);
    STORE(shared->noticed, signal);
    if (now > LOAD(shared->last_good) || !ag_within(now, LOAD(shared->last_good), LAG)) {
        STORE(shared->last_good, now);
    }
    return APR_SUCCESS;
}

/* 1 while a process is waiting for the database's answer (and was not killed meanwhile). */
static int is_being_tried(ag_keys_shared_t *shared, apr_time_t now)
{
    return lasts(now, LOAD(shared->trying_until), HUNG)
           && (kill((pid_t)LOAD(shared->trier), 0) == 0 || errno != ESRCH);
}

/* 1 for one caller when nobody has read for `interval`. */
static int is_turn(ag_keys_shared_t *shared, apr_time_t now, apr_time_t interval)
{
    apr_time_t last = LOAD(shared->last_try);

    return !ag_within(now, last, interval - 1) && !is_being_tried(shared, now)
           && __atomic_compare_exchange_n(&shared->last_try, &last, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* After a failure the watchdog tries first: a database that hangs would hold up the request. */
static int is_request_s_turn(ag_keys_shared_t *shared, apr_time_t now)
{
    return is_turn(shared, now, lasts(now, LOAD(shared->failed_until), FAILED) ? PATIENCE : INTERVAL);
}

/* Another process has already read the log for us. */
static int is_read(const ag_keys_t *keys, apr_time_t now)
{
    ag_keys_shared_t *shared = keys->shared;

    return LOAD(*keys->signal) == LOAD(shared->noticed) && ag_within(now, LOAD(shared->last_good), LAG);
}

/* Reads the log, or waits for who reads it. A reading that was begun before the change signal came does not
 * serve; the next one will. */
static apr_status_t poll_in_turn(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                                 apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    ag_single_flight_t flight = ag_keys_flight(keys, realm, realm->id);
    apr_time_t began = apr_time_now();
    ag_single_flight_e turn;
    apr_status_t rv;

    do {
        turn = ag_single_flight_turn(&flight);
    } while (turn == AG_SINGLE_FLIGHT_LOOK && !is_read(keys, now));
    if (turn == AG_SINGLE_FLIGHT_REFUSED) {
        note_failure(shared, now, began);
        return APR_TIMEUP;
    }
    if (turn == AG_SINGLE_FLIGHT_LOOK) {
        return APR_SUCCESS;
    }
    rv = is_read(keys, now) ? APR_SUCCESS : poll_now(keys, now, log, p);
    ag_single_flight_end(&flight);
    return rv;
}

/* Reads for all processes when it is this one's turn; does nothing while another process is reading. */
static void poll_for_all(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                         apr_pool_t *p)
{
    ag_single_flight_t flight = ag_keys_flight(keys, realm, realm->id);

    if (ag_single_flight_try(&flight)) {
        poll_now(keys, now, log, p);
        ag_single_flight_end(&flight);
    }
}

/* Somebody on this machine has changed something and been told that it is in force: nobody goes on
 * with the cache before the change is read, whoever else may be reading it. */
static ag_keys_up_e read_signal(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                                apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;

    if (lasts(now, LOAD(shared->failed_until), FAILED) && !is_request_s_turn(shared, now)) {
        return AG_KEYS_BLIND;
    }
    return poll_in_turn(keys, realm, now, log, p) == APR_SUCCESS ? AG_KEYS_UP : AG_KEYS_BLIND;
}

ag_keys_up_e ag_keys_up(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log,
                        apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;
    int recent;

    if (realm->query) {
        return AG_KEYS_UP; /* a table of its own has no change log: only the time to live counts */
    }
    if (LOAD(*keys->signal) != LOAD(shared->noticed)) {
        return read_signal(keys, realm, now, log, p);
    }
    recent = ag_within(now, LOAD(shared->last_good), LAG);
    if (!recent && !is_known_down(shared, now)) {
        poll_in_turn(keys, realm, now, log, p);
    }
    else if (is_request_s_turn(shared, now)) {
        poll_for_all(keys, realm, now, log, p);
    }
    else {
        return recent ? AG_KEYS_UP : AG_KEYS_DOWN;
    }
    recent = ag_within(now, LOAD(shared->last_good), LAG);
    return recent ? AG_KEYS_UP : AG_KEYS_DOWN;
}

void ag_keys_poll(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_keys_shared_t *shared = keys->shared;

    if (realm->query || LOAD(shared->last_try) == 0) {
        return;
    }
    if (ag_within(now, LOAD(shared->last_good), LAG) || is_turn(shared, now, INTERVAL / 2)) {
        poll_now(keys, now, log, p);
    }
}
