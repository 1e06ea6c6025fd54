/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuer_rules: rules that do not say whose name they mean, in sections that accept tokens of several
 * issuers. What stands in the configuration's sections is found at start; where sections are only joined
 * for a request, or a rule stands in .htaccess, the rule itself says that it cannot be told
 * (authz/rule_words.c).
 */
#include "issuers.h"

#include <apr_cstr.h>

typedef struct {
    apr_pool_t *p; /* emptied for each rule */
    server_rec *server;
    apr_array_header_t *rules; /* those about tokens, an ap_directive_t * each */
    apr_array_header_t *heirs; /* sections that say whose tokens are good, and have no rule */
    int rv;
} search_t;

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

/* A line `Require [not] RULE WORD ...`, parted. */
typedef struct {
    const ap_directive_t *at;
    const char *name;
    const char *line; /* what follows the name */
    int negated;
} rule_t;

static void check_client(search_t *s, const rule_t *rule, const char *word, const ag_jwt_policy_t *jwt)
{
    const char *client;
    const ag_cred_kind_t *kind = ag_cred_before(&client, word);

    if (kind && kind->token && strcmp(client, "*") != 0 && !ag_jwt_issuer_in(jwt, client, ':')) {
        s->rv = ag_mistake(s->server, "Require api-client",
                           apr_psprintf(s->p,
                                        "%s:%d: \"%s\" is not allowed where tokens of several "
                                        "issuers are accepted: %s:ISSUER:CLIENT, with the issuer's "
                                        "name= or, where it has none, the issuer",
                                        rule->at->filename, rule->at->line_num, word, kind->name));
    }
}

static void check_user(search_t *s, const rule_t *rule, const char *word, const ag_jwt_policy_t *jwt)
{
    (void)jwt;
    if (!strchr(word, '@') && is_ours(rule->at)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s->server,
                     "AG0642: %s:%d: Require "
                     "user %s means nobody: where tokens of several issuers are accepted a user is "
                     "USER@ISSUER",
                     rule->at->filename, rule->at->line_num, word);
    }
}

/* Rules about tokens. Without `check` the words have no place for an issuer: each issuer's will do. */
static const struct {
    const char *name;
    void (*check)(search_t *s, const rule_t *rule, const char *word, const ag_jwt_policy_t *jwt);
} kinds[] = {
    {"user", check_user}, {"api-client", check_client}, {"api-claim", NULL}, {"api-role", NULL}, {"api-scope", NULL},
};

/* The kind of a Require line, or -1 when it is not about tokens. */
static int read_rule(rule_t *rule, const ap_directive_t *at, apr_pool_t *p)
{
    int i = (int)(sizeof kinds / sizeof *kinds) - 1;

    rule->at = at;
    rule->line = at->args;
    rule->name = ap_getword_conf(p, &rule->line);
    rule->negated = strcasecmp(rule->name, "not") == 0;
    rule->name = rule->negated ? ap_getword_conf(p, &rule->line) : rule->name;
    while (i >= 0 && strcasecmp(rule->name, kinds[i].name) != 0) {
        i--;
    }
    return i;
}

static int begins(const ap_directive_t *at, const char *words)
{
    return strncasecmp(at->directive, words, strlen(words)) == 0;
}

static int has_issuer_rule(const ap_directive_t *all, apr_pool_t *p)
{
    const ap_directive_t *each;
    rule_t rule;

    for (each = all->first_child; each; each = each->next) {
        if (strcasecmp(each->directive, "Require") == 0 && read_rule(&rule, each, p) < 0
            && strcasecmp(rule.name, "api-issuer") == 0) {
            return 1;
        }
    }
    return 0;
}

/* 1 when a rule that must hold, too, says whose tokens are meant, or when it is to hold for nobody. */
static int is_settled(const rule_t *rule, apr_pool_t *p)
{
    const ap_directive_t *around = rule->at->parent;
    int settled = rule->negated || strncmp(rule->line, "iss:", 4) == 0;

    for (; around && begins(around, "<Require") && !settled; around = around->parent) {
        settled = begins(around, "<RequireNone") || (begins(around, "<RequireAll") && has_issuer_rule(around, p));
    }
    return settled;
}

static void check_rule(search_t *s, const ap_directive_t *at)
{
    ag_jwt_policy_t jwt;
    ag_words_t words;
    rule_t rule;
    int i, kind;

    apr_pool_clear(s->p);
    kind = read_rule(&rule, at, s->p);
    if (kind < 0) {
        return;
    }
    APR_ARRAY_PUSH(s->rules, const ap_directive_t *) = at;
    ag_issuers_of(&jwt, at->parent, s->p);
    if (!ag_jwt_several(&jwt)) {
        return;
    }
    if (!kinds[kind].check && !is_settled(&rule, s->p)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s->server,
                     "AG0840: %s:%d: Require %s holds for tokens of each issuer that is accepted here; "
                     "if one is meant, write it with Require api-issuer in one <RequireAll>",
                     at->filename, at->line_num, rule.name);
    }
    if (!kinds[kind].check || ag_text_words(&words, rule.line, s->p)) {
        return;
    }
    for (i = 0; i < words.n; i++) {
        kinds[kind].check(s, &rule, words.v[i], &jwt);
    }
}

static int is_section(const ap_directive_t *at)
{
    return begins(at, "<Location") || begins(at, "<Directory") || begins(at, "<Files") || begins(at, "<Proxy")
           || strcasecmp(at->directive, "<If") == 0 || begins(at, "<Else");
}

static const ap_directive_t *section_of(const ap_directive_t *at)
{
    do {
        at = at->parent;
    } while (at && !is_section(at));
    return at;
}

static int has_rules(const ap_directive_t *all)
{
    const ap_directive_t *each;
    int found = 0;

    for (each = all->first_child; each && !found; each = each->next) {
        found = strcasecmp(each->directive, "Require") == 0 || (!is_section(each) && has_rules(each));
    }
    return found;
}

/* NULL: the main server, whose sections hold for all hosts. */
static const ap_directive_t *host_of(const ap_directive_t *at)
{
    while (at && !begins(at, "<VirtualHost")) {
        at = at->parent;
    }
    return at;
}

/* A path in a section's head, and how long it is without the last slash. */
static const char *path_of(const ap_directive_t *section, apr_size_t *n)
{
    const char *path = section->args + (*section->args == '"');

    *n = strcspn(path, "\"> ");
    *n -= *n && path[*n - 1] == '/';
    return path;
}

/* Does the section inherit from the outer one? Of two kinds of sections nobody can know here. */
static int is_inside(const ap_directive_t *section, const ap_directive_t *outer)
{
    const ap_directive_t *each = section->parent;
    const char *path, *around;
    apr_size_t n, longer;

    while (each && each != outer) {
        each = each->parent;
    }
    if (each || strcasecmp(section->directive, outer->directive) != 0) {
        return each != NULL;
    }
    around = path_of(outer, &n);
    path = path_of(section, &longer);
    return *around == '/' && longer > n && strncmp(path, around, n) == 0 && path[n] == '/'
           && (!host_of(outer) || host_of(outer) == host_of(section));
}

/* Would a token of an issuer that only the inner section accepts satisfy the rule? */
static int reaches(const rule_t *rule, int kind, const ap_directive_t *section, apr_pool_t *p)
{
    ag_jwt_policy_t meant, here;
    int named = kinds[kind].check != NULL;

    if (kinds[kind].check == check_user && !is_ours(rule->at)) {
        return 0;
    }
    ag_issuers_of(&meant, rule->at->parent, p);
    ag_issuers_of(&here, section, p);
    return ag_jwt_accepts_other(&here, &meant) && !(named && (ag_jwt_several(&meant) || ag_jwt_several(&here)));
}

/* A section that accepts another issuer and inherits rules: what they name is that issuer's there. */
static void check_heir(const search_t *s, const ap_directive_t *section)
{
    int i;

    for (i = 0; i < s->rules->nelts; i++) {
        const ap_directive_t *at = APR_ARRAY_IDX(s->rules, i, const ap_directive_t *);
        const ap_directive_t *outer = section_of(at);
        rule_t rule;
        int kind;

        if (!outer || !is_inside(section, outer)) {
            continue;
        }
        apr_pool_clear(s->p);
        kind = read_rule(&rule, at, s->p);
        if (!is_settled(&rule, s->p) && reaches(&rule, kind, section, s->p)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s->server,
                         "AG0841: %s:%d: %s %s accepts another issuer than the section around it and has no Require; "
                         "the Require %s it inherits from %s:%d then means that issuer's, too: write its own",
                         section->filename, section->line_num, section->directive, section->args, rule.name,
                         at->filename, at->line_num);
            return;
        }
    }
}

static void walk(search_t *s, const ap_directive_t *at)
{
    for (; at && s->rv == OK; at = at->next) {
        if (strcasecmp(at->directive, "Require") == 0) {
            check_rule(s, at);
        }
        if (is_section(at) && ag_issuers_said(at) && !has_rules(at)) {
            APR_ARRAY_PUSH(s->heirs, const ap_directive_t *) = at;
        }
        walk(s, at->first_child);
    }
}

int ag_issuers_check(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s)
{
    search_t search = {NULL, s, apr_array_make(ptemp, 8, sizeof(void *)), apr_array_make(ptemp, 8, sizeof(void *)),
                       OK};
    int i;

    apr_pool_create(&search.p, ptemp);
    ag_issuers_know(pconf, ptemp);
    if (apr_hash_count(ag_plans()->issuers)) {
        walk(&search, ap_conftree);
    }
    for (i = 0; i < search.heirs->nelts; i++) {
        check_heir(&search, APR_ARRAY_IDX(search.heirs, i, const ap_directive_t *));
    }
    apr_pool_destroy(search.p);
    return search.rv;
}
