/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease: one lease by itself. A process may be killed between any two stores here: tokens go to 0
 * before anything they depend on changes, and come back last.
 */
#include "lease.h"

#define LIFE_MIN      APR_USEC_PER_SEC
#define LIFE_MAX      (10 * APR_USEC_PER_SEC)
#define WORTHWHILE    64 /* tokens: fewer are not worth the two round trips of a lease */
#define BATCH_SHARE   8  /* all nodes' leases are at most this part of what is left, where they live long */
#define RECHECK_AFTER (2 * APR_USEC_PER_SEC) /* doubled with each refusal */
#define MAX_DOUBLINGS 10
#define PAUSE_PART    60               /* of the time in which a window becomes whole, */
#define PAUSE_MAX     APR_USEC_PER_SEC /* but at most so long */
#define RECENT_PAUSES 30               /* pauses */
#define LAST_PART     150
#define PEER_SPEEDUP  2 /* others may become so much faster between two visits, */
#define PEER_BURST    4 /* and a few requests may come at once, and no promise is broken */
#define TENTH         (APR_USEC_PER_SEC / 10)
#define AGE_MAX       (60 * APR_USEC_PER_SEC)

/* Of a bucket, what drains in the life of a lease cannot be given back, so there it is better to
 * let tokens drain than to give them back: the longer the quicker that is, within reason. */
apr_time_t ag_lease_life(const ag_window_t *window)
{
    apr_time_t life = window->algo->drains ? window->algo->span(window) / 8 : 0;

    return life < LIFE_MIN ? LIFE_MIN : life < LIFE_MAX ? life : LIFE_MAX;
}

static int too_old(const ag_lease_t *lease, apr_time_t now)
{
    return now >= lease->taken + lease->life || now < lease->taken - lease->life;
}

apr_uint64_t ag_lease_good(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now)
{
    if (!lease->tokens || too_old(lease, now)) {
        return 0;
    }
    return window->algo->good(window, lease->tokens, lease->until, now);
}

/* After its window a refund knows by itself what still counts. */
apr_uint64_t ag_lease_back(const ag_lease_t *lease, const ag_window_t *window, apr_uint64_t tokens, apr_time_t now)
{
    if (!lease->asked) {
        return 0;
    }
    if (now >= lease->until) {
        return tokens;
    }
    return too_old(lease, now) ? window->algo->good(window, tokens, lease->until, now) : 0;
}

void ag_lease_count(ag_lease_t *lease, apr_uint64_t cost, apr_time_t now)
{
    apr_uint64_t second = (apr_uint64_t)apr_time_sec(now), room;

    if (lease->second != second) {
        lease->before = second == lease->second + 1 ? lease->spent : 0;
        lease->spent = 0;
        lease->second = second;
    }
    room = APR_UINT32_MAX - lease->spent;
    lease->spent += (apr_uint32_t)(cost < room ? cost : room);
}

void ag_lease_spend(ag_lease_t *lease, apr_uint64_t cost, apr_time_t now)
{
    lease->tokens -= cost;
    ag_lease_count(lease, cost, now);
}

void ag_lease_unspend(ag_lease_t *lease, apr_uint64_t cost)
{
    lease->tokens += cost;
    lease->spent -= (apr_uint32_t)(cost < lease->spent ? cost : lease->spent);
}

apr_uint64_t ag_lease_pace(const ag_lease_t *lease, apr_time_t now)
{
    apr_uint64_t pace = lease->spent > lease->before ? lease->spent : lease->before;

    return lease->second + 2 < (apr_uint64_t)apr_time_sec(now) ? 0 : pace;
}

static apr_uint64_t others_pace(const ag_lease_t *lease)
{
    return lease->peer_rate > lease->peer_rate_max ? lease->peer_rate : lease->peer_rate_max;
}

static apr_uint64_t left_of(ag_counter_t counter, const ag_window_t *window, apr_time_t now)
{
    ag_quota_t quota;

    window->algo->step(&counter, window, now, 0, &quota);
    return quota.remaining;
}

apr_time_t ag_lease_term(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now)
{
    apr_uint64_t pace = ag_lease_pace(lease, now), others = others_pace(lease), term, room;

    /* Also where nothing is known of others yet. */
    if (window->algo->drains || !lease->generation || !others || !pace || pace >= WORTHWHILE) {
        return ag_lease_life(window);
    }
    term = WORTHWHILE * APR_USEC_PER_SEC / pace;
    term = term < LIFE_MAX ? term : LIFE_MAX;
    room = left_of(lease->seen, window, now) / BATCH_SHARE * APR_USEC_PER_SEC / (pace + others);
    term = term < room ? term : room;
    return term < LIFE_MIN ? LIFE_MIN : (apr_time_t)term;
}

apr_uint64_t ag_lease_want(const ag_lease_t *lease, const ag_window_t *window, apr_time_t term, apr_time_t now)
{
    apr_uint64_t pace = ag_lease_pace(lease, now);
    apr_time_t left = lease->generation ? window->algo->spend_by(&lease->seen, window) - now : 0;

    if (!pace || window->algo->drains) {
        return pace;
    }
    if (left > 0 && left < term) {
        return pace * (apr_uint64_t)left / APR_USEC_PER_SEC + 1;
    }
    return pace * (apr_uint64_t)term / APR_USEC_PER_SEC;
}

static apr_time_t pause_of(const ag_window_t *window)
{
    apr_time_t pause = window->algo->span(window) / PAUSE_PART;

    return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

/* When a limit is used up, tokens become free one by one. Asking for each of them would cost two
 * round trips a token; so they are left to gather: nobody asks for a while after it was found used
 * up, and as long as that is not long ago, nobody asks for the last hundred and fiftieth of it. */
apr_time_t ag_lease_pause(const ag_lease_t *lease, const ag_window_t *window, apr_time_t now)
{
    apr_time_t end = lease->dry + pause_of(window);

    if (!lease->dry || now < lease->dry || now >= end || now >= window->algo->spend_by(&lease->seen, window)) {
        return 0;
    }
    return end - now;
}

void ag_lease_used_up(ag_lease_t *lease, apr_time_t now)
{
    lease->refused = now;
    lease->dry = lease->dry ? lease->dry : now;
}

void ag_lease_got(ag_lease_t *lease, const ag_window_t *window, apr_uint64_t left, apr_time_t now)
{
    int lately = lease->refused && now < lease->refused + RECENT_PAUSES * pause_of(window);

    lease->refusals = 0;
    lease->dry = lately && left < window->rate.n / LAST_PART ? now : 0;
}

void ag_lease_doubt(ag_lease_t *lease)
{
    lease->asked = lease->dry = 0;
    lease->refusals = 0;
}

void ag_lease_void(ag_lease_t *lease)
{
    __atomic_store_n(&lease->tokens, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&lease->generation, 0, __ATOMIC_RELEASE);
    lease->granted = 0; /* what a request gives back is of the old counter */
    ag_lease_doubt(lease);
}

int ag_lease_doubts(const ag_lease_t *lease, apr_time_t now)
{
    apr_uint32_t doublings = lease->refusals < MAX_DOUBLINGS ? lease->refusals : MAX_DOUBLINGS;

    return now >= lease->asked + (RECHECK_AFTER << doublings);
}

void ag_lease_watch(ag_lease_t *lease, const ag_window_t *window, const ag_counter_t *read, apr_time_t now)
{
    apr_uint64_t expected = left_of(lease->seen, window, now), left = left_of(*read, window, now);
    apr_uint64_t charged = expected > left ? expected - left : 0;
    apr_time_t end = window->algo->spend_by(&lease->seen, window), since = now - lease->asked;
    apr_uint64_t tenths, pace;

    if (!lease->asked) {
        return; /* it is not known since when */
    }
    if (!window->algo->drains && end <= now && now - end < since) {
        since = now - end; /* what was charged before that is of another window */
    }
    tenths = since > 0 ? (apr_uint64_t)since / TENTH : 0;
    pace = charged * 10 / (tenths ? tenths : 1);

    lease->peer_rate_max -= lease->peer_rate_max / 4;
    lease->peer_rate_max = lease->peer_rate > lease->peer_rate_max ? lease->peer_rate : lease->peer_rate_max;
    lease->peer_rate = pace < APR_UINT32_MAX ? (apr_uint32_t)pace : APR_UINT32_MAX;
}

void ag_lease_doubt_quota(ag_quota_t *quota, const ag_lease_t *lease, const ag_window_t *window, apr_uint64_t sure,
                          apr_time_t now)
{
    apr_uint64_t pace = others_pace(lease), left = quota->remaining, used;
    apr_time_t age = now - lease->asked;

    if (age < -APR_USEC_PER_SEC || age > AGE_MAX) {
        age = AGE_MAX; /* also where a clock was set back */
    }
    if (age <= 0 || left <= sure) {
        return;
    }
    used = PEER_SPEEDUP * pace * (apr_uint64_t)age / APR_USEC_PER_SEC + (pace ? PEER_BURST : 0);
    if (lease->refused && now < lease->refused + 2 * ag_lease_life(window)) {
        used = left; /* others wait for whatever comes */
    }
    quota->remaining = used < left - sure ? left - used : sure;
    if (!quota->remaining) {
        quota->reset = 1; /* by then this node will have asked memcached */
    }
}

int ag_lease_window(ag_window_t *window, const ag_lease_t *lease)
{
    ag_window_t own = {.rate = lease->rate, .burst = lease->burst};

    if (!lease->generation || lease->algo >= (apr_uint32_t)ag_algo_count) {
        return 0;
    }
    own.algo = ag_algo_at((int)lease->algo);
    *window = own;
    return 1;
}

void ag_lease_learn(ag_lease_t *lease, const ag_window_t *window, const ag_counter_t *seen, apr_uint64_t generation,
                    apr_time_t now)
{
    __atomic_store_n(&lease->generation, 0, __ATOMIC_RELEASE);
    lease->seen = *seen;
    lease->asked = now;
    lease->algo = (apr_uint32_t)ag_algo_number(window->algo);
    lease->rate = window->rate;
    lease->burst = window->burst;
    __atomic_store_n(&lease->generation, generation, __ATOMIC_RELEASE);
}

void ag_lease_fill(ag_lease_t *lease, const ag_window_t *window, apr_uint64_t tokens, apr_uint64_t granted,
                   apr_time_t term, apr_time_t now)
{
    __atomic_store_n(&lease->tokens, 0, __ATOMIC_RELEASE);
    lease->granted = granted;
    lease->taken = now;
    lease->life = term;
    lease->until = window->algo->spend_by(&lease->seen, window);
    __atomic_store_n(&lease->tokens, tokens, __ATOMIC_RELEASE);
}
