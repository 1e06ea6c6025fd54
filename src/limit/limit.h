/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit: how often. N algorithms and M stores, never N x M: an algorithm is a pure step on a small
 * counter, a store applies steps atomically. Refused requests consume nothing; several windows are
 * charged together or not at all; exactly N pass, not N + 1.
 */
#ifndef AG_LIMIT_H
#define AG_LIMIT_H

#include "../base/digest.h"
#include "../base/measure.h"
#include "../base/text.h"
#include "../core/ports.h"
#include "../core/principal.h"
#include "../core/quota.h"
#include "../core/request.h"

typedef struct ag_algo_t ag_algo_t;
typedef struct ag_store_t ag_store_t;

/* One window of a limit: "100/min". Fixed after configuration. */
typedef struct ag_window_t {
    ag_rate_t rate;
    apr_uint64_t burst; /* bucket: how many may come at once; other algorithms ignore it */
    const ag_algo_t *algo;
    ag_id_t id;             /* of server, section and text (or name): the same on every node */
    ag_quota_policy_t wire; /* the fields of one limit's windows lie in one text, ", " between them */
} ag_window_t;

/* An algorithm's whole memory of one subject in one window. All zero is the empty counter. */
typedef struct ag_counter_t {
    apr_uint64_t a, b, c;
} ag_counter_t;

struct ag_algo_t {
    const char *name;
    /* May `cost` more pass at `now`? 1: counter charged. 0: counter as if nothing had been asked.
     * *quota is filled in both cases. A clock that went backwards admits no more than N. */
    int (*step)(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                ag_quota_t *quota);
    /* Takes back what a step at `then` charged, as far as that charge still counts at `now`. */
    void (*refund)(ag_counter_t *counter, const ag_window_t *window, apr_time_t now, apr_uint64_t cost,
                   apr_time_t then);
    /* From when on the counter decides as an empty one would, so that its slot may be reused. */
    apr_time_t (*idle_at)(const ag_counter_t *counter, const ag_window_t *window);

    /* For leases: tokens that are charged first and spent later. Whoever spends them only while
     * good() says so never admits what the counter itself would not have admitted. */

    /* Until when what was just charged may be spent at the latest. */
    apr_time_t (*spend_by)(const ag_counter_t *counter, const ag_window_t *window);
    /* How many of `tokens` that are to be spent by `until` are still good at `now`. */
    apr_uint64_t (*good)(const ag_window_t *window, apr_uint64_t tokens, apr_time_t until, apr_time_t now);
    /* A counter that was lost and begun anew gets what `seen`, an earlier state of it, had. */
    void (*restore)(ag_counter_t *counter, const ag_counter_t *seen, const ag_window_t *window);
    /* How long a used-up window takes to refill gradually, in microseconds; 0: it refills all at once. */
    apr_time_t (*span)(const ag_window_t *window);
    int drains; /* charges fade gradually (bucket), not at the end of a window */

    /* From a counter of all nodes to one of ag_window_part(): one node's part of what is left in
     * `window`, the whole one, is left in that. */
    void (*share)(ag_counter_t *counter, const ag_window_t *window, apr_uint64_t nodes);

    const ag_algo_t *few; /* what counts instead where N is at most AG_ALGO_FEW; NULL: itself */
};

extern const ag_algo_t ag_algo_sliding, ag_algo_fixed, ag_algo_bucket, ag_algo_log;

#define AG_ALGO_FEW 3 /* times fit into a counter */

/* How a window of N is counted that was asked for by that name. */
const ag_algo_t *ag_algo_for(const ag_algo_t *named, apr_uint64_t n);

/* A refund's `then` that takes back all of a charge, as if it had never been made. */
#define AG_JUST_NOW APR_INT64_MAX

/* The algorithm of a number below ag_algo_count, for what outlives the module in shared memory. */
extern const int ag_algo_count;
const ag_algo_t *ag_algo_at(int number);
int ag_algo_number(const ag_algo_t *algo);

/* The algorithm of that name, or NULL; *names (may be NULL) gets all names for an error text. */
const ag_algo_t *ag_algo_find(const char *name, const char **names, apr_pool_t *p);

typedef struct ag_limit_t ag_limit_t;

/* Whose requests are counted together. The id is enough to count them on this machine. */
typedef struct ag_subject_t {
    ag_id_t id;       /* under the server's secret */
    const char *text; /* NULL until ag_subject_text() made it of what follows */
    const ag_limit_t *limit;
    const ag_request_t *request;
    ag_principal_t *who; /* NULL also for the anonymous */
    const ag_expr_port_t *expr;
    const ag_ip_t *ip;       /* by whose address it is counted; NULL: by a name */
    const ag_sip_key_t *key; /* that secret; where there is no address it may be NULL */
    int chosen;              /* a name that requests choose: there may be any number of them */
} ag_subject_t;

/* One window's share of a request. */
typedef struct ag_charge_t {
    const ag_window_t *window;
    ag_subject_t *subject;
    apr_uint64_t cost;
    int dry_run;      /* counted when it fits, refuses nobody */
    int allowed;      /* out */
    ag_quota_t quota; /* out */
    void *place;      /* the store's own, during charge() */
} ag_charge_t;

struct ag_store_t {
    const char *name;
    /* Charges all that are not dry runs, or none of them, in one atomic step. APR_SUCCESS: every
     * charge's `allowed` and `quota` are filled. Else the store cannot tell (nothing is filled). */
    apr_status_t (*charge)(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p);
    /* Takes back what charge() consumed at `then`; the charges' `quota` tells what is left without
     * it, or stands where that is not known. */
    void (*refund)(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then, apr_pool_t *p);
    /* Housekeeping about once a second, by the watchdog; NULL: none. */
    void (*tend)(ag_store_t *store, apr_time_t now, apr_pool_t *p);
    /* The fleet's counter as this machine saw it last; 0: it never did, or an administrator wants that
     * forgotten. NULL: it remembers nothing. */
    int (*seen)(ag_store_t *store, const ag_charge_t *charge, ag_counter_t *counter);
    /* NULL, or notes that this machine admitted the charge by itself: the fleet's counter is brought so far
     * as soon as it can be asked. */
    void (*went)(ag_store_t *store, const ag_charge_t *charge, apr_time_t now);
};

/* 1 when nothing but dry runs was refused. */
static inline int ag_charges_allowed(const ag_charge_t *charges, int n)
{
    while (n--) {
        if (!charges[n].allowed && !charges[n].dry_run) {
            return 0;
        }
    }
    return 1;
}

/* ---- store_shm: one machine ------------------------------------------------------------------ */

/* Lays the table into `memory` (8-byte aligned), formatted when `fresh`, else as an earlier
 * generation of the server left it. APR_EINVAL when that has another shape (then format it). */
apr_status_t ag_store_shm_attach(ag_store_t **store, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* Counts at least what `seen`, an earlier state of the same counter, had. */
void ag_store_shm_begin(ag_store_t *store, const ag_charge_t *charge, const ag_counter_t *seen, apr_time_t now);

/* Forgets what was counted for a subject in a window; where it is counted with others, what was
 * counted of them all. 1 when there was anything. */
int ag_store_shm_forget(ag_store_t *store, const ag_charge_t *charge, apr_time_t now);

/* With whom a subject is counted in a window. */
#define AG_COUNTED_ALONE    0
#define AG_COUNTED_WITH_ALL -1 /* other newcomers that found no slot */
/* AG_COUNTED_ALONE, AG_COUNTED_WITH_ALL, or how many bits the network has with which it is. */
int ag_store_shm_with(ag_store_t *store, const ag_charge_t *charge, apr_time_t now);

/* How full the table is. */
typedef struct ag_shm_fill_t {
    apr_uint64_t slots, used;     /* in all, those that are kept included */
    apr_uint64_t kept, kept_used; /* for who was identified */
} ag_shm_fill_t;

/* It looks at every slot, so it is for a tool's question. */
void ag_store_shm_fill(ag_shm_fill_t *fill, const ag_store_t *store, apr_time_t now);

/* ---- a fleet, by memcached ------------------------------------------------------------------- */

/* The circuit breaker's memory, in shared memory, zero when fresh. */
typedef struct ag_breaker_t {
    apr_uint64_t open_until; /* apr_time_t; 0 closed */
    apr_uint32_t failures;   /* failures in a row */
} ag_breaker_t;

/* At configuration time: what is wrong with these values, or NULL. */
const char *ag_fleet_check(const char *servers, const char *prefix, apr_pool_t *p);

/* How to reach it. */
typedef struct ag_fleet_config_t {
    const char *servers; /* "HOST:PORT[,HOST:PORT]" or a unix socket's path */
    const char *prefix;  /* NULL: none */
    int timeout_ms;      /* bounds what one request waits */
    int threads;         /* how many may call at once */
    ag_breaker_t *breaker;
    const ag_log_t *log; /* NULL: nothing is logged */
    ag_breaker_t *each;  /* one for each of several servers, AG_FLEET_SERVERS of them; NULL: all
                            share `breaker` */
} ag_fleet_config_t;

#define AG_FLEET_SERVERS 16 /* more share one */

/* ---- store_lease: a fleet, at almost no round trips ------------------------------------------ */

typedef struct ag_leases_t ag_leases_t;

/* Leases in `memory` (8-byte aligned), formatted when `fresh`, else as an earlier generation of the
 * server left them. APR_EINVAL when that has another shape. */
apr_status_t ag_leases_attach(ag_leases_t **leases, void *memory, apr_size_t size, int fresh, apr_pool_t *p);

/* Reserves tokens in memcached and spends them from `leases`, which all processes of this machine
 * share. tend() gives back what nobody came for. Call it after fork, as all that opens connections. */
apr_status_t ag_store_lease_open(ag_store_t **store, ag_leases_t *leases, const ag_fleet_config_t *config,
                                 apr_pool_t *pchild);

/* ---- the directive --------------------------------------------------------------------------- */

typedef enum {
    AG_BY_CLIENT, /* the identified client, else the address */
    AG_BY_IP,
    AG_BY_KEY,
    AG_BY_USER,
    AG_BY_CLAIM,
    AG_BY_HEADER,
    AG_BY_PATH,
    AG_BY_GLOBAL,
    AG_BY_EXPR
} ag_by_e;

/* One ApiGuardRateLimit line. */
struct ag_limit_t {
    ag_window_t *windows;
    int n_windows;
    ag_by_e by;
    const char *by_name; /* claim or header */
    int prefix6;         /* by=ip: how many bits of an IPv6 address count */
    ag_expr_t *by_expr;
    ag_expr_t *when;      /* NULL: always */
    ag_expr_t *cost_expr; /* NULL: `cost` */
    apr_uint64_t cost;
    const char *name;
    int dry_run;
    const char *text; /* as written, for the id */
};

/* Parses the words of a directive into *limit. An error text or NULL. The windows' ids are not set
 * yet: ag_limit_name() does that when server and section are known. */
const char *ag_limit_parse(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr, apr_pool_t *p);

/* The same for ApiGuardConcurrency, "10 by=ip": one window without a period, whose rate.n is how many
 * requests may be in flight. */
const char *ag_concurrency_parse(ag_limit_t *limit, const ag_words_t *words, const ag_expr_port_t *expr,
                                 apr_pool_t *p);

/* Gives every window its id from `scope` (server name and section, or prefix and section; of a
 * limit with a name the server's or prefix's alone, so that sections share it). */
void ag_limit_name(ag_limit_t *limit, const char *scope, apr_pool_t *p);

/* Makes the texts of a policy outlast the configuration it came from. */
void ag_quota_outlive(ag_quota_policy_t *policy, apr_pool_t *p);

/* One node's part of a window that `nodes` share; all it says of itself is of that part. */
const ag_window_t *ag_window_part(const ag_window_t *window, apr_uint64_t nodes, apr_pool_t *p);

/* Has `alone`, the store of this machine, go on where `fleet` cannot: from what this node saw last, and
 * where `nodes` is above 1 with its part of each limit. The charges' windows may become others. */
void ag_limit_go_on(ag_store_t *alone, ag_store_t *fleet, ag_charge_t *charges, int n, apr_uint64_t nodes,
                    apr_time_t now, apr_pool_t *p);

/* What `fleet` is to know of a request that was charged to this machine's store instead. */
void ag_limit_went(ag_store_t *fleet, const ag_charge_t *charges, int n, apr_time_t now);

/* Whose request this is under the limit. `who` may be NULL (not identified). A header, claim or
 * user that is not there counts by address. */
void ag_limit_subject(ag_subject_t *subject, const ag_limit_t *limit, const ag_request_t *request,
                      ag_principal_t *who, const ag_expr_port_t *expr, const ag_sip_key_t *key);

/* The subject in words, the same on every machine: "ip:192.0.2.1", "client:key::acme". */
const char *ag_subject_text(ag_subject_t *subject);

/* The subject under a limit that is so in words, as ag_subject_text() writes them; it lives in `p`.
 * 0 when no subject is written so. */
int ag_limit_named(ag_subject_t *subject, const ag_limit_t *limit, const char *text, const ag_sip_key_t *key,
                   apr_pool_t *p);

/* 1 when the limit counts subjects of that kind: not only for want of another. */
int ag_limit_is_by(const ag_limit_t *limit, const char *text);

/* 1 when it may have counted that one at all. */
int ag_limit_may_be(const ag_limit_t *limit, const char *text);

/* The limit a key or plan brings along ("1000/h 20000/day"), as a by=client limit of its own.
 * Called for every request of such a key, so no digest: ids are `server` (the id of the server's
 * name or of the fleet's prefix) with the rate's numbers multiplied in. */
void ag_limit_own(ag_limit_t *limit, const ag_rate_t *rates, int n, ag_id_t server, apr_pool_t *p);

#endif
