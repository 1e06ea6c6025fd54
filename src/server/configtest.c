/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configtest: what is wrong with a configuration stops the start, with a message that names the
 * directive, the value and what is allowed.
 *
 * httpd reads its configuration twice, and checks it both times: so key files are opened here, and
 * `apachectl configtest` finds a bad one. A configuration test asks the databases too (check.c), since
 * the start will; memory waits for the start itself.
 */
#include "server.h"

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
static int open_one(const ag_open_t *task, apr_hash_t *told, ag_opening_t *opening, server_rec *s)
{
    const char *error = task->open(task->ctx, opening);

    if (error && (task->whose == AG_OPEN_OURS || !ag_is_reload())) {
        return ag_mistake(s, task->directive, error);
    }
    if (error && !is_told(told, task->directive, error, opening->ptmp)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "AG0720: %s: %s; the server goes on, and requests "
                     "that need it get 503",
                     task->directive, error);
    }
    if (opening->warning && !is_rehearsal() && !is_told(told, task->directive, opening->warning, opening->ptmp)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "AG0721: %s: %s", task->directive, opening->warning);
    }
    return OK;
}

static int open_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *opens = ag_plans()->opens;
    apr_hash_t *told = apr_hash_make(ptemp);
    int rv = OK;
    int i;

    for (i = 0; rv == OK && i < opens->nelts; i++) {
        ag_opening_t opening = {pconf, s->process->pool, ptemp, NULL};

        rv = open_one(&APR_ARRAY_IDX(opens, i, ag_open_t), told, &opening, s);
    }
    return rv;
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

/* Cost, subject and condition may differ between sections that share a count; what is counted not. */
static int same_windows(const ag_limit_t *a, const ag_limit_t *b)
{
    int same = a->n_windows == b->n_windows;
    int i;

    for (i = 0; same && i < a->n_windows; i++) {
        const ag_window_t *x = &a->windows[i];
        const ag_window_t *y = &b->windows[i];

        same = x->algo == y->algo && x->burst == y->burst && x->rate.n == y->rate.n
               && x->rate.period.seconds == y->rate.period.seconds && x->rate.period.kind == y->rate.period.kind;
    }
    return same;
}

/* One name, one count: two limits of a server that share a name must count alike. The first that has
 * it, or NULL when this is the first. */
static const ag_limit_t *namesake(apr_hash_t *named, const ag_plan_name_t *name, apr_pool_t *ptemp)
{
    const char *key = apr_psprintf(ptemp, "%pp %s", (void *)name->server, name->limit->name);
    const ag_limit_t *first = apr_hash_get(named, key, APR_HASH_KEY_STRING);

    if (!first) {
        apr_hash_set(named, key, APR_HASH_KEY_STRING, name->limit);
    }
    return first;
}

static int name_limits(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *names = ag_plans()->names;
    apr_hash_t *named = apr_hash_make(ptemp);
    int i;

    for (i = 0; i < names->nelts; i++) {
        const ag_plan_name_t *name = &APR_ARRAY_IDX(names, i, ag_plan_name_t);
        const ag_limit_t *other = name->limit->name ? namesake(named, name, ptemp) : NULL;

        if (other && !same_windows(other, name->limit)) {
            return ag_mistake(
                s, "ApiGuardRateLimit",
                apr_psprintf(pconf, "\"%s\" and \"%s\" share a name and differ", other->text, name->limit->text));
        }
        ag_limit_name(name->limit, ag_limit_scope(name->server, name->limit->name ? "" : name->section, pconf),
                      pconf);
    }
    return OK;
}

/* mod_cache's quick handler answers before anybody is asked who they are, or counted. */
static void warn_of_cache(server_rec *s)
{
    int guarded = ag_written("AuthType", "ApiGuard") || ag_written("ApiGuardRateLimit", NULL);

    if (guarded && ag_written("CacheEnable", NULL) && !ag_written("CacheQuickHandler", "off")) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                     "AG0134: CacheEnable with the "
                     "quick handler answers from the cache before a credential is asked for and a "
                     "request is counted; set CacheQuickHandler off");
    }
}

int ag_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int rv = name_limits(pconf, ptemp, s);

    (void)plog;
    rv = rv == OK ? open_all(pconf, ptemp, s) : rv;
    rv = rv == OK ? look_over_all(ptemp, s) : rv;
    rv = rv == OK ? ag_issuers_check(pconf, ptemp, s) : rv;
    rv = rv == OK ? fleet_named(s) : rv;
    warn_of_cache(s);
    ag_wanted_look();
    rv = rv == OK && ag_keys_wanted() ? database_ready(s, "API keys") : rv;
    rv = rv == OK && ag_lists_wanted() ? database_ready(s, "address lists") : rv;
    return rv == OK && ag_is_test() && (ag_keys_wanted() || ag_lists_wanted()) ? ag_dbd_check(s, ptemp) : rv;
}
