/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup: from a checked configuration to engines, one for each virtual host, and the memory they
 * share. Only a database that is away may come later.
 */
#include "glue.h"

#include <ap_mpm.h>

#include "../keys/notice.h"

const char *ag_database_lines(const ap_directive_t *at, const char *text, apr_pool_t *p)
{
    for (; at; at = at->next) {
        if (strncasecmp(at->directive, "DBD", 3) == 0) {
            text = apr_pstrcat(p, text, at->directive, " ", at->args, "\n", NULL);
        }
        text = ag_database_lines(at->first_child, text, p);
    }
    return text;
}

/* How many hosts of that very name and port stand before this one. */
static int twins_before(const server_rec *s, const server_rec *first)
{
    int twins = 0;

    for (; first != s; first = first->next) {
        twins += first->port == s->port && strcmp(first->server_hostname, s->server_hostname) == 0;
    }
    return twins;
}

/* What decides about a key: database, query, pepper; and the server, whose database it is. */
static ag_id_t key_realm_id(const ag_site_t *site, server_rec *s, server_rec *first, apr_pool_t *p)
{
    const char *text = apr_psprintf(p, "key\n%s\n%u\n%d\n%s\n%s", s->server_hostname,
                                    (unsigned)s->port, twins_before(s, first),
                                    site->key_query ? site->key_query : "",
                                    ag_database_lines(ap_conftree, "", p)); /* another database
                                                                               is another realm */
    ag_id_t id = ag_id_of(text, strlen(text));

    if (site->key_pepper) {
        id = ag_id_mix(id, ag_id_of(site->key_pepper->bytes, site->key_pepper->size));
    }
    return id;
}

static void set_key_realm(ag_engine_t *engine, server_rec *s, server_rec *first, apr_pool_t *p)
{
    const ag_site_t *site = engine->site;
    ag_key_realm_t *realm = &engine->key_realm;

    realm->id = key_realm_id(site, s, first, p);
    realm->query = site->key_query;
    realm->pepper = site->key_pepper ? site->key_pepper->bytes : NULL;
    realm->pepper_size = site->key_pepper ? site->key_pepper->size : 0;
    realm->ttl = apr_time_from_sec(site->key_cache.ttl);
    realm->stale = apr_time_from_sec(site->key_cache.stale);
    realm->negative = apr_time_from_sec(site->key_cache.negative);
}

/* The shared words of a realm: those it had before a graceful restart, else the ones that have been
 * out of use for longest; the generation that is just ending may still write to its own. */
static ag_key_words_t *key_words(const ag_shared_t *shared, ag_id_t realm)
{
    apr_int64_t generation = ap_state_query(AP_SQ_CONFIG_GEN) + 1;
    ag_key_words_t *words = &shared->keys[0];
    int i;

    for (i = 0; i < AG_MAX_KEY_STORES; i++) {
        ag_key_words_t *other = &shared->keys[i];

        if (ag_id_equal(other->realm, realm)) {
            other->generation = generation;
            return other;
        }
        if (other->generation < words->generation) {
            words = other;
        }
    }
    if (words->generation && words->generation >= generation - 1) {
        return NULL;
    }
    memset(words, 0, sizeof *words);
    words->realm = realm;
    words->generation = generation;
    return words;
}

/* How many workers of all processes may ask one database at once: a quarter of them, so that one
 * that hangs leaves the others to their work. */
static int places(void)
{
    int children = 1, threads = 1, n;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    n = (children > 0 ? children : 1) * (threads > 0 ? threads : 1) / 4;
    return n < 2 ? 2 : n > AG_FLIGHT_SLOTS / 2 ? AG_FLIGHT_SLOTS / 2 : n;
}

static ag_keys_t *key_store(const ag_shared_t *shared, ag_key_words_t *words, server_rec *s,
                            apr_pool_t *p)
{
    static const apr_uint64_t never_moves;
    ag_keys_t *keys = apr_pcalloc(p, sizeof *keys);

    keys->known = shared->known;
    keys->good = shared->good_keys;
    keys->unknown = shared->unknown;
    keys->shared = words->shared;
    keys->notice = shared->notice ? &shared->notice[words - shared->keys] : &never_moves;
    keys->sip = &shared->sip;
    keys->flights = shared->flights;
    keys->places = places();
    keys->budget = shared->budget;
    ag_dbd_port(&keys->db, s);
    return keys;
}

/* A virtual host without a directive of ours shares the main server's record; its database may be
 * its own all the same. */
static ag_server_t *own_record(server_rec *s, apr_pool_t *p)
{
    ag_server_t *record = apr_pmemdup(p, ag_server_of(s), sizeof *record);

    ap_set_module_config(s->module_config, &apiguard_module, record);
    return record;
}

/* 0 when there is no room for another. */
static int add_keys(const ag_shared_t *shared, ag_server_t *record, server_rec *s, apr_pool_t *p)
{
    ag_engine_t *engine = record->engine;
    ag_key_words_t *words = key_words(shared, engine->key_realm.id);

    if (words) {
        engine->keys = key_store(shared, words, s, p);
        record->key_words = words;
        record->notice = shared->notice_path
                             ? ag_notice_name(shared->notice_path, (int)(words - shared->keys), p)
                             : NULL;
    }
    return words != NULL;
}

/* A server is a name and a port; bans outlive its place in the configuration. */
static void set_bans(ag_engine_t *engine, const ag_shared_t *shared, server_rec *s)
{
    engine->bans = shared->bans;
    engine->ban_name = s->server_hostname ? s->server_hostname : "";
    engine->ban_server = (ag_id_of(engine->ban_name, strlen(engine->ban_name)).lo ^ s->port) | 1;
}

static int make_engines(const ag_shared_t *shared, int with_keys, apr_pool_t *pconf, server_rec *s)
{
    server_rec *each;

    for (each = s; each; each = each->next) {
        ag_engine_t *engine = apr_pcalloc(pconf, sizeof *engine);
        ag_server_t *record = own_record(each, pconf);
        const char *scope = ag_limit_scope(each, "", pconf);

        engine->site = ag_server_of(each)->site;
        engine->expr = &ag_httpd_expr;
        engine->sip = &shared->sip;
        engine->server = ag_id_of(scope, strlen(scope));
        engine->tokens = shared->tokens;
        engine->shm = shared->shm;
        engine->tickets = shared->tickets;
        engine->breaker = shared->breaker;
        engine->usage = shared->usage;
        engine->repeats = shared->repeats;
        engine->good_tokens = shared->good_tokens;
        set_bans(engine, shared, each);
        record->desk = shared->desk;
        set_key_realm(engine, each, s, pconf);
        record->engine = engine;
        if (with_keys && !add_keys(shared, record, each, pconf)) {
            return ag_mistake(each, "mod_apiguard", "there are more virtual hosts with API keys than "
                              "shared memory has room for (512)");
        }
    }
    return OK;
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
    rv = ag_memory_open(shared, (apr_size_t)ag_server_of(s)->site->shared_memory, pconf, s);
    rv = rv == OK ? ag_leases_open(pconf, s) : rv;
    if (rv == OK) {
        rv = ag_desk_start(shared, (apr_size_t)ag_server_of(s)->site->shared_memory, pconf, s);
    }
    if (rv == OK && ag_database_there(s)) {
        ag_notice_open(shared, pconf, s);
    }
    rv = rv == OK ? make_engines(shared, ag_database_there(s), pconf, s) : rv;
    if (rv != OK) {
        return rv;
    }
    ag_mask_collect(s, pconf);
    ag_trailers_collect(s);
    ag_usage_plan_stop(s, pconf);
    rv = ag_lists_open(s, ptemp);
    return rv == OK && (ag_keys_wanted() || ag_lists_wanted()) ? ag_dbd_check(s, ptemp) : rv;
}

void ag_child_init(apr_pool_t *pchild, server_rec *s)
{
    const ag_engine_t *main_engine = ag_server_of(s)->engine;

    if (main_engine && !ag_tickets_live(main_engine->tickets)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "AG0113: ApiGuardSharedMemory has no room for so many "
                     "processes: where ApiGuardConcurrency is set this one refuses all requests");
    }
    if (main_engine && ag_server_of(s)->site->counter_store.servers) {
        ag_leases_child(pchild, s);
    }
}
