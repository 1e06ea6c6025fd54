/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tickets:
 *
 *     head | stripes: a lock each | lives | sets of eight counts | tickets
 *
 * An id chooses its set, and the set its stripe. A ticket says which count it is of; that is written
 * under the count's lock only, before the count itself. So whatever moment a process dies in, counting
 * the tickets of the living anew, under the same lock, gives the true number. That is done when somebody
 * is about to be refused, once a second at most.
 */
#include "tickets.h"

#include <string.h>

#include "../base/lock.h"
#include "../base/process.h"

#define MAGIC     APR_UINT64_C(0x61677469636b6574) /* "agticket"; changes with the layout */
#define MAX_LIVES 2048                             /* processes at once, in an eighth of the memory at most */
#define STRIPES   64
#define WAYS      8
#define SWEEP     apr_time_from_sec(1) /* the dead are not looked for more often */

typedef struct {
    apr_uint64_t start;
    apr_uint32_t pid;        /* 0: free */
    apr_uint32_t generation; /* of the place's owner, from 1 */
} life_t;

typedef struct {
    ag_id_t id;
    apr_uint32_t out; /* 0: the count is nobody's */
    apr_uint32_t unused;
} count_t;

typedef struct {
    apr_uint32_t life;  /* generation times n_lives, and the place there; 0: free */
    apr_uint32_t count; /* which one, from 1; 0: not written yet */
} ticket_t;

typedef struct {
    apr_uint64_t magic;
    apr_uint64_t size;
    ag_lock_t lock; /* of the lives */
    ag_lock_t stripes[STRIPES];
    apr_uint32_t n_lives; /* this and the next are to be compared, and never used */
    apr_uint32_t n_sets;
    apr_uint32_t next; /* where to look for a free ticket */
    apr_uint32_t unused;
    apr_time_t swept;
} head_t;

struct ag_tickets_t {
    head_t *head;
    life_t *lives;
    count_t *counts;
    ticket_t *tickets;
    apr_uint32_t n_lives;
    apr_uint32_t n_sets;
    apr_uint32_t n_tickets; /* and so many counts */
    apr_uint32_t life;      /* ours; 0: there was no place */
};

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELEASE)

/* ---- the memory ------------------------------------------------------------------------------ */

static apr_status_t format(ag_tickets_t *tickets, const head_t *shape)
{
    apr_status_t rv;
    int i;

    memset(tickets->head, 0, shape->size);
    rv = ag_lock_init(&tickets->head->lock);
    for (i = 0; rv == APR_SUCCESS && i < STRIPES; i++) {
        rv = ag_lock_init(&tickets->head->stripes[i]);
    }
    tickets->head->size = shape->size;
    tickets->head->n_lives = shape->n_lives;
    tickets->head->n_sets = shape->n_sets;
    tickets->head->magic = rv == APR_SUCCESS ? MAGIC : 0;
    return rv;
}

/* As many tickets as counts: a busy client has many tickets of one count. 0: it is too small. */
static int measure(head_t *shape, apr_size_t size)
{
    apr_size_t lives = size / 8 / sizeof(life_t);
    apr_size_t left;

    memset(shape, 0, sizeof *shape);
    shape->size = size;
    shape->n_lives = (apr_uint32_t)(lives < MAX_LIVES ? lives : MAX_LIVES);
    left = sizeof *shape + shape->n_lives * sizeof(life_t);
    left = size > left ? size - left : 0;
    shape->n_sets = (apr_uint32_t)(left / (WAYS * (sizeof(count_t) + sizeof(ticket_t))));
    return shape->n_lives > 0 && shape->n_sets > 0 && size < APR_UINT32_MAX;
}

static int same_shape(const head_t *head, const head_t *shape)
{
    return head->magic == MAGIC && head->size == shape->size && head->n_lives == shape->n_lives
           && head->n_sets == shape->n_sets;
}

apr_status_t ag_tickets_attach(ag_tickets_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_tickets_t *tickets = apr_pcalloc(p, sizeof *tickets);
    head_t shape;

    if (!measure(&shape, size)) {
        return APR_EINVAL;
    }
    *out = tickets;
    tickets->head = memory;
    tickets->lives = (life_t *)(tickets->head + 1);
    tickets->counts = (count_t *)(tickets->lives + shape.n_lives);
    tickets->tickets = (ticket_t *)(tickets->counts + (apr_size_t)shape.n_sets * WAYS);
    tickets->n_lives = shape.n_lives;
    tickets->n_sets = shape.n_sets;
    tickets->n_tickets = shape.n_sets * WAYS;
    if (fresh) {
        return format(tickets, &shape);
    }
    return same_shape(tickets->head, &shape) ? APR_SUCCESS : APR_EINVAL;
}

/* ---- lives ----------------------------------------------------------------------------------- */

/* Of each place the last generation that is known to be dead; all before it are. A place that was taken
 * meanwhile has a later one. */
typedef struct {
    apr_uint32_t generation[MAX_LIVES];
} dead_t;

static void find_dead(dead_t *dead, const ag_tickets_t *tickets)
{
    apr_uint32_t i;

    for (i = 0; i < tickets->n_lives; i++) {
        const life_t *entry = &tickets->lives[i];
        apr_uint32_t generation = LOAD(entry->generation);

        dead->generation[i] =
            generation && ag_process_runs(LOAD(entry->pid), LOAD(entry->start)) ? generation - 1 : generation;
    }
}

static int is_dead(const dead_t *dead, const ag_tickets_t *tickets, apr_uint32_t life)
{
    apr_uint32_t n = tickets->n_lives;

    return life / n <= dead->generation[life % n];
}

/* A place that is nobody's, or n. */
static apr_uint32_t vacant_life(const ag_tickets_t *tickets, apr_uint32_t n)
{
    apr_uint32_t i;

    for (i = 0; i < n; i++) {
        const life_t *entry = &tickets->lives[i];

        if (!entry->pid || !ag_process_runs(entry->pid, entry->start)) {
            return i;
        }
    }
    return n;
}

int ag_tickets_live(ag_tickets_t *tickets)
{
    head_t *head = tickets->head;
    apr_uint32_t n = tickets->n_lives, i;

    ag_lock_take(&head->lock);
    i = vacant_life(tickets, n);
    if (i < n) {
        life_t *entry = &tickets->lives[i];
        apr_uint32_t generation = entry->generation % (APR_UINT32_MAX / n - 1) + 1;

        ag_process_self(&entry->pid, &entry->start);
        STORE(entry->generation, generation); /* last: who sees it sees the others */
        STORE(tickets->life, generation * n + i);
    }
    ag_lock_give(&head->lock);
    return i < n;
}

/* ---- counts ---------------------------------------------------------------------------------- */

static ag_lock_t *lock_of(const ag_tickets_t *tickets, apr_size_t count)
{
    return &tickets->head->stripes[count / WAYS % STRIPES];
}

/* The first count of the id's set. */
static apr_size_t set_of(const ag_tickets_t *tickets, ag_id_t id)
{
    return id.lo % tickets->n_sets * WAYS;
}

/* The id's count, else one that is nobody's, of those that it `may` take (0: none). */
static count_t *find(const ag_tickets_t *tickets, ag_id_t id, unsigned may)
{
    count_t *set = &tickets->counts[set_of(tickets, id)], *vacant = NULL;
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

/* Counts the tickets anew and frees those of the dead. The count's lock is held. */
static void sift(ag_tickets_t *tickets, const dead_t *dead, count_t *count)
{
    apr_uint32_t number = (apr_uint32_t)(count - tickets->counts) + 1;
    apr_uint32_t i, out = 0;

    for (i = 0; i < tickets->n_tickets; i++) {
        ticket_t *ticket = &tickets->tickets[i];

        if (LOAD(ticket->count) != number) {
            continue;
        }
        if (is_dead(dead, tickets, LOAD(ticket->life))) {
            STORE(ticket->count, 0);
            STORE(ticket->life, 0);
        }
        else {
            out++;
        }
    }
    count->out = out;
}

/* The count that a ticket names, or NULL. A process that was taken over may have written anything. */
static count_t *count_at(const ag_tickets_t *tickets, apr_uint32_t number)
{
    return number && number <= tickets->n_tickets ? &tickets->counts[number - 1] : NULL;
}

/* One ticket of the dead, and all of its count. */
static void take_back(ag_tickets_t *tickets, const dead_t *dead, ticket_t *ticket, apr_uint32_t life)
{
    apr_uint32_t number = LOAD(ticket->count);
    count_t *count = count_at(tickets, number);
    ag_lock_t *lock;

    if (!count) { /* it died before it was let in */
        __atomic_compare_exchange_n(&ticket->life, &life, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        return;
    }
    lock = lock_of(tickets, number - 1);
    ag_lock_take(lock);
    sift(tickets, dead, count);
    ag_lock_give(lock);
}

static void sweep(ag_tickets_t *tickets)
{
    dead_t dead;
    apr_uint32_t i;

    find_dead(&dead, tickets); /* asks the system, so no lock is held */
    for (i = 0; i < tickets->n_tickets; i++) {
        apr_uint32_t life = LOAD(tickets->tickets[i].life);

        if (life && is_dead(&dead, tickets, life)) {
            take_back(tickets, &dead, &tickets->tickets[i], life);
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

/* ---- tickets --------------------------------------------------------------------------------- */

/* A free ticket, now ours; its number from 1, or 0. A quarter is kept, too, for who may take all. */
static apr_uint32_t claim(ag_tickets_t *tickets, unsigned may)
{
    head_t *head = tickets->head;
    apr_uint32_t from = __atomic_fetch_add(&head->next, 1, __ATOMIC_RELAXED);
    apr_uint32_t all = tickets->n_tickets, n = may & AG_ROOM_KEPT ? all : all - all / 4, i;

    for (i = 0; i < n; i++) {
        apr_uint32_t at = (from + i) % n, nobody = 0;

        if (__atomic_compare_exchange_n(&tickets->tickets[at].life, &nobody, tickets->life, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            return at + 1;
        }
    }
    return 0;
}

static apr_uint32_t take(ag_tickets_t *tickets, ag_id_t id, unsigned may, apr_uint64_t n)
{
    ag_lock_t *lock = lock_of(tickets, set_of(tickets, id));
    apr_uint32_t ticket = 0;
    count_t *count;

    ag_lock_take(lock);
    count = find(tickets, id, may);
    if (count && count->out < n && LOAD(tickets->life)) {
        ticket = claim(tickets, may);
    }
    if (ticket) {
        STORE(tickets->tickets[ticket - 1].count, (apr_uint32_t)(count - tickets->counts) + 1);
        count->out++;
    }
    ag_lock_give(lock);
    return ticket;
}

apr_uint32_t ag_tickets_take_of(ag_tickets_t *tickets, ag_id_t id, unsigned may, apr_uint64_t n, apr_time_t now)
{
    apr_uint32_t ticket = take(tickets, id, may, n);

    if (!ticket && n && is_turn(tickets->head, now)) {
        if (!LOAD(tickets->life)) {
            ag_tickets_live(tickets);
        }
        sweep(tickets); /* the dead may be in the way */
        ticket = take(tickets, id, may, n);
    }
    return ticket;
}

void ag_tickets_give(ag_tickets_t *tickets, apr_uint32_t number)
{
    ticket_t *ticket = &tickets->tickets[number - 1];
    apr_uint32_t of = LOAD(ticket->count);
    count_t *count = count_at(tickets, of);
    ag_lock_t *lock = lock_of(tickets, of - 1);

    ag_lock_take(lock);
    if (count) {
        count->out -= count->out > 0;
    }
    STORE(ticket->count, 0);
    STORE(ticket->life, 0);
    ag_lock_give(lock);
}

apr_uint32_t ag_tickets_out(ag_tickets_t *tickets, ag_id_t id)
{
    ag_lock_t *lock = lock_of(tickets, set_of(tickets, id));
    count_t *count;
    apr_uint32_t out;

    ag_lock_take(lock);
    count = find(tickets, id, 0);
    out = count ? count->out : 0;
    ag_lock_give(lock);
    return out;
}

apr_uint32_t ag_tickets_all(ag_tickets_t *tickets)
{
    apr_uint32_t i, all = 0;

    for (i = 0; i < tickets->n_tickets; i++) {
        all += LOAD(tickets->tickets[i].life) != 0;
    }
    return all;
}
