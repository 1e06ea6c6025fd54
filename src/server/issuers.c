/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuers: whose tokens each section of the configuration accepts. It is found at start from the lines
 * as they stand; sections that are only joined for a request are not seen joined here.
 */
#include "issuers.h"

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

void ag_issuers_of(ag_jwt_policy_t *jwt, const ap_directive_t *section, apr_pool_t *p)
{
    ag_policy_t joined;
    int outermost;

    memset(&joined, 0, sizeof joined);
    do {
        const ag_policy_t *outer = apr_hash_get(ag_plans()->issuers, &section, sizeof section);

        if (outer) {
            take(&joined, outer, p);
        }
        outermost = section == NULL;
        section = outermost ? NULL : section->parent;
    } while (!outermost);
    ag_policy_jwt(jwt, &joined, p);
}

int ag_issuers_said(const ap_directive_t *section)
{
    return apr_hash_get(ag_plans()->issuers, &section, sizeof section) != NULL;
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
void ag_issuers_know(apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_array_header_t *names = apr_array_make(pconf, 4, sizeof(const char *));
    apr_hash_t *seen = apr_hash_make(ptemp);
    const ag_cred_kind_t *kind;
    apr_hash_index_t *each;
    apr_pool_t *p;
    ag_words_t words;

    apr_pool_create(&p, ptemp); /* emptied for each section */
    for (each = apr_hash_first(ptemp, ag_plans()->issuers); each; each = apr_hash_next(each)) {
        const ap_directive_t *const *section = apr_hash_this_key(each);
        ag_jwt_policy_t jwt;
        int i, more;

        apr_pool_clear(p);
        ag_issuers_of(&jwt, *section, p);
        for (i = 0, more = ag_jwt_several(&jwt); more; i++) {
            add_name(names, seen, ag_jwt_issuer_at(&jwt, i, &more));
        }
    }
    for (kind = ag_cred_kinds; names->nelts && kind < ag_cred_kinds + AG_CRED_COUNT; kind++) {
        add_name(names, seen, kind->token ? NULL : kind->name);
    }
    words.n = names->nelts;
    words.v = names->nelts ? (const char **)names->elts : NULL;
    ag_policy_know_issuers(&words);
    apr_pool_destroy(p);
}
