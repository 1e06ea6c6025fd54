/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache: a table of sets with a lock each. A set is the heads of its places, then their bytes. A place is
 * valid when its length is not zero: a writer clears the length, writes, and sets the length last, so that
 * a process killed in between leaves an empty place and never a torn record. A long record lies in a group
 * of four places and is told by the first one's head.
 *
 * Writers hold the set's lock. Readers do not, since one busy key would make all of them queue: a
 * place's turn is odd while it is written, and a copy counts only if the turn was even before and is
 * the same afterwards (a sequence lock, as in Boehm, "Can seqlocks get along with programming language
 * memory models?", 2012). Whoever ends a long record moves its turn before one of the other places is
 * written. What cannot be told so is told under the lock.
 */
#include "cache_set.h"

#include <string.h>

#define MAGIC    0x34656863616361ULL /* "acache4"; changes with the layout */
#define GROUP    4
#define WAYS_ONE 8     /* places of a set, where all records take one, */
#define WAYS_TWO 16    /* and where long ones take a group */
#define MOST     65535 /* bytes of a record */

/* ---- the memory ------------------------------------------------------------------------------ */

static ag_table_shape_t shape_of(ag_cache_t *cache, apr_size_t record_size)
{
    ag_table_shape_t shape = {
        .magic = MAGIC, .layout = record_size, .head = sizeof(ag_table_head_t), .stripe = sizeof(ag_lock_t)};
    int two = record_size >= AG_CACHE_LONG;

    cache->record_size = record_size;
    cache->group = two ? GROUP : 1;
    cache->ways = two ? WAYS_TWO : WAYS_ONE;
    cache->small = ((record_size + cache->group - 1) / cache->group + 7) & ~(apr_size_t)7;
    cache->heads = two ? sizeof(apr_uint64_t) : 0;
    cache->bytes = cache->heads + cache->ways * sizeof(ag_cache_slot_t);
    shape.set = (apr_uint32_t)(cache->bytes + cache->ways * cache->small);
    return shape;
}

apr_size_t ag_cache_bytes(apr_size_t records, apr_size_t record_size)
{
    ag_cache_t cache;
    ag_table_shape_t shape = shape_of(&cache, record_size);

    return shape.head + (records + cache.ways - 1) / cache.ways * (shape.stripe + shape.set);
}

apr_status_t ag_cache_attach(ag_cache_t **out, void *memory, apr_size_t size, apr_size_t record_size, int fresh,
                             apr_pool_t *p)
{
    ag_cache_t *cache = apr_pcalloc(p, sizeof *cache);
    ag_table_shape_t shape;

    if (record_size > MOST) {
        return APR_EINVAL;
    }
    shape = shape_of(cache, record_size);
    *out = cache;
    return ag_table_attach(&cache->table, &shape, memory, size, fresh);
}

/* ---- a set ----------------------------------------------------------------------------------- */

static AG_HOT ag_cache_set_t set_at(const ag_cache_t *cache, apr_uint64_t number)
{
    char *at = ag_table_set(&cache->table, number);
    ag_cache_set_t set = {cache, ag_table_lock(&cache->table, number), at, (ag_cache_slot_t *)(at + cache->heads)};

    return set;
}

static AG_HOT ag_cache_set_t set_for(const ag_cache_t *cache, ag_id_t id)
{
    return set_at(cache, id.lo % cache->table.n_sets);
}

/* Nothing is written where no newcomer came since. */
static AG_HOT void touch(const ag_cache_set_t *set, ag_cache_slot_t *slot)
{
    if (set->of->group > 1) {
        apr_uint16_t now = __atomic_load_n(ag_cache_clock(set), __ATOMIC_RELAXED);

        if (__atomic_load_n(&slot->used, __ATOMIC_RELAXED) != now) {
            __atomic_store_n(&slot->used, now, __ATOMIC_RELAXED);
        }
    }
}

/* The place that holds `id`, or NULL. The set is locked by the caller. */
static ag_cache_slot_t *find(const ag_cache_set_t *set, ag_id_t id)
{
    unsigned way;

    for (way = 0; way < set->of->ways; way++) {
        if (ag_id_equal(set->slots[way].id, id) && set->slots[way].size) {
            return &set->slots[way];
        }
    }
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

AG_RARE static apr_size_t get_locked(const ag_cache_set_t *set, ag_id_t id, void *out, apr_time_t *stored)
{
    apr_size_t n = 0;
    ag_cache_slot_t *slot;

    ag_lock_take(set->lock);
    slot = find(set, id);
    if (slot) {
        unsigned way = (unsigned)(slot - set->slots);

        n = ag_cache_size(set, way);
        *stored = slot->stored;
        memcpy(out, ag_cache_record(set, way), n);
    }
    ag_lock_give(set->lock);
    return n;
}

/* Copies a record of `n` bytes; 0 when somebody may have written it meanwhile. */
static int copy(void *out, apr_time_t *stored, const ag_cache_slot_t *slot, const char *record, apr_size_t n,
                apr_uint32_t turn)
{
    memcpy(out, record, n);
    *stored = slot->stored;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(turn & 1) && __atomic_load_n(&slot->turn, __ATOMIC_RELAXED) == turn;
}

/* 1 when nobody wrote to the set since its turns came to `turns`, and nobody was writing then. */
static int is_quiet(const ag_cache_set_t *set, apr_uint32_t turns)
{
    unsigned way;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (way = 0; way < set->of->ways; way++) {
        apr_uint32_t turn = __atomic_load_n(&set->slots[way].turn, __ATOMIC_RELAXED);

        if (turn & 1) {
            return 0;
        }
        turns -= turn;
    }
    return turns == 0;
}

apr_size_t ag_cache_get(ag_cache_t *cache, ag_id_t id, void *out, apr_time_t *stored)
{
    ag_cache_set_t set = set_for(cache, id);
    ag_cache_slot_t *slot = set.slots;
    apr_uint32_t turns = 0; /* each only grows, so all are the same when their sum is */
    unsigned way;

    for (way = 0; way < cache->ways; way++, slot++) {
        apr_uint32_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);
        apr_size_t n;

        if (ag_id_equal(slot->id, id) && (n = ag_cache_size(&set, way)) > 0) {
            touch(&set, slot);
            return copy(out, stored, slot, ag_cache_record(&set, way), n, turn) ? n
                                                                                : get_locked(&set, id, out, stored);
        }
        turns += turn;
    }
    /* What is put in anew is not away meanwhile. */
    return is_quiet(&set, turns) ? 0 : get_locked(&set, id, out, stored);
}

/* ---- writing; the set is locked -------------------------------------------------------------- */

static void end_record(ag_cache_slot_t *slot)
{
    __atomic_store_n(&slot->size, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->turn, slot->turn + 2, __ATOMIC_SEQ_CST);
}

/* Empties `n` places, and has no reader believe what he finds there until close_places(). */
static void open_places(ag_cache_slot_t *slot, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        __atomic_store_n(&slot[i].turn, slot[i].turn | 1, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (i = 0; i < n; i++) {
        __atomic_store_n(&slot[i].size, 0, __ATOMIC_SEQ_CST);
    }
}

static void close_places(ag_cache_slot_t *slot, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        __atomic_store_n(&slot[i].turn, slot[i].turn + 1, __ATOMIC_RELEASE);
    }
}

static void put(const ag_cache_set_t *set, ag_id_t id, const void *record, apr_size_t n, apr_time_t now)
{
    unsigned span = n > set->of->small ? set->of->group : 1, way;
    ag_cache_slot_t *slot = find(set, id);

    slot = slot ? slot : ag_cache_claim(set, id, span, now);
    if (!slot) {
        return;
    }
    way = (unsigned)(slot - set->slots);
    way = span > 1 ? ag_cache_group(set, way) : way;
    slot = &set->slots[way];
    open_places(slot, span);
    slot->id = id;
    slot->stored = now;
    memcpy(ag_cache_record(set, way), record, n);
    touch(set, slot);
    __atomic_store_n(&slot->size, (apr_uint16_t)n, __ATOMIC_SEQ_CST);
    close_places(slot, span);
}

int ag_cache_put_unless(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n, apr_time_t now,
                        const apr_uint64_t *word, apr_uint64_t value)
{
    ag_cache_set_t set = set_for(cache, id);
    int good;

    if (n == 0 || n > cache->record_size) {
        return 0;
    }
    ag_lock_take(set.lock);
    good = __atomic_load_n(word, __ATOMIC_SEQ_CST) == value;
    if (good) {
        put(&set, id, record, n, now);
    }
    ag_lock_give(set.lock);
    return good;
}

int ag_cache_put(ag_cache_t *cache, ag_id_t id, const void *record, apr_size_t n, apr_time_t now)
{
    const apr_uint64_t still = 0;

    return ag_cache_put_unless(cache, id, record, n, now, &still, 0);
}

void ag_cache_drop(ag_cache_t *cache, ag_id_t id)
{
    ag_cache_set_t set = set_for(cache, id);
    ag_cache_slot_t *slot;

    ag_lock_take(set.lock);
    slot = find(&set, id);
    if (slot) {
        end_record(slot);
    }
    ag_lock_give(set.lock);
}

static apr_size_t sweep_set(const ag_cache_set_t *set, int (*match)(void *ctx, const void *record, apr_size_t n),
                            void *ctx)
{
    apr_size_t dropped = 0;
    unsigned way;

    ag_lock_take(set->lock);
    for (way = 0; way < set->of->ways; way++) {
        apr_size_t n = ag_cache_size(set, way);

        if (n && match(ctx, ag_cache_record(set, way), n)) {
            end_record(&set->slots[way]);
            dropped++;
        }
    }
    ag_lock_give(set->lock);
    return dropped;
}

apr_size_t ag_cache_sweep(ag_cache_t *cache, int (*match)(void *ctx, const void *record, apr_size_t n), void *ctx)
{
    apr_size_t dropped = 0;
    apr_uint64_t number;

    for (number = 0; number < cache->table.n_sets; number++) {
        ag_cache_set_t set = set_at(cache, number);

        dropped += sweep_set(&set, match, ctx);
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

void ag_cache_fill(ag_cache_t *cache, apr_size_t *places, apr_size_t *used)
{
    *places = cache->table.n_sets * cache->ways;
    *used = 0;
    ag_cache_sweep(cache, count, used);
}
