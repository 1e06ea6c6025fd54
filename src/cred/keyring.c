/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring: see keyring.h. A slot is counted before it is used, and looked at once more: either the reader sees that
 * another one is current by now, or the writer sees that somebody has this one. Counts are never freed, keys are.
 */
#include "keyring.h"

#include <stdint.h>

#include <apr_strings.h>

#include "../core/open.h"
#include "../core/setting.h"

ag_keyring_t *ag_keyring_of(const char *url, const char *issuer, const char *ca, apr_hash_t *named, apr_pool_t *p)
{
    const char *text = apr_pstrcat(p, "key set ", url ? url : "of ", issuer ? issuer : "", "\n", ca ? ca : "", NULL);
    ag_keyring_t *ring = named ? ag_setting_first(named, NULL, text, NULL, p) : NULL;
    ag_id_t id = ag_id_of(text, strlen(text));
    int i;

    if (ring) {
        return ring;
    }
    ring = apr_pcalloc(p, sizeof *ring);
    ring->url = url;
    ring->issuer = issuer;
    ring->ca = ca;
    ring->name = ag_hex(apr_palloc(p, 2 * sizeof id + 1), &id, sizeof id);
    ring->generation = UINT64_MAX;
    ring->current = ring->slots;
    for (i = 0; i < AG_KEYRING_SLOTS; i++) {
        ring->slots[i].set.ring = ring;
    }
    return named ? ag_setting_first(named, NULL, text, ring, p) : ring;
}

/* ---- new keys -------------------------------------------------------------------------------------- */

/* One that nobody holds and nobody can take any more; NULL: all are in use, and it is tried again. */
static ag_keyring_slot_t *free_slot(ag_keyring_t *ring)
{
    int i;

    for (i = 0; i < AG_KEYRING_SLOTS; i++) {
        ag_keyring_slot_t *slot = &ring->slots[i];

        if (slot != ring->current && !__atomic_load_n(&slot->users, __ATOMIC_SEQ_CST)) {
            return slot;
        }
    }
    return NULL;
}

/* A set without a key for us is one, too: then no key is good any more. 0: it is no key set. */
static int load(ag_keyring_slot_t *slot, const char *text, apr_size_t n)
{
    if (slot->pool) {
        apr_pool_destroy(slot->pool);
    }
    apr_pool_create(&slot->pool, NULL); /* of no other pool: those are other threads' */
    if (ag_jwt_load_jwks(&slot->set, text, n, slot->pool)) {
        slot->set.keys = NULL;
        slot->set.n = 0;
        slot->set.id = (ag_id_t){0, 0};
    }
    return slot->set.is_read;
}

/* What an earlier server has left is taken as it is. */
static int is_theirs(const ag_keyring_words_t *words, apr_uint64_t generation, const char *text, apr_size_t n)
{
    return generation == 0 || ag_id_equal(words->text, ag_id_of(text, n));
}

static void set_generation(ag_keyring_t *ring, apr_uint64_t generation)
{
    __atomic_store_n(&ring->generation, generation, __ATOMIC_RELAXED);
}

int ag_keyring_read(ag_keyring_t *ring, apr_pool_t *ptmp)
{
    apr_uint64_t generation = __atomic_load_n(&ring->words->generation, __ATOMIC_ACQUIRE);
    ag_keyring_slot_t *slot = free_slot(ring);
    char *text;
    apr_size_t n;

    if (generation == ring->generation || !slot) {
        return 0;
    }
    if (ag_open_source(&text, &n, ring->file, ptmp) || !is_theirs(ring->words, generation, text, n)
        || !load(slot, text, n)) {
        set_generation(ring, generation ? ring->generation : 0); /* an earlier server's file owes us nothing */
        return generation != 0;
    }
    __atomic_store_n(&ring->current, slot, __ATOMIC_SEQ_CST);
    set_generation(ring, generation);
    return 0;
}

int ag_keyring_there(const ag_keyring_t *ring)
{
    return __atomic_load_n(&ring->current, __ATOMIC_SEQ_CST)->set.n > 0;
}

/* ---- a request ------------------------------------------------------------------------------------- */

static ag_keyring_slot_t *hold(ag_keyring_t *ring)
{
    ag_keyring_slot_t *slot = NULL, *seen;

    for (seen = __atomic_load_n(&ring->current, __ATOMIC_SEQ_CST); seen != slot;
         seen = __atomic_load_n(&ring->current, __ATOMIC_SEQ_CST)) {
        if (slot) {
            __atomic_sub_fetch(&slot->users, 1, __ATOMIC_SEQ_CST);
        }
        slot = seen;
        __atomic_add_fetch(&slot->users, 1, __ATOMIC_SEQ_CST);
    }
    return slot;
}

ag_id_t ag_keyrings_hold(ag_jwt_policy_t *jwt, ag_id_t realm, apr_pool_t *p)
{
    const ag_jwt_keyset_t **sets = apr_pmemdup(p, jwt->sets, (apr_size_t)jwt->n_sets * sizeof *sets);
    int i;

    for (i = 0; i < jwt->n_sets; i++) {
        ag_jwt_keyset_t *set;

        if (!sets[i]->ring) {
            continue;
        }
        set = apr_pmemdup(p, sets[i], sizeof *set); /* a line binds the keys to an issuer; the ring does not */
        set->held = hold(set->ring);
        set->keys = set->held->set.keys;
        set->n = set->held->set.n;
        realm = ag_setting_chain(realm, set->held->set.id);
        sets[i] = set;
    }
    jwt->sets = sets;
    return realm;
}

void ag_keyrings_leave(const ag_jwt_policy_t *jwt)
{
    int i;

    for (i = 0; i < jwt->n_sets; i++) {
        if (jwt->sets[i]->held) {
            __atomic_sub_fetch(&jwt->sets[i]->held->users, 1, __ATOMIC_SEQ_CST);
        }
    }
}

/* ---- what it asks for ------------------------------------------------------------------------------ */

/* Addresses that share a word share its minute. That starves nobody: whoever took it has the set fetched for all. */
int ag_keyring_ask(const ag_keyring_t *ring, apr_uint64_t who, apr_time_t now)
{
    ag_keyring_words_t *words = ring->words;
    apr_time_t *word, before;

    if (!words || __atomic_load_n(&words->wanted, __ATOMIC_RELAXED)
        || __atomic_load_n(&words->generation, __ATOMIC_RELAXED)
               != __atomic_load_n(&ring->generation, __ATOMIC_RELAXED)) {
        return 0; /* it is about to be fetched, or this process is about to read what was */
    }
    word = &words->asked[who % AG_KEYRING_ASKERS];
    before = __atomic_load_n(word, __ATOMIC_RELAXED);
    if ((before <= now && now - before < AG_KEYRING_PAUSE)
        || !__atomic_compare_exchange_n(word, &before, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        return 0;
    }
    __atomic_store_n(&words->wanted, 1, __ATOMIC_RELEASE);
    return 1;
}

apr_uint32_t ag_keyring_wait(const ag_keyring_t *ring, apr_time_t now)
{
    apr_time_t next = ring->words ? __atomic_load_n(&ring->words->next, __ATOMIC_RELAXED) : 0;

    return next > now && next - now < AG_KEYRING_PAUSE ? (apr_uint32_t)apr_time_sec(next - now) + 2 : 2;
}
