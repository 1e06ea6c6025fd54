/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_reset: see lease_reset.h. A reset leaves an empty counter of another birth, an odd one, which
 * nobody restores to what he had seen. Nodes that saw the old one used up would go on refusing for a
 * while by themselves, so it is posted: one entry counts the resets, and 64 others say which
 * counters the last of them were of. All nodes read the first one once a second.
 *
 * Who hears of a reset asks memcached anew, so a post that is lost, read twice or another one's costs a
 * round trip and admits nobody. Only if memcached has lost that counter by then, he gives nothing back.
 */
#include "lease_reset.h"

#include <apr_time.h>

#include "store_lease.h"

#define POSTS 64
#define POSTED_FOR (86400 * APR_USEC_PER_SEC)
#define NAMED APR_UINT64_C(0x7265736574730000) /* "resets"; beside digests of 128 bits */
#define TRIES 64

/* ---- to see ---------------------------------------------------------------------------------- */

static void name_counter(ag_entry_t *entry, const ag_lease_store_t *store,
                         const ag_charge_t *charge, apr_pool_t *p)
{
    ag_entry_name(entry, store->fleet->config.prefix, ag_entry_id(charge, p));
}

apr_status_t ag_lease_look(ag_lease_view_t *view, ag_store_t *base, ag_charge_t *charge,
                           apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_entry_t entry = {.there = 0};
    ag_lease_t lease;
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, store->fleet, now, p);

    if (!rv) {
        name_counter(&entry, store, charge, p);
        rv = ag_central_read(&call, &entry, 1);
        ag_fleet_end(&call);
    }
    lease = ag_lease_known(store, charge);
    view->held = ag_lease_good(&lease, charge->window, now);
    view->asked = lease.birth ? lease.asked : 0;
    if (!rv && (entry.there || !lease.birth || lease.forgets)) {
        lease.seen = entry.counter;
        view->asked = now;
    }
    ag_lease_judge(charge, &lease.seen, view->held, now, 0);
    return rv;
}

/* ---- to begin anew --------------------------------------------------------------------------- */

/* An odd birth of its own. */
static apr_status_t bear(ag_entry_t *entry)
{
    apr_status_t rv = ag_random(&entry->birth, sizeof entry->birth);

    entry->birth |= 1;
    return rv;
}

/* It is kept for as long as the old one would have been, since so long others know that. */
static apr_status_t empty(ag_call_t *call, ag_entry_t *entry, apr_time_t idle_at)
{
    static const ag_counter_t nothing = {0, 0, 0};
    apr_status_t rv = bear(entry);

    return rv ? rv : ag_entry_write(&call->wire, entry, &nothing, idle_at);
}

/* A counter that memcached has lost and this node would restore is begun anew, too. */
static apr_status_t begin_anew(int *there, ag_call_t *call, ag_entry_t *entry,
                               const ag_lease_t *lease, const ag_window_t *window)
{
    apr_status_t rv = APR_EBUSY;
    int tries;

    for (tries = 0; rv == APR_EBUSY && tries < TRIES; tries++) {
        const ag_counter_t *counter = &entry->counter;
        apr_time_t idle_at;

        rv = ag_central_read(call, entry, 1);
        if (rv || (!entry->there && (!lease->birth || lease->forgets))) {
            return rv;
        }
        counter = entry->there ? counter : &lease->seen;
        idle_at = window->algo->idle_at(counter, window);
        *there |= idle_at > call->now;
        rv = empty(call, entry, idle_at);
    }
    return rv;
}

static void name_post(ag_entry_t *entry, const ag_fleet_t *fleet, apr_uint64_t number)
{
    ag_id_t id = {NAMED, number};

    ag_entry_name(entry, fleet->config.prefix, id);
}

/* The place of a reset's post; 0 is the entry that counts them. */
static apr_uint64_t place_of(apr_uint64_t reset)
{
    return 1 + reset % POSTS;
}

/* Takes the next number. */
static apr_status_t count_reset(apr_uint64_t *number, ag_call_t *call)
{
    apr_status_t rv = APR_EBUSY;
    ag_entry_t entry;
    int tries;

    name_post(&entry, call->fleet, 0);
    for (tries = 0; rv == APR_EBUSY && tries < TRIES; tries++) {
        rv = ag_central_read(call, &entry, 1);
        if (!rv) {
            *number = ++entry.counter.a;
            rv = ag_entry_write(&call->wire, &entry, &entry.counter, call->now + POSTED_FOR);
        }
    }
    return rv;
}

/* With the new birth, for those that know it already. Whose place is taken meanwhile by a later one is
 * heard of as one of too many. */
static apr_status_t post(ag_call_t *call, ag_id_t key, apr_uint64_t birth)
{
    ag_counter_t what = {key.hi, key.lo, 0};
    apr_status_t rv = count_reset(&what.c, call);
    ag_entry_t entry;

    if (!rv) {
        name_post(&entry, call->fleet, place_of(what.c));
        rv = ag_central_read(call, &entry, 1);
        entry.birth = birth;
    }
    rv = rv ? rv : ag_entry_write(&call->wire, &entry, &what, call->now + POSTED_FOR);
    return rv == APR_EBUSY ? APR_SUCCESS : rv;
}

/* Whether it is what a reset left, of that birth, or what was there before. */
static void doubt_one(ag_lease_t *lease, apr_uint64_t birth)
{
    if (lease->birth == birth || !birth) {
        ag_lease_doubt(lease);
    }
    else {
        ag_lease_void(lease);
    }
}

/* Where memcached cannot be told (0) the next visit finds the old counter, and says so; until then
 * nothing begins with it. */
static void doubt(const ag_lease_store_t *store, const ag_charge_t *charge, apr_uint64_t birth)
{
    apr_uint32_t stripe = ag_lease_stripe(charge->subject);
    ag_lease_t *lease;

    ag_leases_lock(store->leases, (apr_uint64_t)1 << stripe);
    lease = ag_lease_find(store->leases, stripe,
                          ag_id_mix(charge->subject->id, charge->window->id));
    if (lease && birth) {
        doubt_one(lease, birth);
    }
    else if (lease) {
        ag_lease_void(lease);
    }
    ag_leases_unlock(store->leases, (apr_uint64_t)1 << stripe);
}

apr_status_t ag_lease_forget(int *there, ag_store_t *base, const ag_charge_t *charge,
                             apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_lease_t lease = ag_lease_known(store, charge);
    ag_entry_t entry;
    ag_call_t call;
    apr_status_t rv = ag_fleet_begin(&call, store->fleet, now, p);

    *there = 0;
    if (rv) {
        doubt(store, charge, 0);
        return rv;
    }
    name_counter(&entry, store, charge, p);
    rv = begin_anew(there, &call, &entry, &lease, charge->window);
    rv = rv || !*there ? rv : post(&call, ag_entry_id(charge, p), entry.birth);
    ag_fleet_end(&call);
    doubt(store, charge, rv ? 0 : entry.birth);
    return rv;
}

/* ---- to hear of it --------------------------------------------------------------------------- */

/* The last post of a counter, or NULL. */
static const ag_entry_t *post_of(const ag_lease_t *lease, const ag_entry_t *posts, apr_uint64_t n)
{
    while (n--) {
        if (lease->key.hi == posts[n].counter.a && lease->key.lo == posts[n].counter.b) {
            return &posts[n];
        }
    }
    return NULL;
}

/* Those that were posted, or all of them where that is not known. */
static void doubt_posted(const ag_leases_t *leases, const ag_entry_t *posts, apr_uint64_t n)
{
    apr_uint64_t i;

    for (i = 0; i < leases->n; i++) {
        apr_uint64_t stripe = (apr_uint64_t)1 << ag_lease_stripe_at(leases, i);
        ag_lease_t *lease = &leases->all[i];
        const ag_entry_t *post = posts ? post_of(lease, posts, n) : NULL;

        if (__atomic_load_n(&lease->birth, __ATOMIC_ACQUIRE) && (!posts || post)) {
            ag_leases_lock(leases, stripe);
            doubt_one(lease, post ? post->birth : 0);
            ag_leases_unlock(leases, stripe);
        }
    }
}

/* The posts of `n` resets after the `last`; NULL when not all of them can be read. */
static ag_entry_t *read_posts(ag_call_t *call, apr_uint64_t last, apr_uint64_t n)
{
    ag_entry_t *posts;
    apr_uint64_t i;

    if (n > POSTS) {
        return NULL;
    }
    posts = apr_palloc(call->wire.p, n * sizeof *posts);
    for (i = 0; i < n; i++) {
        name_post(&posts[i], call->fleet, place_of(last + 1 + i));
    }
    if (ag_central_read(call, posts, (int)n)) {
        return NULL;
    }
    for (i = 0; i < n; i++) {
        if (posts[i].counter.c != last + 1 + i) {
            return NULL;
        }
    }
    return posts;
}

/* Each reset is heard of twice, a second apart: who was asking while it was made may have brought
 * back what was there before. */
static void hear(ag_lease_store_t *store, ag_call_t *call, const ag_entry_t *count)
{
    ag_leases_head_t *head = store->leases->head;
    apr_uint64_t number = count->counter.a, n;

    if (head->posted != count->birth) {
        head->posted = count->birth;
        head->heard = head->latest = 0;
    }
    n = number - head->heard;
    if (n) {
        doubt_posted(store->leases, read_posts(call, head->heard, n), n);
    }
    head->heard = head->latest;
    head->latest = number;
}

void ag_lease_hear(ag_store_t *base, apr_time_t now, apr_pool_t *p)
{
    ag_lease_store_t *store = (ag_lease_store_t *)base;
    ag_entry_t count;
    ag_call_t call;

    if (ag_fleet_begin(&call, store->fleet, now, p)) {
        return;
    }
    name_post(&count, store->fleet, 0);
    if (!ag_central_read(&call, &count, 1) && count.there) {
        hear(store, &call, &count);
    }
    if (call.wire.fault) {
        call.wire.asked = 0; /* no request waited: the first that does will tell of it */
    }
    ag_fleet_end(&call);
}
