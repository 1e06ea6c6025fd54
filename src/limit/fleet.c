/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fleet: libmemcached, set up so that nothing waits longer than told and nothing is shared with
 * another process: a connection that two of them use gets one the other's replies.
 *
 * A dead server costs a time-out now and then: the breaker opens at the first one.
 */
#include "fleet.h"

#include <string.h>

#include <apr_network_io.h>
#include <apr_strings.h>

#include "../watch/counters.h"

/* ---- a visit --------------------------------------------------------------------------------- */

apr_status_t ag_fleet_begin(ag_call_t *call, ag_fleet_t *fleet, apr_time_t now, apr_pool_t *p)
{
    memcached_return_t rc;

    memset(call, 0, sizeof *call);
    call->fleet = fleet;
    call->now = now;
    call->wire.why = "";
    call->wire.p = p;
    call->wire.patience = apr_time_from_msec(fleet->config.timeout_ms);
    if (!fleet->several && !ag_breaker_enter(fleet->config.breaker, now)) {
        return APR_EAGAIN;
    }
    call->wire.handle = memcached_pool_fetch(fleet->handles, NULL, &rc);
    return call->wire.handle ? APR_SUCCESS : APR_EAGAIN;
}

int ag_fleet_servers(const ag_call_t *call)
{
    apr_uint32_t n = memcached_server_count(call->wire.handle);

    return n < AG_FLEET_SERVERS ? (int)n : AG_FLEET_SERVERS;
}

int ag_fleet_server(const ag_call_t *call, const ag_entry_t *entry)
{
    return call->fleet->several
               ? (int)(memcached_generate_hash(call->wire.handle, entry->key, entry->n) % AG_FLEET_SERVERS)
               : 0;
}

apr_status_t ag_fleet_enter(ag_call_t *call, const ag_entry_t *entry)
{
    const ag_fleet_t *fleet = call->fleet;
    int server;

    if (!fleet->several) {
        return APR_SUCCESS;
    }
    server = ag_fleet_server(call, entry);
    if (!(call->servers & 1u << server) && !ag_breaker_enter(&fleet->config.each[server], call->now)) {
        return APR_EAGAIN;
    }
    call->servers |= 1u << server;
    return APR_SUCCESS;
}

static void tell_breaker(const ag_call_t *call, ag_breaker_t *breaker, int good)
{
    const ag_fleet_config_t *config = &call->fleet->config;
    int waited = call->wire.fault == APR_TIMEUP;
    apr_time_t now = call->now + (waited ? apr_time_from_msec(config->timeout_ms) : 0);

    if (good) {
        if (ag_breaker_good(breaker)) {
            ag_log(config->log, AG_LOG_NOTICE, 0,
                   "AG0502: memcached at %s counts again; since the "
                   "start %" APR_UINT64_T_FMT " requests were decided without it",
                   config->servers, ag_counted(AG_COUNT_LIMIT_DEGRADED));
        }
    }
    else if (ag_breaker_bad(breaker, now, waited)) {
        ag_count(AG_COUNT_STORE_AWAY);
        ag_log(config->log, AG_LOG_WARNING, call->wire.fault,
               "AG0501: memcached at %s cannot count (%s); it is tried again every second", config->servers,
               call->wire.why);
    }
}

/* Too many rivals for one counter (APR_EBUSY) are no fault of the server. Of several servers the one
 * that failed is blamed, and where that is not known all that were asked. */
void ag_fleet_end(ag_call_t *call)
{
    const ag_fleet_t *fleet = call->fleet;
    apr_uint32_t blamed = call->wire.failed & call->servers ? call->wire.failed : call->servers;
    int i;

    memcached_pool_release(fleet->handles, call->wire.handle);
    if (!call->wire.asked) {
        return;
    }
    if (!fleet->several) {
        tell_breaker(call, fleet->config.breaker, !call->wire.fault);
        return;
    }
    for (i = 0; i < AG_FLEET_SERVERS; i++) {
        if (call->servers & (call->wire.fault ? blamed : ~0u) & 1u << i) {
            tell_breaker(call, &fleet->config.each[i], !call->wire.fault);
        }
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Adds one server to `to`, or only reads it when that is NULL. An error text or NULL. */
static const char *add_server(memcached_st *to, const char *text, apr_pool_t *p)
{
    static const char cannot[] = "it cannot be added";
    char *host, *scope;
    apr_port_t port;

    if (*text == '/') {
        return !to || memcached_server_add_unix_socket(to, text) == MEMCACHED_SUCCESS ? NULL : cannot;
    }
    if (apr_parse_addr_port(&host, &scope, &port, text, p) || !host || scope || (*text != '[' && strchr(host, ':'))) {
        return "HOST:PORT or a socket's path is allowed";
    }
    if (!port) {
        return apr_psprintf(p, "its port is missing, as in %s:11211", text);
    }
    return !to || memcached_server_add(to, host, port) == MEMCACHED_SUCCESS ? NULL : cannot;
}

static const char *add_servers(memcached_st *to, const char *servers, apr_pool_t *p)
{
    char *last = NULL;
    char *text = apr_strtok(apr_pstrdup(p, servers), ",", &last);

    if (!text) {
        return "no memcached server is named; HOST:PORT[,HOST:PORT] or a socket's path is allowed";
    }
    for (; text; text = apr_strtok(NULL, ",", &last)) {
        const char *error = add_server(to, text, p);

        if (error) {
            return apr_psprintf(p, "\"%s\" is not a memcached server: %s", text, error);
        }
    }
    return NULL;
}

const char *ag_fleet_check(const char *servers, const char *prefix, apr_pool_t *p)
{
    apr_size_t n = strlen(prefix);

    if (n && (n > AG_ENTRY_PREFIX_MAX || !ag_text_visible(prefix, n, 0))) {
        return apr_psprintf(p,
                            "prefix \"%s\" is not at most %d printable ASCII characters without "
                            "spaces",
                            prefix, AG_ENTRY_PREFIX_MAX);
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
    ag_fleet_t *fleet = data;
    memcached_st *master = memcached_pool_destroy(fleet->handles);

    if (master) {
        memcached_free(master);
    }
    return APR_SUCCESS;
}

static apr_status_t make_handles(ag_fleet_t *fleet, apr_pool_t *p)
{
    memcached_st *master = memcached_create(NULL);

    if (!master) {
        return APR_ENOMEM;
    }
    set_behavior(master, fleet->config.timeout_ms);
    if (!add_servers(master, fleet->config.servers, p)) {
        fleet->handles = memcached_pool_create(master, 1, (apr_uint32_t)fleet->config.threads);
    }
    if (!fleet->handles) {
        memcached_free(master);
        return APR_EINVAL;
    }
    apr_pool_cleanup_register(p, fleet, close_fleet, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

apr_status_t ag_fleet_open(ag_fleet_t **out, const ag_fleet_config_t *config, apr_pool_t *pchild)
{
    ag_fleet_t *fleet = apr_pcalloc(pchild, sizeof *fleet);
    const char *prefix = config->prefix ? config->prefix : "";

    if (config->timeout_ms < 1 || config->threads < 1 || ag_fleet_check(config->servers, prefix, pchild)) {
        return APR_EINVAL;
    }
    fleet->config = *config;
    fleet->config.servers = apr_pstrdup(pchild, config->servers);
    fleet->config.prefix = apr_pstrdup(pchild, prefix);
    fleet->several = config->each && strchr(config->servers, ',');
    *out = fleet;
    return make_handles(fleet, pchild);
}
