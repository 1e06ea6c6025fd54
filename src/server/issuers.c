/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuers: rules that do not say whose name they mean, in sections that accept tokens of several
 * issuers. What stands in the configuration's sections is found at start; where sections are only joined
 * for a request, or a rule stands in .htaccess, the rule itself says that it cannot be told
 * (authz/rule_words.c).
 */
#include "server.h"

#include <apr_cstr.h>

typedef struct {
    apr_hash_t *sections; /* a section's ap_directive_t *: its ag_policy_t */
    apr_pool_t *p;        /* emptied for each rule */
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

/* Puts the outer section around what the inner ones say. */
static void take(ag_policy_t *joined, const ag_policy_t *outer, apr_pool_t *p)
{
    ag_policy_t inner = *joined;

    ag_settings_merge(joined, outer, &inner, &ag_policy_table, p);
}

/* What the section (NULL: none) demands of tokens, as far as it and those around it say. */
static void gather(ag_jwt_policy_t *jwt, const search_t *s, const ap_directive_t *section)
{
    ag_policy_t joined;
    int outermost;

    memset(&joined, 0, sizeof joined);
    do {
        const ag_policy_t *outer = apr_hash_get(s->sections, &section, sizeof section);

        if (outer) {
            take(&joined, outer, s->p);
        }
        outermost = section == NULL;
        section = outermost ? NULL : section->parent;
    } while (!outermost);
    ag_policy_jwt(jwt, &joined, s->p);
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

static void check_client(search_t *s, const ap_directive_t *at, const char *word, const ag_jwt_policy_t *jwt)
{
    if (strncmp(word, "jwt:", 4) == 0 && strcmp(word, "jwt:*") != 0 && !ag_jwt_issuer_in(jwt, word + 4, ':')) {
        s->rv = ag_mistake(s->server, "Require api-client",
                           apr_psprintf(s->p,
                                        "%s:%d: \"%s\" is not allowed where tokens of several "
                                        "issuers are accepted: jwt:ISSUER:CLIENT, with the issuer's "
                                        "name= or, where it has none, the issuer",
                                        at->filename, at->line_num, word));
    }
}

static void check_user(const search_t *s, const ap_directive_t *at, const char *word)
{
    if (!strchr(word, '@') && is_ours(at)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s->server,
                     "AG0642: %s:%d: Require "
                     "user %s means nobody: where tokens of several issuers are accepted a user is "
                     "USER@ISSUER",
                     at->filename, at->line_num, word);
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
    gather(&jwt, s, at->parent);
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

static void add_name(apr_array_header_t *names, apr_hash_t *seen, const char *name)
{
    if (name && !apr_hash_get(seen, name, APR_HASH_KEY_STRING)) {
        apr_hash_set(seen, name, APR_HASH_KEY_STRING, name);
        APR_ARRAY_PUSH(names, const char *) = name;
    }
}

/* A rule written where several issuers are accepted may be inherited where one is, whose tokens must not
 * pose as the others'. So all know what issuers are called wherever there are several. */
static void make_known(const search_t *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_array_header_t *names = apr_array_make(pconf, 4, sizeof(const char *));
    apr_hash_t *seen = apr_hash_make(ptemp);
    apr_hash_index_t *each;
    ag_words_t words;

    for (each = apr_hash_first(ptemp, s->sections); each; each = apr_hash_next(each)) {
        const ap_directive_t *const *section = apr_hash_this_key(each);
        ag_jwt_policy_t jwt;
        int i, more;

        apr_pool_clear(s->p);
        gather(&jwt, s, *section);
        for (i = 0, more = ag_jwt_several(&jwt); more; i++) {
            add_name(names, seen, ag_jwt_issuer_at(&jwt, i, &more));
        }
    }
    if (names->nelts) {
        add_name(names, seen, AG_KEYS_ISSUER);
    }
    words.n = names->nelts;
    words.v = names->nelts ? (const char **)names->elts : NULL;
    ag_policy_know_issuers(&words);
}

int ag_issuers_check(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    search_t search = {ag_plans()->issuers, NULL, s, OK};

    apr_pool_create(&search.p, ptemp);
    make_known(&search, pconf, ptemp);
    if (apr_hash_count(search.sections)) {
        walk(&search, ap_conftree);
    }
    apr_pool_destroy(search.p);
    return search.rv;
}
