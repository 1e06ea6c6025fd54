/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: see usage.h. A slot's first word holds all that requests change, so one compare-and-swap
 * adds to it, and fails when the slot has become somebody else's since it was looked at:
 *
 *     generation 14 | phase 2 | denied 24 | requests 24
 *
 * Two processes may take a slot each for the same key at once; the database adds them up. The table's one
 * lock is the writer's.
 */
#include "usage.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/table.h"
#include "counters.h"

#define MAGIC APR_UINT64_C(0x3265676173756761) /* "agusage2"; changes with the layout */
#define DAY   86400
#define WEEK  (7 * DAY)

/* Slots a key may stand in: tried with random numbers, the first newcomer without one comes when 45 % of
 * the table are taken. */
#define PROBES 16

#define COUNT_BITS  24
#define COUNT_MAX   ((APR_UINT64_C(1) << COUNT_BITS) - 1) /* a second's worth is moved away each second */
#define ONE_REQUEST APR_UINT64_C(1)
#define ONE_DENIED  (APR_UINT64_C(1) << COUNT_BITS)
#define COUNTS      (APR_UINT64_C(1) << 2 * COUNT_BITS) /* all below this bit */
#define PHASE       (COUNTS * 3)
#define FREE        (COUNTS * 0)
#define CLAIMED     (COUNTS * 1) /* its name is being written */
#define LIVE        (COUNTS * 2)
#define GENERATION  (COUNTS * 4)

#define LOAD(x)       __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define GLANCE(x)     __atomic_load_n(&(x), __ATOMIC_RELAXED) /* the swap tells whether it was right */
#define SET(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)

typedef struct {
    apr_uint64_t state;
    apr_uint64_t store;
    apr_uint64_t key;
    apr_uint32_t day;       /* since 1970 */
    apr_uint32_t last_used; /* this and what follows is the writer's alone */
    apr_uint64_t requests;
    apr_uint64_t denied;
} slot_t;

typedef struct {
    ag_table_head_t base;
    apr_uint64_t next; /* where the writer goes on looking */
} head_t;

struct ag_usage_t {
    head_t *head;
    ag_lock_t *writer;
    slot_t *slots;
    apr_size_t n;
};

static const ag_table_shape_t shape = {.magic = MAGIC,
                                       .head = sizeof(head_t),
                                       .stripe = sizeof(ag_lock_t),
                                       .set = sizeof(slot_t),
                                       .stripes = 1,
                                       .usual = 1};

apr_size_t ag_usage_bytes(apr_size_t slots)
{
    return shape.head + shape.stripe + slots * shape.set;
}

apr_status_t ag_usage_attach(ag_usage_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_usage_t *usage = apr_pcalloc(p, sizeof *usage);
    ag_table_t table = {0};
    apr_status_t rv = ag_table_attach(&table, &shape, memory, size, fresh);

    usage->head = memory;
    usage->writer = ag_table_lock(&table, 0);
    usage->slots = (slot_t *)table.sets;
    usage->n = table.n_sets;
    *out = usage;
    return rv;
}

/* ---- a request ------------------------------------------------------------------------------- */

/* Fibonacci hashing: keys are numbered one by one, and their slots should lie apart. */
static apr_size_t home_of(const ag_usage_t *usage, const slot_t *name)
{
    apr_uint64_t mixed = (name->store ^ name->key ^ (apr_uint64_t)name->day << 40) * APR_UINT64_C(0x9E3779B97F4A7C15);

    return (apr_size_t)((mixed >> 32) * usage->n >> 32);
}

static int swap(slot_t *slot, apr_uint64_t *state, apr_uint64_t to)
{
    return __atomic_compare_exchange_n(&slot->state, state, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static int is_named(const slot_t *slot, const slot_t *name)
{
    return GLANCE(slot->key) == name->key && GLANCE(slot->store) == name->store && GLANCE(slot->day) == name->day;
}

/* Until it is LIVE nobody else touches it. A process killed in between leaves it unused for good. */
static int claim(slot_t *slot, apr_uint64_t state, const slot_t *name, apr_uint64_t one)
{
    apr_uint64_t generation = state & ~(GENERATION - 1);

    if (!swap(slot, &state, generation | CLAIMED)) {
        return 0;
    }
    SET(slot->store, name->store);
    SET(slot->key, name->key);
    SET(slot->day, name->day);
    slot->last_used = 0;
    slot->requests = slot->denied = 0;
    __atomic_store_n(&slot->state, generation | LIVE | one, __ATOMIC_RELEASE);
    return 1;
}

/* 1 when it was counted here; 0 when the slot is another's, or as full as it can be. */
static int count_in(slot_t *slot, const slot_t *name, apr_uint64_t one)
{
    apr_uint64_t state = LOAD(slot->state);

    while ((state & PHASE) == LIVE && is_named(slot, name) && (state & COUNT_MAX) != COUNT_MAX) {
        if (swap(slot, &state, state + one)) {
            return 1;
        }
    }
    return (state & PHASE) == FREE && claim(slot, state, name, one);
}

void ag_usage_count(ag_usage_t *usage, apr_uint64_t store, apr_uint64_t key, apr_time_t now, int denied)
{
    slot_t name = {.store = store, .key = key, .day = (apr_uint32_t)(apr_time_sec(now) / DAY)};
    apr_uint64_t one = ONE_REQUEST + (denied ? ONE_DENIED : 0);
    apr_size_t at = home_of(usage, &name);
    int i;

    if (!key) {
        return;
    }
    for (i = 0; i < PROBES; i++, at++) {
        at = at < usage->n ? at : 0;
        if (count_in(&usage->slots[at], &name, one)) {
            return;
        }
    }
    ag_count(AG_COUNT_USAGE_LOST);
}

/* ---- the writer ------------------------------------------------------------------------------ */

/* What was counted since the last time was used since then. */
static void collect(slot_t *slot, apr_time_t now)
{
    apr_uint64_t state = LOAD(slot->state);
    apr_uint32_t last = (apr_uint32_t)apr_time_sec(now), midnight;

    do {
        if ((state & PHASE) != LIVE || !(state & (COUNTS - 1))) {
            return;
        }
    } while (!swap(slot, &state, state & ~(COUNTS - 1)));
    midnight = (slot->day + 1) * DAY;
    slot->requests += state & COUNT_MAX;
    slot->denied += state >> COUNT_BITS & COUNT_MAX;
    slot->last_used = last < midnight ? last : midnight - 1;
}

int ag_usage_begin(ag_usage_t *usage, apr_time_t now)
{
    apr_size_t i;

    if (!ag_lock_try(usage->writer)) {
        return 0;
    }
    for (i = 0; i < usage->n; i++) {
        collect(&usage->slots[i], now);
    }
    return 1;
}

void ag_usage_end(ag_usage_t *usage)
{
    ag_lock_give(usage->writer);
}

static int waits(const slot_t *slot)
{
    return (LOAD(slot->state) & PHASE) == LIVE && slot->requests;
}

void ag_usage_stores(ag_usage_t *usage, ag_usage_store_fn *tell, void *ctx, apr_pool_t *p)
{
    apr_uint64_t last = 0;
    apr_size_t i;

    for (i = 0; i < usage->n; i++) {
        apr_uint64_t store = usage->slots[i].store;

        if (waits(&usage->slots[i]) && store != last) {
            tell(ctx, apr_pmemdup(p, &store, sizeof store));
            last = store;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const ag_usage_row_t *x = a, *y = b;

    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->day > y->day) - (x->day < y->day);
}

/* It begins behind the last row of the last time, so none waits for ever. */
int ag_usage_rows(ag_usage_row_t *rows, int max, ag_usage_t *usage, apr_uint64_t store)
{
    apr_size_t i, at = (apr_size_t)usage->head->next % usage->n;
    int n = 0;

    for (i = 0; i < usage->n && n < max; i++) {
        const slot_t *slot = &usage->slots[at];

        if (waits(slot) && slot->store == store) {
            ag_usage_row_t row = {
                slot->key, (apr_int64_t)slot->day * DAY, slot->requests, slot->denied, slot->last_used, at};

            rows[n++] = row;
        }
        at = at + 1 < usage->n ? at + 1 : 0;
    }
    usage->head->next = at;
    qsort(rows, (size_t)n, sizeof *rows, by_key);
    return n;
}

/* The slot is free again, unless it was used meanwhile. */
static void clear(slot_t *slot)
{
    apr_uint64_t state = LOAD(slot->state);

    slot->requests = slot->denied = 0;
    if (!(state & (COUNTS - 1))) {
        swap(slot, &state, (state & ~(GENERATION - 1)) + GENERATION);
    }
}

void ag_usage_written(ag_usage_t *usage, const ag_usage_row_t *rows, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        clear(&usage->slots[rows[i].slot]);
    }
}

void ag_usage_expire(ag_usage_t *usage, apr_time_t now)
{
    apr_size_t i;

    for (i = 0; i < usage->n; i++) {
        slot_t *slot = &usage->slots[i];

        if (waits(slot) && slot->last_used + WEEK < apr_time_sec(now)) {
            clear(slot);
        }
    }
}

void ag_usage_fill(ag_usage_t *usage, apr_size_t *slots, apr_size_t *used)
{
    apr_size_t i;

    *slots = usage->n;
    *used = 0;
    for (i = 0; i < usage->n; i++) {
        *used += (LOAD(usage->slots[i].state) & PHASE) != FREE;
    }
}
