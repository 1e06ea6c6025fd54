/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_step: what came over plain HTTP and should not. A credential in it was read by whoever wanted to, so it is
 * refused and told, never sent on to https as if nothing had happened; the key's owner has to know.
 */
#include <apr_strings.h>

#include "../keys/key_format.h"
#include "guard.h"

/* Whose it seems to be: no look-up, so whoever sends it learns nothing of it. */
static void name_credential(ag_verdict_t *verdict, const ag_credential_t *found, apr_pool_t *p)
{
    if (!found->type) {
        return;
    }
    verdict->kind = found->type->kind->name;
    if (ag_key_shape(found->text, found->n) == AG_KEY_OURS) {
        verdict->shown = apr_pcalloc(p, sizeof *verdict->shown);
        verdict->shown->kind = AG_KIND(key);
        verdict->shown->issuer = "";
        verdict->shown->key_id = ag_key_public(found->text, found->n, p);
    }
}

ag_reason_e ag_step_tls(ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    const ag_request_t *request = &check->exchange->request;
    ag_verdict_t *verdict = &check->verdict;
    ag_credential_t found;

    if (request->secure(request, policy->tls.proto)) {
        return AG_R_NONE;
    }
    if (ag_cred_sent(&found, request, &policy->key_from)) {
        name_credential(verdict, &found, request->pool);
        return ag_refuse(verdict, AG_R_TLS_REQUIRED,
                         "A credential was sent without TLS, so others may have read it: replace it, and use https");
    }
    verdict->over_tls = policy->tls.mode == AG_TLS_REDIRECT;
    return ag_refuse(verdict, AG_R_TLS_REQUIRED, NULL);
}
