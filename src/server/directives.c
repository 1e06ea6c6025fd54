/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directives: httpd's command table, made from the rows of policy.def and site.def. Every row is
 * read by the same two functions.
 */
#include "resources.h"

static int in_htaccess(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS) != NULL;
}

/* "<Location "/api/">" and so on, outermost first: where a line stands, equal on every node. In
 * .htaccess the file, too: cmd->path is the folder only outside of <Files> and <If>, so two folders
 * with the same lines would share a count. */
static const char *section_of(cmd_parms *cmd)
{
    const ap_directive_t *at = cmd->directive ? cmd->directive->parent : NULL;
    const char *section = in_htaccess(cmd) && cmd->directive ? cmd->directive->filename : "";

    for (; at; at = at->parent) {
        if (strcasecmp(at->directive, "<VirtualHost") != 0) {
            section = apr_pstrcat(cmd->temp_pool, at->directive, " ", at->args, " ", section, NULL);
        }
    }
    return section;
}

/* While the configuration is read a host may have no record of ours yet, and its prefix is not known. */
ag_setting_call_t ag_setting_call(cmd_parms *cmd)
{
    const ag_plans_t *plans = ag_plans();
    ag_setting_call_t call = {.p = cmd->pool,
                              .expr = ag_expr_port_for(cmd),
                              .root = ap_server_root,
                              .later = plans->later,
                              .named = plans->named,
                              .server = cmd->server,
                              .section = section_of(cmd)};

    if (in_htaccess(cmd)) {
        const ag_database_t *database = ag_server_of(cmd->server)->database;

        call.later = NULL;
        call.server = database ? database->server : NULL;
        call.server_name = ag_limit_server(cmd->server);
    }
    return call;
}

static const char *read_policy(cmd_parms *cmd, void *policy, const char *line)
{
    const ag_setting_t *row = cmd->info;
    ag_setting_call_t call = ag_setting_call(cmd);
    /* httpd would apply what stands in <Limit GET> to all methods. */
    const char *error = ap_check_cmd_context(cmd, NOT_IN_LIMIT);

    if (!error) {
        error = ag_setting_read(policy, ag_policy_rows, (int)(row - ag_policy_rows), line, &call);
    }
    if (!error) {
        ag_plan_issuers(cmd, policy, row);
        ag_plan_resources(cmd, policy, row);
    }
    return error;
}

static const char *read_site(cmd_parms *cmd, void *unused, const char *line)
{
    const ag_setting_t *row = cmd->info;
    ag_setting_call_t call = ag_setting_call(cmd);

    (void)unused;
    if (row->where & AG_MAIN_ONLY && cmd->server->is_virtual) {
        return apr_pstrcat(cmd->pool, row->name, ": it belongs outside of <VirtualHost>", NULL);
    }
    return ag_setting_read(ag_server_of(cmd->server)->site, ag_site_rows, (int)(row - ag_site_rows), line, &call);
}

/* RSRC_CONF is outside of sections, ACCESS_CONF inside; OR_AUTHCFG inside and in .htaccess under
 * AllowOverride AuthConfig. */
#define OVERRIDES(where)                                                                                             \
    (((where)&AG_IN_HTACCESS ? OR_AUTHCFG : ACCESS_CONF) | ((where)&AG_IN_SERVER ? RSRC_CONF : 0))

const command_rec ag_commands[] = {
#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help)                                     \
    AP_INIT_RAW_ARGS(directive, read_policy, (void *)&ag_policy_rows[AG_POLICY_##member], OVERRIDES(where), help),
#include "../guard/policy.def"
#undef AG_SETTING
#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help)                                     \
    AP_INIT_RAW_ARGS(directive, read_site, (void *)&ag_site_rows[AG_SITE_##member], RSRC_CONF, help),
#include "../guard/site.def"
#undef AG_SETTING
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};

/* A section is a copy of one that says nothing: to read all defaults takes far longer, and there may be
 * tens of thousands, in .htaccess one for each request. What a default points to is never changed. */
void *ag_create_policy(apr_pool_t *p, char *section)
{
    const ag_plans_t *plans = ag_plans();
    ag_policy_t *policy = plans->blank ? apr_pmemdup(p, plans->blank, sizeof *policy) : ag_policy_make(p);

    (void)section;
    /* Sections of .htaccess files come and go with a request: they must not be kept. */
    if (plans->policies && ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_RUN_MPM) {
        APR_ARRAY_PUSH(plans->policies, ag_policy_t *) = policy;
    }
    return policy;
}

void *ag_merge_policy(apr_pool_t *p, void *outer, void *inner)
{
    return (void *)ag_policy_merge(outer, inner, p); /* httpd knows no const */
}

void *ag_create_site(apr_pool_t *p, server_rec *s)
{
    ag_server_t *server = apr_pcalloc(p, sizeof *server);

    (void)s;
    server->site = ag_site_make(p);
    return server;
}

void *ag_merge_site(apr_pool_t *p, void *outer, void *inner)
{
    ag_server_t *server = apr_pcalloc(p, sizeof *server);

    server->site = ag_site_merge(((ag_server_t *)outer)->site, ((ag_server_t *)inner)->site, p);
    return server;
}
