/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plans: what the lines of the configuration leave to be done once all of it is read; and in what state
 * of httpd's life that is.
 */
#include "server.h"

static ag_plans_t plans;

ag_plans_t *ag_plans(void)
{
    return &plans;
}

static apr_status_t forget_blank(void *plans)
{
    ((ag_plans_t *)plans)->blank = NULL;
    return APR_SUCCESS;
}

int ag_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    ag_plans_t *plans = ag_plans();

    (void)plog;
    (void)ptemp;
    plans->blank = ag_policy_make(pconf);
    apr_pool_cleanup_register(pconf, plans, forget_blank, apr_pool_cleanup_null);
    plans->later = apr_array_make(pconf, 8, sizeof(ag_later_t));
    plans->policies = apr_array_make(pconf, 8, sizeof(ag_policy_t *));
    plans->issuers = apr_hash_make(pconf);
    plans->resources = apr_array_make(pconf, 4, sizeof(void *));
    plans->named = apr_hash_make(pconf);
    plans->polled = NULL;
    plans->rings = NULL;
    ap_method_register(pconf, "QUERY"); /* RFC 10008; without it `Require method QUERY` is a mistake */
    return OK;
}

int ag_mistake(server_rec *s, const char *directive, const char *error)
{
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_STARTUP, 0, s, "AG0130: %s: %s", directive, error);
    return HTTP_INTERNAL_SERVER_ERROR;
}

int ag_is_reload(void)
{
    return ap_state_query(AP_SQ_CONFIG_GEN) > 1;
}

int ag_is_test(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
}

const char *ag_limit_server(const server_rec *s)
{
    const char *prefix = ag_server_of(s)->site->counter_store.prefix;

    return prefix ? prefix : s->server_hostname ? s->server_hostname : "";
}
