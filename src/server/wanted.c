/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wanted: what the configuration asks for, here and there.
 */
#include "server.h"

#include "../authz/ip_source.h"

static int cache_on, fields_early, h2c_on;

/* 1 when the directive stands anywhere below `at`, with `word` among its arguments (NULL: any). */
static int written_below(const ap_directive_t *at, const char *directive, const char *word)
{
    for (; at; at = at->next) {
        if ((strcasecmp(at->directive, directive) == 0 && (!word || ap_strcasestr(at->args, word)))
            || written_below(at->first_child, directive, word)) {
            return 1;
        }
    }
    return 0;
}

int ag_written(const char *directive, const char *word)
{
    return written_below(ap_conftree, directive, word);
}

void ag_wanted_look(void)
{
    cache_on = ag_written("CacheEnable", NULL);
    fields_early = ag_written("RequestHeader", "early");
    h2c_on = ag_written("Protocols", "h2c");
}

/* Are API keys asked for? A section that names its providers may do without. */
int ag_keys_wanted(void)
{
    if (ag_written("AuthBasicProvider", "apiguard") || ag_written("SetHandler", "apiguard-token")) {
        return 1;
    }
    return ag_written("AuthType", "ApiGuard")
           && (!ag_written("ApiGuardProvider", NULL) || ag_written("ApiGuardProvider", AG_KIND(key)->name));
}

int ag_cache_on(void)
{
    return cache_on;
}

int ag_fields_early(void)
{
    return fields_early;
}

int ag_h2c_on(void)
{
    return h2c_on;
}

/* Is any source a list (1), or a file (0)? */
static int any_source(int list)
{
    const apr_array_header_t *later = ag_plans()->later;
    int i;

    for (i = 0; i < later->nelts; i++) {
        const ag_ip_source_t *source = ag_later_of(&APR_ARRAY_IDX(later, i, ag_later_t), ag_ip_source_open);

        if (source && (ag_ip_source_list(source) != NULL) == list) {
            return 1;
        }
    }
    return 0;
}

int ag_lists_wanted(void)
{
    return any_source(1);
}

int ag_files_wanted(void)
{
    return any_source(0) && !any_source(1);
}

/* What a section takes once a .htaccess names other kinds (ApiGuardProvider) is wanted, too. */
int ag_tokens_wanted(void)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    int i, k;

    for (i = 0; i < policies->nelts; i++) {
        const ag_policy_t *policy = APR_ARRAY_IDX(policies, i, const ag_policy_t *);
        unsigned types = ag_policy_types(policy) | ag_policy_prepared(policy);

        for (k = 0; k < AG_CRED_COUNT; k++) {
            if (ag_cred_kinds[k].token && types & ag_cred_kinds[k].bit) {
                return 1;
            }
        }
    }
    return 0;
}
