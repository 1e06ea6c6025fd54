/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_memcached: counters that a fleet shares. memcached knows no algorithm: a counter is read
 * with its version (gets), stepped here, and written back only if nobody else did meanwhile (cas),
 * so it admits exactly what the shared-memory store would.
 *
 * It fails closed: a time-out, a lost connection or a value that is not ours is a fault, never an
 * empty counter. The circuit breaker then spares everybody the wait, so a dead server costs a few
 * time-outs a second at most. All connections are made after fork: one that is shared with another
 * process gets the other's replies.
 */
#include "limit.h"

#include <string.h>

#include <apr_network_io.h>
#include <apr_strings.h>
#include <libmemcachedutil-1.0/pool.h>

#include "breaker.h"
#include "entry.h"

#define DEFAULT_PORT 11211
#define TRIES 64 /* 8 processes on one counter: 16 sometimes ran out */

typedef struct {
    ag_store_t base;
    memcached_pool_st *handles;
    ag_breaker_t *breaker;
    const ag_log_t *log;
    const char *servers;
    const char *prefix;
} fleet_t;

typedef struct {
    fleet_t *fleet;
    ag_wire_t wire;
    apr_time_t now;
} call_t;

/* ---- one counter ----------------------------------------------------------------------------- */

/* Steps aside for a moment that grows with each try and differs between rivals. */
static void step_aside(int tries)
{
    unsigned char dice = 0;

    ag_random(&dice, 1);
    apr_sleep((apr_interval_time_t)dice << (tries < 4 ? tries : 4));
}

/* Steps and writes a counter: first as it was read with all others, then, whenever a rival was
 * quicker, as it is then. */
static apr_status_t charge_one(call_t *call, ag_entry_t *entry, ag_charge_t *charge)
{
    const ag_window_t *window = charge->window;
    apr_status_t rv = APR_SUCCESS;
    int tries;

    for (tries = 0; !rv && tries < TRIES; tries++) {
        ag_counter_t counter = entry->counter;

        charge->allowed = (unsigned)window->algo->step(&counter, window, call->now, charge->cost,
                                                       &charge->quota);
        if (!charge->allowed || !charge->cost) {
            return APR_SUCCESS;
        }
        rv = ag_entry_write(&call->wire, entry, &counter, window->algo->idle_at(&counter, window));
        if (rv != APR_EBUSY) {
            entry->charged = rv == APR_SUCCESS;
            return rv;
        }
        step_aside(tries);
        rv = ag_entry_read(&call->wire, entry, 1);
    }
    return rv ? rv : APR_EBUSY;
}

/* The other way. What cannot be given back stays counted. */
static void refund_one(call_t *call, ag_entry_t *entry, const ag_charge_t *charge, apr_time_t then)
{
    const ag_window_t *window = charge->window;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        if (ag_entry_read(&call->wire, entry, 1) || !entry->there) {
            return;
        }
        window->algo->refund(&entry->counter, window, call->now, charge->cost, then);
        if (ag_entry_write(&call->wire, entry, &entry->counter,
                           window->algo->idle_at(&entry->counter, window)) != APR_EBUSY) {
            return;
        }
        step_aside(tries);
    }
}

/* ---- all of a request's counters ------------------------------------------------------------- */

/* What each window says before anything is written: most refusals end here. */
static int probe(const call_t *call, const ag_entry_t *entries, ag_charge_t *charges, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        const ag_window_t *window = charges[i].window;
        ag_counter_t counter = entries[i].counter;

        charges[i].allowed = (unsigned)window->algo->step(&counter, window, call->now,
                                                          charges[i].cost, &charges[i].quota);
    }
    return ag_charges_allowed(charges, n);
}

/* Charges one after the other, until one is refused after all: then 0. */
static int charge_each(call_t *call, ag_entry_t *entries, ag_charge_t *charges, int n,
                       apr_status_t *rv)
{
    int i;

    for (i = 0; i < n; i++) {
        *rv = charge_one(call, &entries[i], &charges[i]);
        if (*rv || !ag_charges_allowed(&charges[i], 1)) {
            return 0;
        }
    }
    return 1;
}

/* A refused request consumes nothing: gives back what was charged (unless the server is gone:
 * whatever was counted stays), and tells what is left without it. */
static void undo(call_t *call, ag_entry_t *entries, ag_charge_t *charges, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        const ag_window_t *window = charges[i].window;

        if (entries[i].charged && !call->wire.fault) {
            refund_one(call, &entries[i], &charges[i], call->now);
        }
        if (charges[i].allowed) {
            window->algo->step(&entries[i].counter, window, call->now, 0, &charges[i].quota);
        }
    }
}

static apr_status_t charge_all(call_t *call, ag_entry_t *entries, ag_charge_t *charges, int n)
{
    apr_status_t rv = ag_entry_read(&call->wire, entries, n);

    if (rv) {
        return rv;
    }
    if (!probe(call, entries, charges, n) || !charge_each(call, entries, charges, n, &rv)) {
        undo(call, entries, charges, n);
    }
    return rv;
}

static ag_entry_t *make_entries(const fleet_t *fleet, const ag_charge_t *charges, int n,
                                apr_pool_t *p)
{
    ag_entry_t *entries = apr_pcalloc(p, (apr_size_t)n * sizeof *entries);
    int i;

    for (i = 0; i < n; i++) {
        ag_entry_name(&entries[i], fleet->prefix, &charges[i], p);
    }
    return entries;
}

/* Whoever overlooks the status finds nothing allowed. */
static void clear(ag_charge_t *charges, int n)
{
    while (n--) {
        charges[n].allowed = 0;
    }
}

/* ---- the store ------------------------------------------------------------------------------- */

/* A connection on loan, or APR_EAGAIN while nobody should ask. */
static apr_status_t begin(call_t *call, ag_store_t *store, apr_time_t now, apr_pool_t *p)
{
    fleet_t *fleet = (fleet_t *)store;
    memcached_return_t rc;

    call->fleet = fleet;
    call->now = now;
    call->wire.fault = APR_SUCCESS;
    call->wire.why = "";
    call->wire.p = p;
    if (!ag_breaker_enter(fleet->breaker, now)) {
        return APR_EAGAIN;
    }
    call->wire.handle = memcached_pool_fetch(fleet->handles, NULL, &rc);
    return call->wire.handle ? APR_SUCCESS : APR_EAGAIN;
}

/* Too many rivals for one counter (APR_EBUSY) are no fault of the server. */
static void end(const call_t *call)
{
    const fleet_t *fleet = call->fleet;

    memcached_pool_release(fleet->handles, call->wire.handle);
    if (!call->wire.fault) {
        if (ag_breaker_good(fleet->breaker)) {
            ag_log(fleet->log, AG_LOG_NOTICE, 0, "AG0502: memcached at %s counts again",
                   fleet->servers);
        }
    }
    else if (ag_breaker_bad(fleet->breaker, call->now)) {
        ag_log(fleet->log, AG_LOG_WARNING, call->wire.fault,
               "AG0501: memcached at %s cannot count (%s); it is tried again every second",
               fleet->servers, call->wire.why);
    }
}

static apr_status_t charge_memcached(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                                     apr_pool_t *p)
{
    call_t call;
    apr_status_t rv;

    if (n < 1) {
        return APR_SUCCESS;
    }
    rv = begin(&call, store, now, p);
    if (!rv) {
        rv = charge_all(&call, make_entries(call.fleet, charges, n, p), charges, n);
        end(&call);
    }
    if (rv) {
        clear(charges, n);
    }
    return rv;
}

static void refund_memcached(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now,
                             apr_time_t then, apr_pool_t *p)
{
    ag_entry_t *entries;
    call_t call;
    int i;

    if (!ag_charges_allowed(charges, n) || begin(&call, store, now, p)) {
        return; /* nothing was consumed, or nobody is there to give it back to */
    }
    entries = make_entries(call.fleet, charges, n, p);
    for (i = 0; i < n && !call.wire.fault; i++) {
        if (charges[i].allowed && charges[i].cost) {
            refund_one(&call, &entries[i], &charges[i], then);
        }
    }
    end(&call);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Adds one server to `to`, or only reads it when that is NULL; 0 when the text is none. */
static int add_server(memcached_st *to, const char *text, apr_pool_t *p)
{
    char *host, *scope;
    apr_port_t port;

    if (*text == '/') {
        return !to || memcached_server_add_unix_socket(to, text) == MEMCACHED_SUCCESS;
    }
    if (apr_parse_addr_port(&host, &scope, &port, text, p) || !host || scope ||
        (*text != '[' && strchr(host, ':'))) {
        return 0;
    }
    return !to || memcached_server_add(to, host, port ? port : DEFAULT_PORT) == MEMCACHED_SUCCESS;
}

static const char *add_servers(memcached_st *to, const char *servers, apr_pool_t *p)
{
    char *last = NULL;
    char *text = apr_strtok(apr_pstrdup(p, servers), ",", &last);

    if (!text) {
        return "no memcached server is named; HOST:PORT[,HOST:PORT] or a socket's path is allowed";
    }
    for (; text; text = apr_strtok(NULL, ",", &last)) {
        if (!add_server(to, text, p)) {
            return apr_psprintf(p, "\"%s\" is not a memcached server; HOST:PORT or a socket's path "
                                "is allowed", text);
        }
    }
    return NULL;
}

const char *ag_store_memcached_check(const char *servers, const char *prefix, apr_pool_t *p)
{
    apr_size_t n = strlen(prefix);

    if (n && (n > AG_ENTRY_PREFIX_MAX || !ag_text_visible(prefix, n, 0))) {
        return apr_psprintf(p, "prefix \"%s\" is not at most %d printable ASCII characters without "
                            "spaces", prefix, AG_ENTRY_PREFIX_MAX);
    }
    return add_servers(NULL, servers, p);
}

/* Time-outs everywhere; and no server is left out for a while when it fails, since our breaker does
 * that, nor are its keys moved to another one, where every count would begin at nothing. */
static void set_behavior(memcached_st *master, int timeout_ms)
{
    const struct {
        memcached_behavior_t name;
        apr_uint64_t value;
    } rows[] = {
        {MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1},
        {MEMCACHED_BEHAVIOR_VERIFY_KEY, 1},
        {MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
        {MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (apr_uint64_t)timeout_ms},
        {MEMCACHED_BEHAVIOR_POLL_TIMEOUT, (apr_uint64_t)timeout_ms},
        {MEMCACHED_BEHAVIOR_SND_TIMEOUT, (apr_uint64_t)timeout_ms * 1000},
        {MEMCACHED_BEHAVIOR_RCV_TIMEOUT, (apr_uint64_t)timeout_ms * 1000},
        {MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 0},
        {MEMCACHED_BEHAVIOR_DEAD_TIMEOUT, 0},
        {MEMCACHED_BEHAVIOR_SERVER_FAILURE_LIMIT, 0},
        {MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_CONSISTENT},
    };
    unsigned i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        memcached_behavior_set(master, rows[i].name, rows[i].value);
    }
}

static apr_status_t close_fleet(void *data)
{
    fleet_t *fleet = data;
    memcached_st *master = memcached_pool_destroy(fleet->handles);

    if (master) {
        memcached_free(master);
    }
    return APR_SUCCESS;
}

static apr_status_t make_handles(fleet_t *fleet, int timeout_ms, int threads, apr_pool_t *p)
{
    memcached_st *master = memcached_create(NULL);

    if (!master) {
        return APR_ENOMEM;
    }
    set_behavior(master, timeout_ms);
    if (!add_servers(master, fleet->servers, p)) {
        fleet->handles = memcached_pool_create(master, 1, (apr_uint32_t)threads);
    }
    if (!fleet->handles) {
        memcached_free(master);
        return APR_EINVAL;
    }
    apr_pool_cleanup_register(p, fleet, close_fleet, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

apr_status_t ag_store_memcached_open(ag_store_t **store, const char *servers, const char *prefix,
                                     int timeout_ms, int threads, ag_breaker_t *breaker,
                                     const ag_log_t *log, apr_pool_t *pchild)
{
    static const ag_store_t base = {"memcached", charge_memcached, refund_memcached};
    fleet_t *fleet = apr_pcalloc(pchild, sizeof *fleet);

    prefix = prefix ? prefix : "";
    if (timeout_ms < 1 || threads < 1 || ag_store_memcached_check(servers, prefix, pchild)) {
        return APR_EINVAL;
    }
    fleet->base = base;
    fleet->breaker = breaker;
    fleet->log = log;
    fleet->servers = apr_pstrdup(pchild, servers);
    fleet->prefix = apr_pstrdup(pchild, prefix);
    *store = &fleet->base;
    return make_handles(fleet, timeout_ms, threads, pchild);
}
