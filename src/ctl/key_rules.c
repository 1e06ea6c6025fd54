/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_rules: the options that say what a key may do become columns of its row.
 */
#include <string.h>

#include <apr_strings.h>

#include "../ipset/ipset.h"
#include "key.h"

/* The networks are right; what is written may still not be what was meant. */
static void note_masked(const ag_words_t *words, apr_pool_t *p)
{
    ag_net_t net;
    int i, masked;

    for (i = 0; i < words->n; i++) {
        if (!ag_net_parse(&net, words->v[i], &masked, p) && masked) {
            ag_ctl_fail(0, "note: --ip %s has bits set behind its mask, which are ignored", words->v[i]);
        }
    }
}

const char *ag_ctl_rules(ag_draft_t *d, const ag_rules_t *rules, apr_pool_t *p)
{
    const struct {
        const char *option;
        ag_draft_e column;
        const ag_words_t *words;
    } lists[] = {
        {"scope", AG_D_SCOPES, &rules->scopes}, {"role", AG_D_ROLES, &rules->roles},
        {"ip", AG_D_IPS, &rules->ips},          {"endpoint", AG_D_ENDPOINTS, &rules->endpoints},
        {"rate", AG_D_RATE, &rules->rates},
    };
    const char *error;
    apr_size_t i;

    for (i = 0; i < sizeof lists / sizeof *lists; i++) {
        error = ag_draft_set_list(d, lists[i].column, lists[i].words, p);
        if (error) {
            return apr_pstrcat(p, "--", lists[i].option, ": ", error, NULL);
        }
    }
    note_masked(&rules->ips, p);
    d->text[AG_D_PLAN] = rules->plan;
    error = ag_draft_check_text(AG_D_PLAN, rules->plan, p);
    return error ? apr_pstrcat(p, "--plan: ", error, NULL) : NULL;
}
