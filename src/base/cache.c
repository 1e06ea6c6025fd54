/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache: a table of sets of eight slots with a lock each. A slot is valid when its length is not
 * zero: a writer clears the length, writes, and sets the length last, so that a process killed in
 * between leaves an empty slot and never a torn record.
 *
 * Writers hold the set's lock. Readers do not, since one busy key would make all of them queue: a
 * slot's turn is odd while it is written, and a copy counts only if the turn was even before and is
 * the same afterwards (a sequence lock, as in Boehm, "Can seqlocks get along with programming language
 * memory models?", 2012). What cannot be told so is told under the lock.
 */
#include "cache.h"

#include <string.h>

#include <apr_errno.h>

#include "table.h"

#define MAGIC 0x33656863616361ULL /* "acache3"; changes with the layout */
#define WAYS 8
#define ALL ((1u << WAYS) - 1)

typedef struct {
    ag_id_t id;
    apr_time_t stored;
    apr_uint32_t size; /* 0: empty */
    apr_uint32_t turn; /* odd: it is being written, or was when a process was killed */
    /* the record follows */
} slot_t;

struct ag_cache_t {
    ag_table_t table; /* a stripe is a lock, a set its slots */
    apr_size_t record_size;
    apr_size_t slot_size;
};

static apr_size_t slot_bytes(apr_size_t record_size)
{
    return sizeof(slot_t) + ((record_size + 7) & ~(apr_size_t)7);
}

apr_size_t ag_cache_bytes(apr_size_t slots, apr_size_t record_size)
{
    return sizeof(ag_table_head_t)
           + (slots + WAYS - 1) / WAYS * (sizeof(ag_lock_t) + WAYS * slot_bytes(record_size));
}

static ag_lock_t *lock_of(const ag_cache_t *cache, apr_size_t set)
{
    return ag_table_lock(&cache->table, set);
}

static slot_t *slot_of(const ag_cache_t *cache, apr_size_t set, int way)
{
    return (slot_t *)((char *)ag_table_set(&cache->table, set)
                      + (apr_size_t)way * cache->slot_size);
}

apr_status_t ag_cache_attach(ag_cache_t **out, void *memory, apr_size_t size,
                             apr_size_t record_size, int fresh, apr_pool_t *p)
{
    ag_cache_t *cache = apr_pcalloc(p, sizeof *cache);
    ag_table_shape_t shape = {.magic = MAGIC + (record_size << 32), .head = sizeof(ag_table_head_t),
                              .stripe = sizeof(ag_lock_t)};

    cache->record_size = record_size;
    cache->slot_size = slot_bytes(record_size);
    shape.set = (apr_uint32_t)(WAYS * cache->slot_size);
    *out = cache;
    return ag_table_attach(&cache->table, &shape, memory, size, fresh);
}

static apr_size_t set_for(const ag_cache_t *cache, ag_id_t id)
{
    return id.lo % cache->table.n_sets;
}

/* A record's length. One that no writer of ours can have written holds nothing. */
static apr_size_t size_of(const ag_cache_t *cache, const slot_t *slot)
{
    apr_size_t n = __atomic_load_n(&slot->size, __ATOMIC_RELAXED);

    return n <= cache->record_size ? n : 0;
}

/* The slot that holds `id`, or NULL. Its set is locked by the caller. */
static slot_t *find(const ag_cache_t *cache, apr_size_t set, ag_id_t id)
{
    int way;

    for (way = 0; way < WAYS; way++) {
        slot_t *slot = slot_of(cache, set, way);

        if (slot->size && ag_id_equal(slot->id, id)) {
            return slot;
        }
    }
    return NULL;
}

/* An empty slot goes first, then the oldest. */
static apr_time_t worth(const void *at, apr_time_t now)
{
    const slot_t *slot = at;

    (void)now;
    return slot->size ? slot->stored : APR_INT64_MIN;
}

static apr_size_t get_locked(ag_cache_t *cache, apr_size_t set, ag_id_t id, void *out,
                             apr_time_t *stored)
{
    apr_size_t n = 0;
    slot_t *slot;

    ag_lock_take(lock_of(cache, set));
    slot = find(cache, set, id);
    if (slot) {
        n = size_of(cache, slot);
        *stored = slot->stored;
        memcpy(out, slot + 1, n);
    }
    ag_lock_give(lock_of(cache, set));
    return n;
}

/* Copies a record of `n` bytes; 0 when somebody may have written it meanwhile. */
static int copy(void *out, apr_time_t *stored, const slot_t *slot, apr_size_t n, apr_uint32_t turn)
{
    memcpy(out, slot + 1, n);
    *stored = slot->stored;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(turn & 1) && __atomic_load_n(&slot->turn, __ATOMIC_RELAXED) == turn;
}

/* 1 when nobody wrote to the set since its turns came to `turns`, and nobody was writing then. */
static int is_quiet(const ag_cache_t *cache, apr_size_t set, apr_uint32_t turns)
{
    int way;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (way = 0; way < WAYS; way++) {
        apr_uint32_t turn = __atomic_load_n(&slot_of(cache, set, way)->turn, __ATOMIC_RELAXED);

        if (turn & 1) {
            return 0;
        }
        turns -= turn;
    }
    return turns == 0;
}

apr_size_t ag_cache_get(ag_cache_t *cache, ag_id_t id, void *out, apr_time_t *stored)
{
    apr_size_t set = set_for(cache, id);
    const slot_t *slot = slot_of(cache, set, 0);
    apr_uint32_t turns = 0; /* each only grows, so all are the same when their sum is */
    int way;

    for (way = 0; way < WAYS; way++) {
        apr_uint32_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);
        apr_size_t n = __atomic_load_n(&slot->size, __ATOMIC_RELAXED);

        if (n && n <= cache->record_size && ag_id_equal(slot->id, id)) {
            return copy(out, stored, slot, n, turn) ? n : get_locked(cache, set, id, out, stored);
        }
        turns += turn;
        slot = (const slot_t *)((const char *)slot + cache->slot_size);
    }
    /* What is put in anew is not away meanwhile. */
    return is_quiet(cache, set, turns) ? 0 : get_locked(cache, set, id, out, stored);
}

/* Its set is locked by the caller. */
static void put(ag_cache_t *cache, apr_size_t set, ag_id_t id, const void *record, apr_size_t n,
                apr_time_t now)
{
    slot_t *slot = find(cache, set, id);

    if (!slot) {
        slot = ag_table_victim(slot_of(cache, set, 0), cache->slot_size, ALL, worth, now);
    }
    if (!slot) {
        return;
    }
    __atomic_store_n(&slot->turn, slot->turn | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&slot->size, 0, __ATOMIC_SEQ_CST);
    slot->id = id;
    slot->stored = now;
    memcpy(slot + 1, record, n);
    __atomic_store_n(&slot->size, (apr_uint32_t)n, __ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->turn, slot->turn + 1, __ATOMIC_RELEASE);
}

int ag_cache_put_unless(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n,
                        apr_time_t now, const apr_uint64_t *word, apr_uint64_t value)
{
    apr_size_t set = set_for(cache, id);
    int good;

    if (n == 0 || n > cache->record_size) {
        return 0;
    }
    ag_lock_take(lock_of(cache, set));
    good = __atomic_load_n(word, __ATOMIC_SEQ_CST) == value;
    if (good) {
        put(cache, set, id, record, n, now);
    }
    ag_lock_give(lock_of(cache, set));
    return good;
}

int ag_cache_put(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n, apr_time_t now)
{
    const apr_uint64_t still = 0;

    return ag_cache_put_unless(cache, id, record, n, now, &still, 0);
}

void ag_cache_drop(ag_cache_t *cache, ag_id_t id)
{
    apr_size_t set = set_for(cache, id);
    slot_t *slot;

    ag_lock_take(lock_of(cache, set));
    slot = find(cache, set, id);
    if (slot) {
        __atomic_store_n(&slot->size, 0, __ATOMIC_SEQ_CST);
    }
    ag_lock_give(lock_of(cache, set));
}

static apr_size_t sweep_set(ag_cache_t *cache, apr_size_t set,
                            int (*match)(void *ctx, const void *record, apr_size_t n), void *ctx)
{
    apr_size_t dropped = 0;
    int way;

    ag_lock_take(lock_of(cache, set));
    for (way = 0; way < WAYS; way++) {
        slot_t *slot = slot_of(cache, set, way);

        apr_size_t n = size_of(cache, slot);

        if (n && match(ctx, slot + 1, n)) {
            __atomic_store_n(&slot->size, 0, __ATOMIC_SEQ_CST);
            dropped++;
        }
    }
    ag_lock_give(lock_of(cache, set));
    return dropped;
}

apr_size_t ag_cache_sweep(ag_cache_t *cache,
                          int (*match)(void *ctx, const void *record, apr_size_t n), void *ctx)
{
    apr_size_t dropped = 0;
    apr_size_t set;

    for (set = 0; set < cache->table.n_sets; set++) {
        dropped += sweep_set(cache, set, match, ctx);
    }
    return dropped;
}

static int count(void *ctx, const void *record, apr_size_t n)
{
    (void)record;
    (void)n;
    ++*(apr_size_t *)ctx;
    return 0;
}

void ag_cache_fill(ag_cache_t *cache, apr_size_t *slots, apr_size_t *used)
{
    *slots = cache->table.n_sets * WAYS;
    *used = 0;
    ag_cache_sweep(cache, count, used);
}
