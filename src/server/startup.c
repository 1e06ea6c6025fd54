/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup: from a checked configuration to engines, one for each virtual host, and the memory they
 * share. Only a database that is away may come later.
 */
#include "resources.h"

#include <ap_mpm.h>

#include "../control/change_signal.h"
#include "fetch.h"

static void set_key_realm(ag_engine_t *engine, const ag_database_t *database)
{
    const ag_site_t *site = engine->site;
    ag_key_realm_t *realm = &engine->cred.key_realm;

    realm->id = ag_setting_chain(database->id, ag_settings_realm(site, &ag_site_table));
    realm->query = site->key_query;
    realm->pepper = site->key_pepper ? site->key_pepper->bytes : NULL;
    realm->pepper_size = site->key_pepper ? site->key_pepper->size : 0;
    realm->ttl = apr_time_from_sec(site->key_cache.ttl);
    realm->stale = apr_time_from_sec(site->key_cache.stale);
    realm->negative = apr_time_from_sec(site->key_cache.negative);
}

static int quarter_of_workers(void)
{
    int children = 1, threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return (children > 0 ? children : 1) * (threads > 0 ? threads : 1) / 4;
}

/* How many workers of all processes may ask one database at once: a quarter of them, so that one
 * that hangs leaves the others to their work. */
static int places(void)
{
    int n = quarter_of_workers();

    return n < 2 ? 2 : n > AG_SINGLE_FLIGHT_SLOTS / 2 ? AG_SINGLE_FLIGHT_SLOTS / 2 : n;
}

static const apr_uint64_t *signal_of(const ag_shared_t *shared, const ag_database_t *database)
{
    static const apr_uint64_t never_moves;

    return database->number < shared->signals ? &shared->signal[database->number] : &never_moves;
}

static void fill_keys(ag_keys_t *keys, const ag_shared_t *shared, const ag_database_t *database)
{
    keys->known = shared->known;
    keys->recently_good = shared->recently_good_keys;
    keys->unknown = shared->unknown;
    keys->shared = database->words->shared;
    keys->signal = signal_of(shared, database);
    keys->sip = &shared->sip;
    keys->flights = shared->flights;
    keys->places = places();
    keys->budget = shared->budget;
}

/* Enters the server's store among those of its database, once for all servers that have it. */
static void add_store(apr_hash_t *stores, ag_database_t *database, const ag_key_realm_t *realm, server_rec *s,
                      apr_pool_t *p)
{
    ag_key_store_t *store;

    if (apr_hash_get(stores, &realm->id, sizeof realm->id)) {
        return;
    }
    store = apr_palloc(p, sizeof *store);
    store->realm = realm;
    store->server = s;
    apr_hash_set(stores, &realm->id, sizeof realm->id, store);
    APR_ARRAY_PUSH(database->stores, ag_key_store_t *) = store;
    database->polled = !database->polled && !realm->query ? store : database->polled;
}

/* Databases and what they share, before engines use them. */
static int open_databases(ag_shared_t *shared, server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const apr_array_header_t *all;
    int i, n, rv;

    ag_databases_find(s, pconf, ptemp);
    rv = ag_key_words_open(&n, s, ptemp);
    if (rv != OK) {
        return rv;
    }
    ag_change_signal_open(shared, n, pconf, s);
    for (i = 0, all = ag_databases(); i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        database->signal = database->number < shared->signals
                               ? ag_change_signal_name(shared->signal_path, database->number, pconf)
                               : NULL;
    }
    return OK;
}

/* A server is a name and a port; bans outlive its place in the configuration. */
static void set_bans(ag_engine_t *engine, const ag_shared_t *shared, server_rec *s)
{
    engine->cred.bans = shared->bans;
    engine->cred.ban_name = s->server_hostname ? s->server_hostname : "";
    engine->cred.ban_server = (ag_id_of(engine->cred.ban_name, strlen(engine->cred.ban_name)).lo ^ s->port) | 1;
}

/* Who waits for an introspection endpoint waits longer than for a database: not even one worker more than a quarter. */
static void set_introspection(ag_introspect_engine_t *introspect, const ag_shared_t *shared)
{
    int n = quarter_of_workers();

    introspect->fetch = &ag_fetch_port;
    introspect->answers = shared->introspected;
    introspect->inactive = shared->inactive;
    introspect->flights = shared->introspections;
    introspect->shared = shared->introspecting;
    introspect->seats = n < 1 ? 1 : n > AG_SEATS ? AG_SEATS : n;
}

/* What lets any certificate pass; in .htaccess its writer may say so. */
static int takes_any_certificate(void)
{
    return ag_written("SSLVerifyClient", "optional_no_ca") || ag_written("AllowOverride", "All")
           || ag_written("AllowOverride", "AuthConfig") || ag_written("AllowOverrideList", "SSLVerifyClient");
}

/* `any`: takes_any_certificate(), which goes through the whole configuration. */
static void set_certificates(ag_engine_t *engine, int any, const server_rec *s, apr_pool_t *pconf)
{
    const char *place = apr_psprintf(pconf, "%s:%u", s->defn_name ? s->defn_name : "", s->defn_line_number);

    engine->cred.host = ag_id_of(place, strlen(place));
    engine->cred.any_certificate = any;
}

static ag_engine_t *make_engine(const ag_shared_t *shared, server_rec *s, apr_pool_t *pconf)
{
    ag_engine_t *engine = apr_pcalloc(pconf, sizeof *engine);
    const char *scope = apr_pstrcat(pconf, ag_limit_server(s), "\n", NULL);

    engine->site = ag_server_of(s)->site;
    engine->expr = &ag_httpd_expr;
    engine->cred.sip = &shared->sip;
    engine->server = ag_id_of(scope, strlen(scope));
    engine->cred.tokens = shared->tokens;
    engine->shm = shared->shm;
    engine->inflight = shared->inflight;
    engine->breaker = shared->breaker;
    engine->usage = shared->usage;
    engine->callers = shared->callers;
    engine->throttle = shared->throttle;
    engine->cred.recently_good_tokens = shared->recently_good_tokens;
    set_bans(engine, shared, s);
    set_introspection(&engine->cred.introspect, shared);
    return engine;
}

static void make_engines(const ag_shared_t *shared, apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    apr_hash_t *stores = apr_hash_make(ptemp);
    int any_certificate = takes_any_certificate();

    for (; s; s = s->next) {
        ag_server_t *record = ag_server_of(s);

        record->engine = make_engine(shared, s, pconf);
        set_certificates(record->engine, any_certificate, s, pconf);
        record->control = shared->control;
        if (record->database) {
            set_key_realm(record->engine, record->database);
            fill_keys(record->keys, shared, record->database);
            record->engine->cred.keys = record->keys;
            add_store(stores, record->database, &record->engine->cred.key_realm, s, pconf);
        }
    }
}

/* What is in them is read in a child: nobody waits for it later. */
static int read_databases(const ag_shared_t *shared, server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    int rv = ag_tokens_wanted() ? ag_revocations_start(shared, s, pconf, ptemp) : OK;

    if (rv == OK && (ag_keys_wanted() || ag_lists_wanted())) {
        return ag_dbd_check(s, ptemp);
    }
    if (rv == OK && ag_tokens_wanted()) {
        ag_revocations_child(s, ptemp);
    }
    return rv;
}

int ag_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    ag_shared_t *shared = apr_pcalloc(pconf, sizeof *shared);
    int rv;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    json_object_seed(0); /* before there are threads */
    rv = ag_memory_open(shared, (apr_size_t)ag_server_of(s)->site->shared_memory, s);
    rv = rv == OK ? ag_leases_open(s) : rv;
    if (rv == OK) {
        rv = ag_control_start(shared, (apr_size_t)ag_server_of(s)->site->shared_memory, pconf, s);
    }
    ag_records_own(s, pconf);
    if (rv == OK && ag_database_there(s)) {
        rv = open_databases(shared, s, pconf, ptemp);
    }
    if (rv != OK) {
        return rv;
    }
    make_engines(shared, pconf, ptemp, s);
    ag_resources_open(s, pconf);
    ag_usage_plan_stop(s, pconf);
    rv = ag_introspection_start(s, pconf, ptemp);
    rv = rv == OK ? ag_keysets_open(s, pconf, ptemp) : rv;
    rv = rv == OK ? ag_lists_open(s, pconf, ptemp) : rv;
    if (rv != OK) {
        return rv;
    }
    return ag_database_there(s) ? read_databases(shared, s, pconf, ptemp) : OK;
}

void ag_child_init(apr_pool_t *pchild, server_rec *s)
{
    const ag_engine_t *main_engine = ag_server_of(s)->engine;

    ag_counts_join((int)getpid());
    ag_keysets_read(s, pchild);
    if (main_engine && !ag_inflight_join(main_engine->inflight)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "AG0113: ApiGuardSharedMemory has no room for so many "
                     "processes: where ApiGuardConcurrency is set this one refuses all requests");
    }
    if (main_engine && ag_server_of(s)->site->counter_store.servers) {
        ag_leases_child(pchild, s);
    }
}
