/* SPDX-License-Identifier: Apache-2.0 */
/*
 * startup: from a configuration to engines. Whatever cannot be made ready stops the start with a
 * message that names the directive; only a database that is away may come later.
 *
 * httpd reads its configuration twice. Files are opened both times, so that configtest finds a bad
 * key; memory, databases and engines wait for the second.
 */
#include "glue.h"

#include <ap_mpm.h>

int ag_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    ag_plans_t *plans = ag_plans();

    (void)plog;
    (void)ptemp;
    plans->opens = apr_array_make(pconf, 8, sizeof(ag_open_t));
    plans->names = apr_array_make(pconf, 8, sizeof(ag_plan_name_t));
    plans->policies = apr_array_make(pconf, 8, sizeof(ag_policy_t *));
    return OK;
}

static int mistake(server_rec *s, const char *directive, const char *error)
{
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_STARTUP, 0, s, "AG0130: %s: %s", directive, error);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int open_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *opens = ag_plans()->opens;
    int i;

    for (i = 0; i < opens->nelts; i++) {
        const ag_open_t *task = &APR_ARRAY_IDX(opens, i, ag_open_t);
        const char *error = task->open(task->ctx, pconf, ptemp);

        if (error) {
            return mistake(s, task->directive, error);
        }
    }
    return OK;
}

static int look_over(const ag_policy_t *policy, apr_pool_t *ptemp, server_rec *s)
{
    const char *error = ag_policy_check(policy, ptemp);

    const char *warning = ag_policy_warning(policy, ptemp);

    if (error) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_STARTUP, 0, s, "AG0131: %s", error);
    }
    if (warning) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s, "AG0133: %s", warning);
    }
    return error ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

static int look_over_all(apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    server_rec *each;
    int rv = OK;
    int i;

    for (i = 0; rv == OK && i < policies->nelts; i++) {
        rv = look_over(APR_ARRAY_IDX(policies, i, ag_policy_t *), ptemp, s);
    }
    for (each = s; rv == OK && each; each = each->next) {
        rv = look_over(ap_get_module_config(each->lookup_defaults, &apiguard_module), ptemp, each);
    }
    return rv;
}

/* 1 when the directive stands anywhere below `at`, with `word` among its arguments (NULL: any). */
static int written(const ap_directive_t *at, const char *directive, const char *word)
{
    for (; at; at = at->next) {
        if ((strcasecmp(at->directive, directive) == 0
             && (!word || ap_strcasestr(at->args, word)))
            || written(at->first_child, directive, word)) {
            return 1;
        }
    }
    return 0;
}

/* Are API keys asked for? A section that names its providers may do without. */
static int keys_wanted(void)
{
    if (written(ap_conftree, "AuthBasicProvider", "apiguard")) {
        return 1;
    }
    return written(ap_conftree, "AuthType", "ApiGuard")
           && (!written(ap_conftree, "ApiGuardProvider", NULL)
               || written(ap_conftree, "ApiGuardProvider", "key"));
}

static int database_ready(server_rec *s)
{
    ag_db_port_t port;

    if (!ag_dbd_port(&port, s)) {
        return mistake(s, "AuthType ApiGuard", "API keys need mod_dbd: LoadModule dbd_module, "
                       "DBDriver and DBDParams are missing");
    }
    if (!written(ap_conftree, "DBDriver", NULL)) {
        return mistake(s, "AuthType ApiGuard", "API keys need a database: DBDriver and DBDParams "
                       "are missing");
    }
    return OK;
}

/* The same limit must have the same id on every node, and a host's default name is none. */
static int fleet_named(server_rec *s)
{
    const ag_counter_store_t *store = &ag_server_of(s)->site->counter_store;

    return !store->servers || store->prefix || written(ap_conftree, "ServerName", NULL)
               ? OK
               : mistake(s, "ApiGuardCounterStore", "memcached needs prefix= or a ServerName, equal "
                         "on every node");
}

/* Cost, subject and condition may differ between sections that share a count; what is counted not. */
static int same_windows(const ag_limit_t *a, const ag_limit_t *b)
{
    int same = a->n_windows == b->n_windows;
    int i;

    for (i = 0; same && i < a->n_windows; i++) {
        const ag_window_t *x = &a->windows[i];
        const ag_window_t *y = &b->windows[i];

        same = x->algo == y->algo && x->burst == y->burst && x->rate.n == y->rate.n
               && x->rate.period.seconds == y->rate.period.seconds;
    }
    return same;
}

/* One name, one count: two limits of a server that share a name must count alike. */
static const ag_limit_t *namesake(const apr_array_header_t *names, int before)
{
    const ag_plan_name_t *own = &APR_ARRAY_IDX(names, before, ag_plan_name_t);
    int i;

    for (i = 0; own->limit->name && i < before; i++) {
        const ag_plan_name_t *other = &APR_ARRAY_IDX(names, i, ag_plan_name_t);

        if (other->server == own->server && other->limit->name
            && strcmp(other->limit->name, own->limit->name) == 0) {
            return other->limit;
        }
    }
    return NULL;
}

static int name_limits(apr_pool_t *pconf, server_rec *s)
{
    const apr_array_header_t *names = ag_plans()->names;
    int i;

    for (i = 0; i < names->nelts; i++) {
        const ag_plan_name_t *name = &APR_ARRAY_IDX(names, i, ag_plan_name_t);
        const ag_limit_t *other = namesake(names, i);

        if (other && !same_windows(other, name->limit)) {
            return mistake(s, "ApiGuardRateLimit",
                           apr_psprintf(pconf, "\"%s\" and \"%s\" share a name and differ",
                                        other->text, name->limit->text));
        }
        ag_limit_name(name->limit,
                      ag_limit_scope(name->server, name->limit->name ? "" : name->section, pconf),
                      pconf);
    }
    return OK;
}

/* mod_cache's quick handler answers before anybody is asked who they are. */
static void warn_of_cache(server_rec *s)
{
    if (written(ap_conftree, "CacheEnable", NULL) && !written(ap_conftree, "CacheQuickHandler", "off")
        && written(ap_conftree, "AuthType", "ApiGuard")) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s, "AG0134: CacheEnable with the "
                     "quick handler answers from the cache before a credential is asked for; set "
                     "CacheQuickHandler off");
    }
}

int ag_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int rv = name_limits(pconf, s);

    (void)plog;
    rv = rv == OK ? open_all(pconf, ptemp, s) : rv;
    rv = rv == OK ? look_over_all(ptemp, s) : rv;
    rv = rv == OK ? fleet_named(s) : rv;
    warn_of_cache(s);
    return rv == OK && keys_wanted() ? database_ready(s) : rv;
}

/* ---- engines ----------------------------------------------------------------------------------------- */

/* All lines of mod_dbd, in their order: another database is another realm. */
static const char *database_lines(const ap_directive_t *at, const char *text, apr_pool_t *p)
{
    for (; at; at = at->next) {
        if (strncasecmp(at->directive, "DBD", 3) == 0) {
            text = apr_pstrcat(p, text, at->directive, " ", at->args, "\n", NULL);
        }
        text = database_lines(at->first_child, text, p);
    }
    return text;
}

/* What decides about a key: database, query, pepper; and the server, whose database it is. */
static ag_id_t key_realm_id(const ag_site_t *site, server_rec *s, apr_pool_t *p)
{
    const char *text = apr_psprintf(p, "key\n%s\n%s\n%u\n%u\n%s\n%s", s->server_hostname,
                                    s->defn_name ? s->defn_name : "", s->defn_line_number,
                                    (unsigned)s->port, site->key_query ? site->key_query : "",
                                    database_lines(ap_conftree, "", p));
    ag_id_t id = ag_id_of(text, strlen(text));

    if (site->key_pepper) {
        id = ag_id_mix(id, ag_id_of(site->key_pepper->bytes, site->key_pepper->size));
    }
    return id;
}

static void set_key_realm(ag_engine_t *engine, server_rec *s, apr_pool_t *p)
{
    const ag_site_t *site = engine->site;
    ag_key_realm_t *realm = &engine->key_realm;

    realm->id = key_realm_id(site, s, p);
    realm->query = site->key_query;
    realm->pepper = site->key_pepper ? site->key_pepper->bytes : NULL;
    realm->pepper_size = site->key_pepper ? site->key_pepper->size : 0;
    realm->ttl = apr_time_from_sec(site->key_cache.ttl);
    realm->stale = apr_time_from_sec(site->key_cache.stale);
    realm->negative = apr_time_from_sec(site->key_cache.negative);
}

/* The shared words of a realm: those it had before a graceful restart, else unused ones. */
static void *key_words(const ag_shared_t *shared, ag_id_t realm)
{
    static const ag_id_t nobody = {0, 0};
    int i;

    for (i = 0; i < AG_MAX_KEY_STORES; i++) {
        ag_key_words_t *words = &shared->keys[i];

        if (ag_id_equal(words->realm, realm)) {
            return words->shared;
        }
        if (ag_id_equal(words->realm, nobody)) {
            words->realm = realm;
            return words->shared;
        }
    }
    return NULL;
}

static ag_keys_t *key_store(const ag_shared_t *shared, server_rec *s, ag_id_t realm, apr_pool_t *p)
{
    ag_keys_t *keys = apr_pcalloc(p, sizeof *keys);

    keys->known = shared->known;
    keys->unknown = shared->unknown;
    keys->shared = key_words(shared, realm);
    keys->sip = &shared->sip;
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

static int make_engines(const ag_shared_t *shared, int with_keys, apr_pool_t *pconf, server_rec *s)
{
    server_rec *each;

    for (each = s; each; each = each->next) {
        ag_engine_t *engine = apr_pcalloc(pconf, sizeof *engine);
        const char *scope = ag_limit_scope(each, "", pconf);

        engine->site = ag_server_of(each)->site;
        engine->expr = &ag_httpd_expr;
        engine->sip = &shared->sip;
        engine->server = ag_id_of(scope, strlen(scope));
        engine->tokens = shared->tokens;
        engine->shm = shared->shm;
        engine->breaker = shared->breaker;
        set_key_realm(engine, each, pconf);
        engine->keys = with_keys ? key_store(shared, each, engine->key_realm.id, pconf) : NULL;
        if (engine->keys && !engine->keys->shared) {
            return mistake(each, "mod_apiguard", "too many virtual hosts and restarts with changed "
                           "databases; stop and start the server");
        }
        own_record(each, pconf)->engine = engine;
    }
    return OK;
}

int ag_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    ag_shared_t *shared = apr_pcalloc(pconf, sizeof *shared);
    int with_keys = keys_wanted();
    int rv;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    json_object_seed(0); /* before there are threads */
    rv = ag_memory_open(shared, (apr_size_t)ag_server_of(s)->site->shared_memory, pconf, s);
    rv = rv == OK ? make_engines(shared, with_keys, pconf, s) : rv;
    if (rv != OK) {
        return rv;
    }
    return with_keys ? ag_dbd_check(s, ptemp) : OK;
}

void ag_child_init(apr_pool_t *pchild, server_rec *s)
{
    const ag_counter_store_t *config = &ag_server_of(s)->site->counter_store;
    ag_engine_t *main_engine = ag_server_of(s)->engine;
    ag_store_t *store = NULL;
    server_rec *each;
    int threads = 1;
    apr_status_t rv;

    if (!config->servers || !main_engine) {
        return;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    rv = ag_store_memcached_open(&store, config->servers, config->prefix ? config->prefix : "",
                                 config->timeout, threads > 0 ? threads : 1, main_engine->breaker,
                                 ag_server_log(s, pchild), pchild);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0132: ApiGuardCounterStore: \"%s\" cannot be "
                     "used; this child ends", config->servers);
        exit(APEXIT_CHILDSICK);
    }
    for (each = s; each; each = each->next) {
        ag_server_of(each)->engine->memcached = store;
    }
}
