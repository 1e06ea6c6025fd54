/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: what a node knows of a fleet's counter, and the tokens of it that it may spend without
 * asking. Tokens are charged to the counter in memcached before they come here, so whatever is
 * lost, forgotten or torn by a killed process counts too much for a while, never too little.
 *
 * Leases lie in shared memory under striped locks, never held over I/O. The table forgets the one
 * that was used longest ago when it needs a place; whoever is forgotten costs round trips again.
 */
#ifndef AG_LIMIT_LEASE_H
#define AG_LIMIT_LEASE_H

#include "../base/table.h"
#include "room.h"

/* How old what is known of a counter may be, where somebody only asks how much is left. */
#define AG_LEASE_FRESH APR_USEC_PER_SEC

/* The generation of what a node counted by itself; one that is drawn is like it by a chance of 1 in 2^64. */
#define AG_LEASE_ALONE 2

typedef struct ag_lease_t {
    ag_id_t tag; /* subject and window, as on this machine; all zero: nobody's */
    ag_id_t key; /* the same, as in the fleet */

    /* What is known: the counter in memcached as it was when it was asked last. */
    apr_uint64_t generation; /* 0: nothing is known */
    ag_counter_t seen;
    apr_time_t asked;   /* 0: in doubt, since an administrator has reset something since */
    apr_time_t refused; /* when somebody was last refused, for want or in a pause; 0: never */
    apr_time_t dry;     /* since when nobody asks, so that tokens gather; 0: all may */

    apr_uint32_t refusals; /* by memcached, in a row */
    apr_uint32_t algo;     /* the window, for whoever gives back without one */
    ag_rate_t rate;
    apr_uint64_t burst;

    apr_uint64_t tokens;  /* may be spent */
    apr_uint64_t granted; /* so many they were */
    apr_time_t taken;     /* when they were charged */
    apr_time_t life;      /* so long they may be spent; then they are only given back */
    apr_time_t until;     /* the algorithm's spend_by() */

    apr_time_t busy; /* somebody is asking memcached; until then at most, by the real clock */
    apr_time_t used;

    apr_uint64_t second; /* what was spent in this second and in the one before */
    apr_uint32_t spent, before;

    apr_uint32_t peer_rate;     /* other nodes' charges per second, by the last visit */
    apr_uint32_t peer_rate_max; /* and a fading maximum of those before */
} ag_lease_t;

/* ---- one lease; its stripe's lock is held ---------------------------------------------------- */

/* How long a lease of that window lives at least, in microseconds; a bucket's no longer, since there
 * giving back is only right when no other lease is older. */
apr_time_t ag_lease_life(const ag_window_t *window);

/* How long the next one should: longer, where few requests come to this node and what all nodes then
 * hold is little beside what is left. */
apr_time_t ag_lease_term(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now);

/* How many of its tokens may be spent at `now`. */
apr_uint64_t ag_lease_good(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now);

/* How many of `tokens` that it held can be given back: none while they may be spent, and none of a
 * lease in doubt, since its counter may have been emptied after they were charged. */
apr_uint64_t ag_lease_back(const ag_lease_t *lease, const ag_window_t *window, apr_uint64_t tokens, apr_time_t now);

/* Takes tokens out, or puts them back that nobody needed. */
void ag_lease_spend(ag_lease_t *lease, apr_uint64_t cost, apr_time_t now);
void ag_lease_unspend(ag_lease_t *lease, apr_uint64_t cost);
void ag_lease_count(ag_lease_t *lease, apr_uint64_t cost, apr_time_t now);

/* How many tokens the node may want to spend in a second; 0: it has been idle. */
apr_uint64_t ag_lease_pace(const ag_lease_t *lease, apr_time_t now);

/* The same in `term` microseconds, or in the part of them that the window has left. */
apr_uint64_t ag_lease_want(const ag_lease_t *lease, const ag_window_t *window, apr_time_t term, apr_time_t now);

/* For so long nobody asks, in microseconds, since the counter was used up a moment ago; 0: ask. */
apr_time_t ag_lease_pause(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now);

/* Its window as it is known without a configuration; 0 when it is not. */
int ag_lease_window(ag_window_t *window, const ag_lease_t *lease);

/* The counter was found used up, or something of it was got and so many are left. */
void ag_lease_used_up(ag_lease_t *lease, apr_time_t now);
void ag_lease_got(ag_lease_t *lease, const ag_window_t *window, apr_uint64_t left, apr_time_t now);

/* Puts it in doubt: the next who is refused asks, and waits for nothing before. */
void ag_lease_doubt(ag_lease_t *lease);

/* An administrator wants its counter forgotten: nothing is known and nothing held any more. */
void ag_lease_void(ag_lease_t *lease);

/* 1 when it is time to ask though what was seen says no: others may have given back. */
int ag_lease_doubts(const ag_lease_t *lease, apr_time_t now);

/* The counter as memcached has it says what others charged since this node last asked. */
void ag_lease_watch(ag_lease_t *lease, const ag_window_t *window, const ag_counter_t *read, apr_time_t now);

/* Has the quota tell no more than is left if others have gone on since at twice their pace; while
 * requests are refused, that is what this node holds. `sure` of what it tells is this node's own. */
void ag_lease_doubt_quota(ag_quota_t *quota, const ag_lease_t *lease, const ag_window_t *window, apr_uint64_t sure,
                          apr_time_t now);

/* Everything that memcached said and gave, in an order in which a process may be killed. */
void ag_lease_learn(ag_lease_t *lease, const ag_window_t *window, const ag_counter_t *seen, apr_uint64_t generation,
                    apr_time_t now);
void ag_lease_fill(ag_lease_t *lease, const ag_window_t *window, apr_uint64_t tokens, apr_uint64_t granted,
                   apr_time_t term, apr_time_t now);

/* ---- the table ------------------------------------------------------------------------------- */

#define AG_LEASE_SET     AG_ROOM_SLOTS /* places where a tag may be */
#define AG_LEASE_STRIPES 64            /* one bit each in a mask */

/* How far a memcached that lost its memory got it back from this node (lease_restore.c). */
typedef struct ag_mark_t {
    apr_uint64_t known;  /* the generation of its mark, when all that this node had seen was there */
    apr_uint64_t giving; /* another one's: the node is giving back what it saw, */
    apr_uint64_t at;     /* from this lease on, */
    apr_uint64_t given;  /* and so many counters were missing */
} ag_mark_t;

typedef struct ag_leases_head_t {
    ag_table_head_t base;
    apr_time_t tended;    /* when somebody last looked for idle leases */
    apr_uint64_t next;    /* where the next look begins */
    ag_id_t fleet;        /* digest of the servers that the marks are of */
    apr_uint64_t epoch;   /* of resets, as it was a second ago, */
    apr_uint64_t settled; /* and the last one that was heard of twice (lease_reset.c) */
    ag_mark_t marks[AG_FLEET_SERVERS];
    ag_breaker_t breakers[AG_FLEET_SERVERS];
} ag_leases_head_t;

struct ag_leases_t {
    ag_table_t table;
    ag_leases_head_t *head;
    ag_lease_t *all;
    apr_uint64_t n;
};

static inline apr_uint32_t ag_lease_stripe(const ag_subject_t *subject)
{
    return (apr_uint32_t)subject->id.lo & (AG_LEASE_STRIPES - 1);
}

/* The stripe of the lease of that number. */
static inline apr_uint32_t ag_lease_stripe_at(const ag_leases_t *leases, apr_uint64_t number)
{
    return (apr_uint32_t)(number / (leases->table.each * AG_LEASE_SET));
}

/* The locks of a mask of stripes, from the lowest up. */
static inline void ag_leases_lock(const ag_leases_t *leases, apr_uint64_t stripes)
{
    ag_table_hold(&leases->table, stripes);
}

static inline void ag_leases_unlock(const ag_leases_t *leases, apr_uint64_t stripes)
{
    ag_table_release(&leases->table, stripes);
}

/* The lease of that tag, or NULL. */
ag_lease_t *ag_lease_find(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag);

/* A new one for a tag that has none, in a place that it `may` take (room.h): nobody floods those away
 * that are kept for clients that were identified. */
ag_lease_t *ag_lease_claim(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag, unsigned may);

#endif
