/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: the cache in front of the database. A cache id is made of the realm and the key's text
 * under the server's secret, so a hit needs no SHA-256, and a key that is good in one
 * realm is no hit in another.
 *
 * A record is used for its time to live, or, while the database is down, for the stale time. Only a
 * certain "there is none" is remembered as such.
 */
#include "keys.h"

#include <apr_strings.h>

#include "key_format.h"
#include "keys_bcrypt.h"
#include "keys_poll.h"
#include "keys_record.h"

_Static_assert(sizeof(ag_stored_hash_t) == AG_KEY_UNKNOWN_SIZE, "ag_keys_t.unknown");

/* One look-up on its way. */
typedef struct {
    ag_keys_t *keys;
    const ag_key_realm_t *realm;
    const char *text;
    apr_size_t n;
    apr_time_t now;
    const ag_log_t *log;
    apr_pool_t *p;
    ag_id_t id;
    ag_key_t *cached;             /* what the cache holds, too old perhaps */
    const ag_stored_hash_t *hash; /* its */
    apr_time_t stored;            /* when it was read */
    ag_poll_e up;                 /* the database, as far as we know */
} lookup_t;

static ag_key_t *read_cache(lookup_t *l)
{
    ag_key_t *key;
    char record[AG_KEY_RECORD_SIZE] __attribute__((aligned(8)));
    apr_size_t n = ag_cache_get(l->keys->known, l->id, record, &l->stored);

    l->hash = n ? apr_pmemdup(l->p, record, n) : NULL;
    key = n ? ag_keys_record_open(l->hash, n, l->p) : NULL;
    if (key) {
        key->stale = l->up != AG_POLL_UP;
    }
    return key;
}

static int is_fresh(const lookup_t *l)
{
    return l->cached && ag_within(l->now, l->stored, l->up == AG_POLL_UP ? l->realm->ttl : l->realm->stale);
}

/* 1 when the key was certainly not there a moment ago. While the database is down a new key could
 * not be noticed, so then the memory of unknown keys is not trusted. */
static int is_known_unknown(const lookup_t *l)
{
    ag_stored_hash_t hash;
    apr_time_t stored;

    return l->up == AG_POLL_UP && ag_cache_get(l->keys->unknown, l->id, &hash, &stored)
           && ag_within(l->now, stored, l->realm->negative);
}

static apr_uint64_t sweeps(const lookup_t *l)
{
    return __atomic_load_n(&((ag_keys_shared_t *)l->keys->shared)->sweeps, __ATOMIC_SEQ_CST);
}

/* Puts a record in unless keys were dropped since `word` was read: the row might be from before. The
 * word is looked at while the slot is locked, so a sweep has either passed before, and moved it, or
 * finds the record. */
static void fill(const lookup_t *l, ag_cache_t *cache, const void *record, apr_size_t n, apr_uint64_t word)
{
    ag_keys_shared_t *shared = l->keys->shared;

    ag_cache_put_unless(cache, l->id, record, n, l->now, &shared->sweeps, word);
}

/* "Recently good" says that the key was good, not that it is: it may be looked up when others may not. */
static void remember_good(const lookup_t *l, const ag_key_t *key)
{
    if (!l->keys->recently_good) {
        return;
    }
    if (key->active && (!key->expires || key->expires > l->now)) {
        ag_cache_put(l->keys->recently_good, l->id, "", 1, l->now);
    }
    else {
        ag_cache_drop(l->keys->recently_good, l->id);
    }
}

static void remember(const lookup_t *l, const ag_key_t *key, apr_uint64_t word)
{
    apr_size_t n;
    const void *record = ag_keys_record_make(&n, key, l->p);

    if (!record || n > AG_KEY_RECORD_SIZE) {
        ag_cache_drop(l->keys->known, l->id);
        return;
    }
    fill(l, l->keys->known, record, n, word);
}

static void remember_unknown(const lookup_t *l, const char *hex, apr_uint64_t word)
{
    ag_stored_hash_t hash;

    ag_cache_drop(l->keys->known, l->id);
    if (l->keys->recently_good) {
        ag_cache_drop(l->keys->recently_good, l->id);
    }
    if (l->realm->negative > 0 && ag_stored_hash(&hash, hex)) {
        fill(l, l->keys->unknown, &hash, sizeof hash, word);
    }
}

/* The database cannot tell. What was good lives on for the stale time; all else is unavailable. */
static ag_key_result_e fall_back(const ag_key_t **key, const lookup_t *l)
{
    if (!l->cached || !ag_within(l->now, l->stored, l->realm->stale)) {
        return AG_KEY_UNAVAILABLE;
    }
    l->cached->stale = 1;
    *key = l->cached;
    return AG_KEY_FOUND;
}

/* By its hash; else, if it might be an imported one, among those that begin alike. Not under a pepper:
 * a bcrypt hash is made without it, so whoever can write to the database could add one. */
static apr_status_t query(ag_key_t **key, const char *hash, const lookup_t *l)
{
    ag_log_t once;
    apr_status_t rv =
        ag_keys_dbd_get(key, &l->keys->db, l->realm->query, hash, ag_keys_log(&once, l->keys, l->log, l->now), l->p);

    ag_keys_fault(l->keys, rv, l->now);
    if (!APR_STATUS_IS_NOTFOUND(rv) || l->realm->query || l->realm->pepper_size
        || !ag_keys_bcrypt_fits(l->text, l->n)) {
        return rv;
    }
    return ag_keys_bcrypt_find(key, l->keys, l->realm, l->text, l->n, l->cached ? l->hash : NULL, l->now, l->log,
                               l->p);
}

static ag_key_result_e ask_database(const ag_key_t **key, const lookup_t *l)
{
    char hash[2 * AG_SHA256_SIZE + 1];
    apr_uint64_t word = sweeps(l); /* before the query */
    ag_key_t *read;
    apr_status_t rv;

    ag_key_hash(hash, l->text, l->n, l->realm->pepper, l->realm->pepper_size);
    rv = query(&read, hash, l);
    if (APR_STATUS_IS_NOTFOUND(rv)) {
        remember_unknown(l, hash, word);
        return AG_KEY_UNKNOWN;
    }
    if (rv != APR_SUCCESS) {
        return fall_back(key, l);
    }
    read->client_id = ag_client_id_of(l->keys->sip, AG_KIND(key)->name, "", read->client, l->p);
    remember(l, read, word);
    remember_good(l, read);
    *key = read;
    return AG_KEY_FOUND;
}

/* 1 when the cache can answer. */
static int ask_cache(ag_key_result_e *result, const ag_key_t **key, lookup_t *l)
{
    l->cached = read_cache(l);
    *key = l->cached;
    *result = AG_KEY_FOUND;
    if (is_fresh(l)) {
        return 1;
    }
    *result = AG_KEY_UNKNOWN;
    return is_known_unknown(l);
}

/* Not in the cache: asks, or waits for who asks. The cache is looked at again when it is one's turn,
 * since another's turn may just have ended. */
static ag_key_result_e look_up(const ag_key_t **key, lookup_t *l)
{
    ag_single_flight_t flight = ag_keys_flight(l->keys, l->realm, l->id);
    ag_key_result_e result;
    ag_single_flight_e turn;

    do {
        turn = ag_single_flight_turn(&flight);
        if (turn == AG_SINGLE_FLIGHT_REFUSED) {
            return fall_back(key, l);
        }
        if (ask_cache(&result, key, l)) {
            break;
        }
        if (turn == AG_SINGLE_FLIGHT_MINE) {
            result = ask_database(key, l);
        }
    } while (turn != AG_SINGLE_FLIGHT_MINE);
    if (turn == AG_SINGLE_FLIGHT_MINE) {
        ag_single_flight_end(&flight);
    }
    return result;
}

ag_key_result_e ag_keys_find(const ag_key_t **key, ag_keys_t *keys, const ag_key_realm_t *realm, const char *text,
                             apr_size_t n, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    lookup_t l = {keys, realm, text, n, now, log, p, {0, 0}, NULL, NULL, 0, AG_POLL_DOWN};

    l.id = ag_id_mix(realm->id, ag_sip(keys->sip, text, n));
    l.up = ag_keys_up(keys, realm, now, log, p);
    if (l.up == AG_POLL_BLIND) {
        return AG_KEY_UNAVAILABLE;
    }
    l.cached = read_cache(&l);
    if (is_fresh(&l)) {
        *key = l.cached;
        return AG_KEY_FOUND;
    }
    if (ag_key_shape(text, n) == AG_KEY_TYPO || !ag_text_visible(text, n, 0) || is_known_unknown(&l)) {
        return AG_KEY_UNKNOWN;
    }
    return look_up(key, &l);
}

int ag_keys_known(ag_keys_t *keys, const ag_key_realm_t *realm, const char *text, apr_size_t n, apr_time_t now)
{
    ag_id_t id = ag_id_mix(realm->id, ag_sip(keys->sip, text, n));
    char record[AG_KEY_RECORD_SIZE];
    apr_time_t stored;

    return (keys->recently_good && ag_cache_get(keys->recently_good, id, record, &stored)
            && ag_within(now, stored, AG_RECENTLY_GOOD_SPAN))
           || ag_cache_get(keys->known, id, record, &stored);
}
