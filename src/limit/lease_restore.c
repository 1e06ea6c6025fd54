/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_restore: see lease_restore.h. In each memcached lies a mark, an entry that says nothing. Where
 * it is gone or another one, the server has lost its memory since this node last looked. Whoever
 * finds none sets one and gives back what he saw; all others find one that they do not know.
 *
 * Giving back twice, or to a server that lost nothing, changes nothing.
 */
#include "lease_restore.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "../watch/counters.h"
#include "store_lease.h"

#define NAMED   APR_UINT64_C(0x6d61726b73000000) /* "marks"; beside digests of 128 bits */
#define NAMES   4096
#define A_VISIT 16 /* counters at most */
#define A_ROUND (APR_USEC_PER_SEC / 2)
#define TRIES   8

/* What this node knows of some counters of a server. */
typedef struct {
    int n;
    apr_uint64_t numbers[A_VISIT]; /* in the table */
    ag_lease_t leases[A_VISIT];
    ag_window_t windows[A_VISIT];
    ag_entry_t entries[A_VISIT];
} memory_t;

/* ---- some counters --------------------------------------------------------------------------- */

/* Copies one that still counts for something. */
static int remember(ag_lease_t *copy, ag_window_t *window, const ag_leases_t *leases, apr_uint64_t number,
                    apr_time_t now)
{
    apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, number);
    const ag_lease_t *lease = &leases->all[number];

    if (!__atomic_load_n(&lease->generation, __ATOMIC_RELAXED)) {
        return 0;
    }
    ag_leases_lock(leases, stripe);
    *copy = *lease;
    ag_leases_unlock(leases, stripe);
    return ag_lease_window(window, copy) && window->algo->idle_at(&copy->seen, window) > now;
}

/* The next ones that lie on this server; where to go on. */
static apr_uint64_t remember_some(memory_t *memory, const ag_leases_t *leases, const ag_call_t *call, int server,
                                  apr_uint64_t at)
{
    memory->n = 0;
    for (; at < leases->n && memory->n < A_VISIT; at++) {
        int i = memory->n;

        if (remember(&memory->leases[i], &memory->windows[i], leases, at, call->now)) {
            memory->numbers[i] = at;
            ag_entry_name(&memory->entries[i], call->fleet->config.prefix, memory->leases[i].key);
            memory->n += ag_fleet_server(call, &memory->entries[i]) == server;
        }
    }
    return at;
}

/* APR_SUCCESS: the counter is at least what this node saw of it, or was emptied by an administrator. */
static apr_status_t give_one(ag_call_t *call, memory_t *memory, int i, apr_uint64_t *given)
{
    const ag_lease_t *lease = &memory->leases[i];
    const ag_window_t *window = &memory->windows[i];
    ag_entry_t *entry = &memory->entries[i];
    apr_status_t rv = APR_EBUSY;
    int tries;

    for (tries = 0; rv == APR_EBUSY && tries < TRIES; tries++) {
        ag_counter_t counter = entry->counter;

        if (entry->there && entry->generation == lease->generation) {
            return APR_SUCCESS;
        }
        window->algo->restore(&counter, &lease->seen, window);
        if (entry->there && memcmp(&counter, &entry->counter, sizeof counter) == 0) {
            return APR_SUCCESS;
        }
        rv = ag_entry_write(&call->wire, entry, &counter, window->algo->idle_at(&counter, window));
        *given += rv == APR_SUCCESS;
        if (rv == APR_EBUSY && ag_entry_read(&call->wire, entry, 1)) {
            return call->wire.fault;
        }
    }
    return rv;
}

/* What this node saw stands in the counter of that generation now: who resets it has reset that, too. */
static void learn_generation(const ag_leases_t *leases, const memory_t *memory, int i)
{
    apr_uint64_t number = memory->numbers[i];
    apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, number);
    const ag_lease_t *copy = &memory->leases[i];
    ag_lease_t *lease = &leases->all[number];

    ag_leases_lock(leases, stripe);
    if (ag_id_equal(lease->tag, copy->tag) && lease->generation == copy->generation) {
        __atomic_store_n(&lease->generation, memory->entries[i].generation, __ATOMIC_RELEASE);
    }
    ag_leases_unlock(leases, stripe);
}

/* As many as can be given in half the time-out, or one: who waits longer for all answers of a visit
 * has to begin it anew. So many were done. */
static int give_some(const ag_leases_t *leases, ag_call_t *call, memory_t *memory, apr_uint64_t *given)
{
    apr_time_t reserve = call->wire.patience / 2;
    int i = 0;

    if (memory->n && ag_central_read(call, memory->entries, memory->n)) {
        return 0;
    }
    while (i < memory->n && (i == 0 || call->wire.patience > reserve) && !give_one(call, memory, i, given)) {
        learn_generation(leases, memory, i);
        i++;
    }
    return i;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* No request waited: the first that does will tell of a fault. */
static void end_quietly(ag_call_t *call)
{
    call->wire.asked = call->wire.asked && !call->wire.fault;
    ag_fleet_end(call);
}

static void tell(const ag_fleet_t *fleet, const ag_mark_t *mark)
{
    if (mark->given) {
        ag_count_more(AG_COUNT_STORE_RESTORED, mark->given);
        ag_log(fleet->config.log, AG_LOG_NOTICE, 0,
               "AG0503: memcached at %s had lost counters; %" APR_UINT64_T_FMT " of them were given back",
               fleet->config.servers, mark->given);
    }
}

/* One visit; 0 when it was in vain. */
static int give_next(ag_lease_store_t *store, int server, memory_t *memory, apr_time_t now, apr_pool_t *p)
{
    ag_mark_t *mark = &store->leases->head->marks[server];
    apr_uint64_t next;
    ag_call_t call;
    int done;

    if (ag_fleet_begin(&call, store->fleet, now, p)) {
        return 0;
    }
    next = remember_some(memory, store->leases, &call, server, mark->at);
    done = give_some(store->leases, &call, memory, &mark->given);
    mark->at = done < memory->n ? memory->numbers[done] : next;
    end_quietly(&call);
    return done || !memory->n;
}

/* As much as can be done until then, or one visit; the rest is for the next round. */
static void give_all(ag_lease_store_t *store, int server, apr_uint64_t generation, apr_time_t now, apr_time_t end,
                     apr_pool_t *p)
{
    ag_mark_t *mark = &store->leases->head->marks[server];
    memory_t *memory = apr_palloc(p, sizeof *memory);
    int done;

    if (mark->giving != generation) {
        mark->giving = generation;
        mark->at = mark->given = 0;
    }
    do {
        done = give_next(store, server, memory, now, p);
    } while (done && mark->giving == generation && mark->at < store->leases->n && apr_time_now() < end);
    if (mark->giving == generation && mark->at == store->leases->n) {
        mark->known = generation;
        tell(store->fleet, mark);
    }
}

/* A name that this server has; the same on all nodes. */
static int name_mark(ag_entry_t *entry, const ag_call_t *call, int server)
{
    ag_id_t id = {NAMED, 0};

    for (; id.lo < NAMES; id.lo++) {
        ag_entry_name(entry, call->fleet->config.prefix, id);
        if (ag_fleet_server(call, entry) == server) {
            return 1;
        }
    }
    return 0;
}

/* The generation of a server's mark, which is set where there is none of ours; 0: it cannot be told now. */
static apr_uint64_t look_for_mark(ag_call_t *call, int server)
{
    ag_entry_t entry;

    if (!name_mark(&entry, call, server) || ag_central_read_sign(call, &entry)
        || (!entry.generation && ag_entry_write(&call->wire, &entry, &entry.counter, APR_INT64_MAX))) {
        return 0;
    }
    return entry.generation;
}

/* Marks are known by the number of their server. */
static void know_fleet(ag_leases_head_t *head, const ag_fleet_config_t *config, apr_pool_t *p)
{
    const char *text = apr_pstrcat(p, config->servers, " ", config->prefix, NULL);
    ag_id_t fleet = ag_id_of(text, strlen(text));

    if (!ag_id_equal(head->fleet, fleet)) {
        head->fleet = fleet;
        memset(head->marks, 0, sizeof head->marks);
    }
}

void ag_lease_restore(ag_store_t *base, apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_leases_head_t *head = store->leases->head;
    apr_time_t end = apr_time_now() + A_ROUND;
    int server = 0, servers = 1;

    know_fleet(head, &store->fleet->config, p);
    for (; server < servers; server++) {
        apr_uint64_t generation;
        ag_call_t call;

        if (ag_fleet_begin(&call, store->fleet, now, p)) {
            return;
        }
        servers = store->fleet->several ? ag_fleet_servers(&call) : 1;
        generation = look_for_mark(&call, server);
        end_quietly(&call);
        if (generation && generation != head->marks[server].known) {
            give_all(store, server, generation, now, end, p);
        }
    }
}
