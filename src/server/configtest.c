/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configtest: what is wrong with a configuration stops the start, with a message that names the
 * directive, the value and what is allowed.
 *
 * httpd reads its configuration twice, and checks it both times: so key files are opened here, and
 * `apachectl configtest` finds a bad one. A configuration test asks the databases too (check.c), since
 * the start will; memory waits for the start itself.
 */
#include "resources.h"

/* The configuration is read twice at start, and checked both times; warnings are told once. */
static int is_rehearsal(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG && !ag_is_test();
}

/* Once for a file, however many sections and virtual hosts name it. */
static int is_told(apr_hash_t *told, const char *directive, const char *text, apr_pool_t *p)
{
    const char *line = apr_pstrcat(p, directive, text, NULL);

    if (apr_hash_get(told, line, APR_HASH_KEY_STRING)) {
        return 1;
    }
    apr_hash_set(told, line, APR_HASH_KEY_STRING, line);
    return 0;
}

/* OK, or what stops the start. */
static int do_one(const ag_later_t *task, apr_hash_t *told, ag_later_call_t *call, server_rec *s)
{
    const char *error = task->run(task->ctx, call);

    if (error && (task->whose == AG_LATER_OURS || !ag_is_reload())) {
        return ag_mistake(s, task->directive, error);
    }
    if (error && !is_told(told, task->directive, error, call->ptmp)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "AG0720: %s: %s; the server goes on, and requests "
                     "that need it get 503",
                     task->directive, error);
    }
    if (call->warning && !is_rehearsal() && !is_told(told, task->directive, call->warning, call->ptmp)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "AG0721: %s: %s", task->directive, call->warning);
    }
    return OK;
}

static int do_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    const ag_plans_t *plans = ag_plans();
    apr_hash_t *told = apr_hash_make(ptemp);
    int rv = OK;
    int i;

    for (i = 0; rv == OK && i < plans->later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(plans->later, i, ag_later_t);
        ag_later_call_t call = {pconf,         s->process->pool, ptemp,
                                NULL,          task->server,     ag_limit_server(task->server),
                                task->section, plans->named};

        rv = do_one(task, told, &call, s);
    }
    return rv;
}

static int look_over(const ag_policy_t *policy, apr_pool_t *ptemp, server_rec *s)
{
    const char *error = ag_policy_check(policy, ptemp);

    const char *warning = ag_limits_warning(&policy->limits, &policy->concurrency, ptemp);

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

int ag_database_there(server_rec *s)
{
    ag_db_port_t port;

    return ag_dbd_port(&port, s) && ag_written("DBDriver", NULL);
}

/* `what` needs it. */
static int database_ready(server_rec *s, const char *what)
{
    ag_db_port_t port;

    if (!ag_dbd_port(&port, s)) {
        return ag_mistake(s, "AuthType ApiGuard",
                          apr_pstrcat(s->process->pconf, what,
                                      " need mod_dbd: LoadModule dbd_module, DBDriver and DBDParams are missing",
                                      NULL));
    }
    if (!ag_written("DBDriver", NULL)) {
        return ag_mistake(
            s, "AuthType ApiGuard",
            apr_pstrcat(s->process->pconf, what, " need a database: DBDriver and DBDParams are missing", NULL));
    }
    return OK;
}

/* The same limit must have the same id on every node, and a host's default name is none. */
static int fleet_named(server_rec *s)
{
    const ag_counter_store_t *store = &ag_server_of(s)->site->counter_store;

    return !store->servers || store->prefix || ag_written("ServerName", NULL)
               ? OK
               : ag_mistake(s, "ApiGuardCounterStore",
                            "memcached needs prefix= or a ServerName, equal "
                            "on every node");
}

/* mod_cache's quick handler answers before anybody is asked who they are, or counted. */
static void warn_of_cache(server_rec *s)
{
    int guarded = ag_written("AuthType", "ApiGuard") || ag_written("ApiGuardRateLimit", NULL)
                  || ag_written("ApiGuardTLS", NULL);

    if (guarded && ag_written("CacheEnable", NULL) && !ag_written("CacheQuickHandler", "off")) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                     "AG0134: CacheEnable with the "
                     "quick handler answers from the cache before a credential or TLS is asked for and "
                     "a request is counted; set CacheQuickHandler off");
    }
}

int ag_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int rv = do_all(pconf, ptemp, s);

    (void)plog;
    rv = rv == OK ? look_over_all(ptemp, s) : rv;
    rv = rv == OK ? ag_issuers_check(pconf, ptemp, s) : rv;
    rv = rv == OK ? ag_keysets_check(s, ptemp) : rv;
    rv = rv == OK ? ag_introspection_check(s, ptemp) : rv;
    rv = rv == OK ? ag_resources_check(pconf, s) : rv;
    rv = rv == OK ? fleet_named(s) : rv;
    rv = rv == OK ? ag_tls_check(ptemp, s) : rv;
    warn_of_cache(s);
    ag_wanted_look();
    rv = rv == OK && ag_keys_wanted() ? database_ready(s, "API keys") : rv;
    rv = rv == OK && ag_lists_wanted() ? database_ready(s, "address lists") : rv;
    return rv == OK && ag_is_test() && (ag_keys_wanted() || ag_lists_wanted()) ? ag_dbd_check(s, ptemp) : rv;
}
