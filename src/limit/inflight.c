/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflight:
 *
 *     head | stripes: a lock each | processes | sets of eight counts | slots
 *
 * An id chooses its set, and the set its stripe. A slot says which count it is of; that is written
 * under the count's lock only, before the count itself. So whatever moment a process dies in, counting
 * the slots of the living anew, under the same lock, gives the true number. That is done when somebody
 * is about to be refused, once a second at most.
 */
#include "inflight.h"

#include <string.h>

#include "../base/lock.h"
#include "../base/process.h"

#define MAGIC         APR_UINT64_C(0x61677469636b6574) /* "agticket"; changes with the layout */
#define MAX_PROCESSES 2048                             /* processes at once, in an eighth of the memory at most */
#define STRIPES       64
#define WAYS          8
#define SWEEP         apr_time_from_sec(1) /* the dead are not looked for more often */

typedef struct {
    apr_uint64_t start;
    apr_uint32_t pid;        /* 0: free */
    apr_uint32_t generation; /* of the place's owner, from 1 */
} process_t;

typedef struct {
    ag_id_t id;
    apr_uint32_t out; /* 0: the count is nobody's */
    apr_uint32_t unused;
} count_t;

typedef struct {
    apr_uint32_t owner; /* generation times n_processes, and the place there; 0: free */
    apr_uint32_t count; /* which one, from 1; 0: not written yet */
} slot_t;

typedef struct {
    apr_uint64_t magic;
    apr_uint64_t size;
    ag_lock_t lock; /* of the processes */
    ag_lock_t stripes[STRIPES];
    apr_uint32_t n_processes; /* this and the next are to be compared, and never used */
    apr_uint32_t n_sets;
    apr_uint32_t next; /* where to look for a free slot */
    apr_uint32_t unused;
    apr_time_t swept;
} head_t;

struct ag_inflight_t {
    head_t *head;
    process_t *processes;
    count_t *counts;
    slot_t *slots;
    apr_uint32_t n_processes;
    apr_uint32_t n_sets;
    apr_uint32_t n_slots; /* and so many counts */
    apr_uint32_t owner;   /* ours; 0: there was no place */
};

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELEASE)

/* ---- the memory ------------------------------------------------------------------------------ */

static apr_status_t format(ag_inflight_t *inflight, const head_t *shape)
{
    apr_status_t rv;
    int i;

    memset(inflight->head, 0, shape->size);
    rv = ag_lock_init(&inflight->head->lock);
    for (i = 0; rv == APR_SUCCESS && i < STRIPES; i++) {
        rv = ag_lock_init(&inflight->head->stripes[i]);
    }
    inflight->head->size = shape->size;
    inflight->head->n_processes = shape->n_processes;
    inflight->head->n_sets = shape->n_sets;
    inflight->head->magic = rv == APR_SUCCESS ? MAGIC : 0;
    return rv;
}

/* As many slots as counts: a busy client has many slots of one count. 0: it is too small. */
static int measure(head_t *shape, apr_size_t size)
{
    apr_size_t processes = size / 8 / sizeof(process_t);
    apr_size_t left;

    memset(shape, 0, sizeof *shape);
    shape->size = size;
    shape->n_processes = (apr_uint32_t)(processes < MAX_PROCESSES ? processes : MAX_PROCESSES);
    left = sizeof *shape + shape->n_processes * sizeof(process_t);
    left = size > left ? size - left : 0;
    shape->n_sets = (apr_uint32_t)(left / (WAYS * (sizeof(count_t) + sizeof(slot_t))));
    return shape->n_processes > 0 && shape->n_sets > 0 && size < APR_UINT32_MAX;
}

static int same_shape(const head_t *head, const head_t *shape)
{
    return head->magic == MAGIC && head->size == shape->size && head->n_processes == shape->n_processes
           && head->n_sets == shape->n_sets;
}

apr_status_t ag_inflight_attach(ag_inflight_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_inflight_t *inflight = apr_pcalloc(p, sizeof *inflight);
    head_t shape;

    if (!measure(&shape, size)) {
        return APR_EINVAL;
    }
    *out = inflight;
    inflight->head = memory;
    inflight->processes = (process_t *)(inflight->head + 1);
    inflight->counts = (count_t *)(inflight->processes + shape.n_processes);
    inflight->slots = (slot_t *)(inflight->counts + (apr_size_t)shape.n_sets * WAYS);
    inflight->n_processes = shape.n_processes;
    inflight->n_sets = shape.n_sets;
    inflight->n_slots = shape.n_sets * WAYS;
    if (fresh) {
        return format(inflight, &shape);
    }
    return same_shape(inflight->head, &shape) ? APR_SUCCESS : APR_EINVAL;
}

/* ---- processes ----------------------------------------------------------------------------------- */

/* Of each place the last generation that is known to be dead; all before it are. A place that was taken
 * meanwhile has a later one. */
typedef struct {
    apr_uint32_t generation[MAX_PROCESSES];
} dead_t;

static void find_dead(dead_t *dead, const ag_inflight_t *inflight)
{
    apr_uint32_t i;

    for (i = 0; i < inflight->n_processes; i++) {
        const process_t *entry = &inflight->processes[i];
        apr_uint32_t generation = LOAD(entry->generation);

        dead->generation[i] =
            generation && ag_process_runs(LOAD(entry->pid), LOAD(entry->start)) ? generation - 1 : generation;
    }
}

static int is_dead(const dead_t *dead, const ag_inflight_t *inflight, apr_uint32_t owner)
{
    apr_uint32_t n = inflight->n_processes;

    return owner / n <= dead->generation[owner % n];
}

/* A place that is nobody's, or n. */
static apr_uint32_t vacant(const ag_inflight_t *inflight, apr_uint32_t n)
{
    apr_uint32_t i;

    for (i = 0; i < n; i++) {
        const process_t *entry = &inflight->processes[i];

        if (!entry->pid || !ag_process_runs(entry->pid, entry->start)) {
            return i;
        }
    }
    return n;
}

int ag_inflight_join(ag_inflight_t *inflight)
{
    head_t *head = inflight->head;
    apr_uint32_t n = inflight->n_processes, i;

    ag_lock_take(&head->lock);
    i = vacant(inflight, n);
    if (i < n) {
        process_t *entry = &inflight->processes[i];
        apr_uint32_t generation = entry->generation % (APR_UINT32_MAX / n - 1) + 1;

        ag_process_self(&entry->pid, &entry->start);
        STORE(entry->generation, generation); /* last: who sees it sees the others */
        STORE(inflight->owner, generation * n + i);
    }
    ag_lock_give(&head->lock);
    return i < n;
}

/* ---- counts ---------------------------------------------------------------------------------- */

static ag_lock_t *lock_of(const ag_inflight_t *inflight, apr_size_t count)
{
    return &inflight->head->stripes[count / WAYS % STRIPES];
}

/* The first count of the id's set. */
static apr_size_t set_of(const ag_inflight_t *inflight, ag_id_t id)
{
    return id.lo % inflight->n_sets * WAYS;
}

/* The id's count, else one that is nobody's, of those that it `may` take (0: none). */
static count_t *find(const ag_inflight_t *inflight, ag_id_t id, unsigned may)
{
    count_t *set = &inflight->counts[set_of(inflight, id)], *vacant = NULL;
    int i;

    for (i = 0; i < WAYS; i++) {
        if (set[i].out && ag_id_equal(set[i].id, id)) {
            return &set[i];
        }
        vacant = vacant || set[i].out || !(may >> i & 1) ? vacant : &set[i];
    }
    if (vacant) {
        vacant->id = id;
    }
    return vacant;
}

/* Counts the slots anew and frees those of the dead. The count's lock is held. */
static void sift(ag_inflight_t *inflight, const dead_t *dead, count_t *count)
{
    apr_uint32_t number = (apr_uint32_t)(count - inflight->counts) + 1;
    apr_uint32_t i, out = 0;

    for (i = 0; i < inflight->n_slots; i++) {
        slot_t *slot = &inflight->slots[i];

        if (LOAD(slot->count) != number) {
            continue;
        }
        if (is_dead(dead, inflight, LOAD(slot->owner))) {
            STORE(slot->count, 0);
            STORE(slot->owner, 0);
        }
        else {
            out++;
        }
    }
    count->out = out;
}

/* The count that a slot names, or NULL. A process that was taken over may have written anything. */
static count_t *count_at(const ag_inflight_t *inflight, apr_uint32_t number)
{
    return number && number <= inflight->n_slots ? &inflight->counts[number - 1] : NULL;
}

/* One slot of the dead, and all of its count. */
static void take_back(ag_inflight_t *inflight, const dead_t *dead, slot_t *slot, apr_uint32_t owner)
{
    apr_uint32_t number = LOAD(slot->count);
    count_t *count = count_at(inflight, number);
    ag_lock_t *lock;

    if (!count) { /* it died before it was let in */
        __atomic_compare_exchange_n(&slot->owner, &owner, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        return;
    }
    lock = lock_of(inflight, number - 1);
    ag_lock_take(lock);
    sift(inflight, dead, count);
    ag_lock_give(lock);
}

static void sweep(ag_inflight_t *inflight)
{
    dead_t dead;
    apr_uint32_t i;

    find_dead(&dead, inflight); /* asks the system, so no lock is held */
    for (i = 0; i < inflight->n_slots; i++) {
        apr_uint32_t owner = LOAD(inflight->slots[i].owner);

        if (owner && is_dead(&dead, inflight, owner)) {
            take_back(inflight, &dead, &inflight->slots[i], owner);
        }
    }
}

/* 1 for one caller a second. */
static int is_turn(head_t *head, apr_time_t now)
{
    apr_time_t last = LOAD(head->swept);

    return (now - last >= SWEEP || now < last)
           && __atomic_compare_exchange_n(&head->swept, &last, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* ---- slots --------------------------------------------------------------------------------- */

/* A free slot, now ours; its number from 1, or 0. A quarter is kept, too, for who may take all. */
static apr_uint32_t claim(ag_inflight_t *inflight, unsigned may)
{
    head_t *head = inflight->head;
    apr_uint32_t from = __atomic_fetch_add(&head->next, 1, __ATOMIC_RELAXED);
    apr_uint32_t all = inflight->n_slots, n = may & AG_ROOM_KEPT ? all : all - all / 4, i;

    for (i = 0; i < n; i++) {
        apr_uint32_t at = (from + i) % n, nobody = 0;

        if (__atomic_compare_exchange_n(&inflight->slots[at].owner, &nobody, inflight->owner, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            return at + 1;
        }
    }
    return 0;
}

static apr_uint32_t take(ag_inflight_t *inflight, ag_id_t id, unsigned may, apr_uint64_t n)
{
    ag_lock_t *lock = lock_of(inflight, set_of(inflight, id));
    apr_uint32_t slot = 0;
    count_t *count;

    ag_lock_take(lock);
    count = find(inflight, id, may);
    if (count && count->out < n && LOAD(inflight->owner)) {
        slot = claim(inflight, may);
    }
    if (slot) {
        STORE(inflight->slots[slot - 1].count, (apr_uint32_t)(count - inflight->counts) + 1);
        count->out++;
    }
    ag_lock_give(lock);
    return slot;
}

apr_uint32_t ag_inflight_take_of(ag_inflight_t *inflight, ag_id_t id, unsigned may, apr_uint64_t n, apr_time_t now)
{
    apr_uint32_t slot = take(inflight, id, may, n);

    if (!slot && n && is_turn(inflight->head, now)) {
        if (!LOAD(inflight->owner)) {
            ag_inflight_join(inflight);
        }
        sweep(inflight); /* the dead may be in the way */
        slot = take(inflight, id, may, n);
    }
    return slot;
}

void ag_inflight_give(ag_inflight_t *inflight, apr_uint32_t number)
{
    slot_t *slot = &inflight->slots[number - 1];
    apr_uint32_t of = LOAD(slot->count);
    count_t *count = count_at(inflight, of);
    ag_lock_t *lock = lock_of(inflight, of - 1);

    ag_lock_take(lock);
    if (count) {
        count->out -= count->out > 0;
    }
    STORE(slot->count, 0);
    STORE(slot->owner, 0);
    ag_lock_give(lock);
}

apr_uint32_t ag_inflight_out(ag_inflight_t *inflight, ag_id_t id)
{
    ag_lock_t *lock = lock_of(inflight, set_of(inflight, id));
    count_t *count;
    apr_uint32_t out;

    ag_lock_take(lock);
    count = find(inflight, id, 0);
    out = count ? count->out : 0;
    ag_lock_give(lock);
    return out;
}

apr_uint32_t ag_inflight_all(ag_inflight_t *inflight)
{
    apr_uint32_t i, all = 0;

    for (i = 0; i < inflight->n_slots; i++) {
        all += LOAD(inflight->slots[i].owner) != 0;
    }
    return all;
}
