/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuers: rules that do not say whose name they mean, in sections that accept tokens of several
 * issuers. What stands in the configuration's sections is found at start; where sections are only joined
 * for a request, or a rule stands in .htaccess, the rule itself says that it cannot be told
 * (authz/rule_words.c).
 */
#include "glue.h"

#include <apr_cstr.h>

typedef struct {
    apr_hash_t *sections; /* a section's ap_directive_t *: its ag_policy_t */
    apr_pool_t *p; /* emptied for each rule */
    server_rec *server;
    int rv;
} search_t;

static int decides_issuers(const ag_setting_t *row)
{
    int i = (int)(row - ag_policy_rows);

    return i == AG_POLICY_issuers || i == AG_POLICY_jwt_keys || i == AG_POLICY_jwks;
}

/* Sections are told apart by their place in the tree; what stands in none has the key NULL. */
void ag_plan_issuers(cmd_parms *cmd, const ag_policy_t *policy, const ag_setting_t *row)
{
    if (decides_issuers(row) && cmd->directive) {
        const ap_directive_t **section = apr_palloc(cmd->pool, sizeof *section);

        *section = cmd->directive->parent;
        apr_hash_set(ag_plans()->issuers, section, sizeof *section, policy);
    }
}

/* What the outer section says and the inner ones do not. */
static void take(ag_policy_t *joined, const ag_policy_t *outer)
{
    apr_uint32_t missing = outer->head.set & ~joined->head.set;

    if (missing & 1u << AG_POLICY_issuers) {
        joined->issuers = outer->issuers;
    }
    if (missing & 1u << AG_POLICY_jwt_keys) {
        joined->jwt_keys = outer->jwt_keys;
    }
    if (missing & 1u << AG_POLICY_jwks) {
        joined->jwks = outer->jwks;
    }
    joined->head.set |= outer->head.set;
}

/* What the section around the line demands of tokens, as far as it and those around it say. */
static void gather(ag_jwt_policy_t *jwt, const search_t *s, const ap_directive_t *line)
{
    const ap_directive_t *section = line;
    ag_policy_t joined;
    ag_id_t realm;

    memset(&joined, 0, sizeof joined);
    while (section) {
        const ag_policy_t *outer;

        section = section->parent;
        outer = apr_hash_get(s->sections, &section, sizeof section);
        if (outer) {
            take(&joined, outer);
        }
    }
    ag_policy_jwt(jwt, &realm, &joined, s->p);
}

/* The nearest AuthType around it says ApiGuard. */
static int is_ours(const ap_directive_t *at)
{
    const ap_directive_t *each;
    const char *type = NULL;

    for (; at && !type; at = at->parent) {
        for (each = at->parent ? at->parent->first_child : ap_conftree; each; each = each->next) {
            type = strcasecmp(each->directive, "AuthType") == 0 ? each->args : type;
        }
    }
    return type && apr_cstr_casecmpn(type + (*type == '"'), "ApiGuard", 8) == 0;
}

static void check_client(search_t *s, const ap_directive_t *at, const char *word,
                         const ag_jwt_policy_t *jwt)
{
    if (strncmp(word, "jwt:", 4) == 0 && strcmp(word, "jwt:*") != 0
        && !ag_jwt_issuer_in(jwt, word + 4, ':')) {
        s->rv = ag_mistake(s->server, "Require api-client",
                           apr_psprintf(s->p, "%s:%d: \"%s\" is not allowed where tokens of several "
                                        "issuers are accepted: jwt:ISSUER:CLIENT, with the issuer's "
                                        "name= or, where it has none, the issuer", at->filename,
                                        at->line_num, word));
    }
}

static void check_user(const search_t *s, const ap_directive_t *at, const char *word)
{
    if (!strchr(word, '@') && is_ours(at)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s->server, "AG0642: %s:%d: Require "
                     "user %s means nobody: where tokens of several issuers are accepted a user is "
                     "USER@ISSUER", at->filename, at->line_num, word);
    }
}

static void check_rule(search_t *s, const ap_directive_t *at)
{
    ag_jwt_policy_t jwt;
    ag_words_t words;
    int i, client, user;

    apr_pool_clear(s->p);
    if (ag_text_words(&words, at->args, s->p) || words.n == 0) {
        return;
    }
    i = strcasecmp(words.v[0], "not") == 0;
    client = i < words.n && strcasecmp(words.v[i], "api-client") == 0;
    user = i < words.n && strcasecmp(words.v[i], "user") == 0;
    if (!client && !user) {
        return;
    }
    gather(&jwt, s, at);
    for (i++; ag_jwt_several(&jwt) && i < words.n; i++) {
        if (client) {
            check_client(s, at, words.v[i], &jwt);
        }
        else {
            check_user(s, at, words.v[i]);
        }
    }
}

static void walk(search_t *s, const ap_directive_t *at)
{
    for (; at && s->rv == OK; at = at->next) {
        if (strcasecmp(at->directive, "Require") == 0) {
            check_rule(s, at);
        }
        walk(s, at->first_child);
    }
}

int ag_issuers_check(apr_pool_t *ptemp, server_rec *s)
{
    search_t search = {ag_plans()->issuers, NULL, s, OK};

    if (apr_hash_count(search.sections)) {
        apr_pool_create(&search.p, ptemp);
        walk(&search, ap_conftree);
        apr_pool_destroy(search.p);
    }
    return search.rv;
}
