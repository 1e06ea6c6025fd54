/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoked: see revoked.h. Open addressing with linear probing; at most three quarters of the slots are used. A slot
 * is given to an id for as long as its table is in force: an entry that goes expires in its place, so whoever probes
 * meanwhile never stops too early. Every process can write here, so the number of slots is bounded where it is read.
 */
#include "revoked.h"

#include "../base/lock.h"
#include "../base/mapping.h"

#define LOAD(x)             __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define STORE(x, value)     __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE_RELEASE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

#define LEAST 1024 /* slots of a table */

typedef struct {
    apr_uint64_t lo; /* 0: the slot is free */
    apr_uint64_t hi;
    apr_int64_t before;
    apr_int64_t expires;
} slot_t;

typedef struct {
    apr_uint64_t slots; /* a power of two */
    apr_uint64_t used;
    slot_t slot[];
} table_t;

struct ag_revoked_t {
    apr_uint64_t current; /* the table in force: its number, 0 for none; odd ones lie second */
    apr_int64_t revision;
    ag_lock_t lock; /* of whoever writes */
    apr_uint64_t notes[AG_REVOKED_NOTES / 8];
};

#define HEAD  AG_MAPPING_ROUNDED(sizeof(ag_revoked_t))
#define TABLE AG_MAPPING_ROUNDED(sizeof(table_t) + AG_REVOKED_SLOTS * sizeof(slot_t))
#define ALL   (HEAD + 2 * TABLE)

static table_t *table_of(const ag_revoked_t *revoked, apr_uint64_t number)
{
    return (table_t *)((char *)(apr_uintptr_t)revoked + HEAD + (number & 1) * TABLE);
}

static int is_sound(apr_uint64_t slots)
{
    return slots >= LEAST && slots <= AG_REVOKED_SLOTS && (slots & (slots - 1)) == 0;
}

apr_status_t ag_revoked_make(ag_revoked_t **revoked, apr_pool_t *p)
{
    void *memory;
    apr_status_t rv = ag_mapping_make(&memory, ALL, p);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    *revoked = memory;
    return ag_lock_init(&(*revoked)->lock);
}

void *ag_revoked_notes(ag_revoked_t *revoked)
{
    return revoked->notes;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The slot of the id (*there is 1), or the free one where it would be, if nobody takes it meanwhile; NULL: neither is
 * there. */
static slot_t *find(int *there, table_t *table, apr_uint64_t slots, ag_id_t id)
{
    apr_uint64_t i;

    for (i = 0; i < slots; i++) {
        slot_t *slot = &table->slot[(id.hi + i) & (slots - 1)];
        apr_uint64_t lo = LOAD_ACQUIRE(slot->lo);

        *there = lo == id.lo && LOAD(slot->hi) == id.hi;
        if (!lo || *there) {
            return slot;
        }
    }
    return NULL;
}

static int is_met(table_t *table, apr_uint64_t slots, ag_id_t id, apr_time_t issued, apr_time_t now)
{
    int there = 0;
    const slot_t *slot = id.lo ? find(&there, table, slots, id) : NULL;
    apr_int64_t before;

    if (!there || LOAD(slot->expires) <= apr_time_sec(now)) {
        return 0;
    }
    before = LOAD(slot->before);
    return before > APR_INT64_MAX / APR_USEC_PER_SEC || issued < apr_time_from_sec(before);
}

/* 1 when all that was read since belongs to that table: another one is written only after a third has come into
 * force. */
static int still(const ag_revoked_t *revoked, apr_uint64_t number)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return LOAD(revoked->current) == number;
}

int ag_revoked_is_empty(const ag_revoked_t *revoked)
{
    apr_uint64_t number = LOAD_ACQUIRE(revoked->current);
    const table_t *table = table_of(revoked, number);

    return number && !LOAD(table->used) && is_sound(LOAD(table->slots)) && still(revoked, number);
}

ag_revoked_e ag_revoked_ask(const ag_revoked_t *revoked, const ag_id_t *ids, int n, apr_time_t issued, apr_time_t now)
{
    apr_uint64_t number, slots;
    int i, met;

    do {
        number = LOAD_ACQUIRE(revoked->current);
        slots = number ? LOAD(table_of(revoked, number)->slots) : 0;
        for (i = 0, met = 0; i < n && !met && is_sound(slots); i++) {
            met = is_met(table_of(revoked, number), slots, ids[i], issued, now);
        }
    } while (!still(revoked, number));
    return !is_sound(slots) ? AG_REVOKED_UNKNOWN : met ? AG_REVOKED_YES : AG_REVOKED_NO;
}

/* ---- writing --------------------------------------------------------------------------------- */

apr_int64_t ag_revoked_revision(const ag_revoked_t *revoked)
{
    return LOAD(revoked->revision);
}

/* 0 when it does not fit. The id's second word comes last: with it the slot is taken. */
static int put(table_t *table, const ag_revocation_t *entry)
{
    apr_uint64_t slots = LOAD(table->slots), used = LOAD(table->used);
    int there = 0;
    slot_t *slot = is_sound(slots) && entry->id.lo ? find(&there, table, slots, entry->id) : NULL;
    int is_new = slot && !there;

    if (!slot || (is_new && used >= slots / 4 * 3)) {
        return is_new && !entry->expires;
    }
    if (is_new && !entry->expires) {
        return 1; /* what is not there need not go */
    }
    STORE(slot->before, entry->before);
    STORE(slot->expires, entry->expires);
    if (is_new) {
        STORE(table->used, used + 1);
        STORE(slot->hi, entry->id.hi);
        STORE_RELEASE(slot->lo, entry->id.lo);
    }
    return 1;
}

static int put_all(table_t *table, const ag_revocation_t *entries, apr_size_t n)
{
    apr_size_t i;
    int fit = 1;

    for (i = 0; i < n; i++) {
        fit &= put(table, &entries[i]);
    }
    return fit;
}

/* Twice as many as there are entries, so that as many again may come one by one; fewer where that is too much. */
static apr_uint64_t slots_for(apr_size_t n)
{
    apr_uint64_t slots = LEAST;

    while (slots < 2 * n && slots < AG_REVOKED_SLOTS) {
        slots *= 2;
    }
    return slots;
}

static void empty(table_t *table, apr_uint64_t slots)
{
    ag_mapping_empty(table, sizeof *table + (is_sound(slots) ? slots : AG_REVOKED_SLOTS) * sizeof(slot_t));
}

static apr_status_t write_table(ag_revoked_t *revoked, const ag_revocation_t *entries, apr_size_t n, apr_int64_t to)
{
    apr_uint64_t old = LOAD(revoked->current), next = old + 1;
    table_t *table = table_of(revoked, next);
    int fit;

    __atomic_thread_fence(__ATOMIC_RELEASE); /* who sees a word of it sees the table before in force */
    empty(table, LOAD(table->slots));
    STORE(table->slots, slots_for(n));
    fit = put_all(table, entries, n);
    STORE(table->slots, fit ? slots_for(n) : 0); /* 0: it says nothing of anybody */
    STORE_RELEASE(revoked->current, next);
    STORE(revoked->revision, fit ? to : LOAD(revoked->revision));
    __atomic_thread_fence(__ATOMIC_RELEASE);
    empty(table_of(revoked, old), LOAD(table_of(revoked, old)->slots));
    return fit ? APR_SUCCESS : APR_ENOSPC;
}

apr_status_t ag_revoked_replace(ag_revoked_t *revoked, const ag_revocation_t *entries, apr_size_t n, apr_int64_t from,
                                apr_int64_t to)
{
    apr_status_t rv = APR_EAGAIN;

    ag_lock_take(&revoked->lock);
    if (LOAD(revoked->revision) == from) {
        rv = write_table(revoked, entries, n, to);
    }
    ag_lock_give(&revoked->lock);
    return rv;
}

apr_status_t ag_revoked_change(ag_revoked_t *revoked, const ag_revocation_t *entries, apr_size_t n, apr_int64_t from,
                               apr_int64_t to)
{
    apr_status_t rv = APR_EAGAIN;
    apr_uint64_t number;

    ag_lock_take(&revoked->lock);
    number = LOAD(revoked->current);
    if (number && LOAD(revoked->revision) == from) {
        rv = put_all(table_of(revoked, number), entries, n) ? APR_SUCCESS : APR_ENOSPC;
    }
    if (rv == APR_SUCCESS) {
        STORE(revoked->revision, to);
    }
    ag_lock_give(&revoked->lock);
    return rv;
}
