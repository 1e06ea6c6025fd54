/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: whether a proxy's word on the scheme can be believed (ApiGuardTLS proto=). mod_remoteip knows whom it may
 * trust, if it is told: without a line that names a proxy it trusts everybody.
 */
#include "server.h"

/* The field's name in a section that has proto=, or NULL. */
static const char *wanted_field(void)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    const char *proto = NULL;
    int i;

    for (i = 0; !proto && i < policies->nelts; i++) {
        proto = APR_ARRAY_IDX(policies, i, ag_policy_t *)->tls.proto;
    }
    return proto;
}

/* Does the directive stand among these lines, outside of virtual hosts in it? */
static int stands(const ap_directive_t *at, const char *directive)
{
    for (; at; at = at->next) {
        if (strcasecmp(at->directive, directive) == 0) {
            return 1;
        }
    }
    return 0;
}

static int names_proxies(const ap_directive_t *lines)
{
    return stands(lines, "RemoteIPTrustedProxy") || stands(lines, "RemoteIPInternalProxy");
}

/* Wherever RemoteIPHeader is in force, so must be a list of proxies: the server's own, or the virtual host's. */
static int all_named(void)
{
    int named = names_proxies(ap_conftree);
    const ap_directive_t *at;

    if (!ag_written("RemoteIPHeader", NULL)) {
        return 0;
    }
    if (named || stands(ap_conftree, "RemoteIPHeader")) {
        return named;
    }
    for (at = ap_conftree; at; at = at->next) {
        if (strcasecmp(at->directive, "<VirtualHost") == 0 && stands(at->first_child, "RemoteIPHeader")
            && !names_proxies(at->first_child)) {
            return 0;
        }
    }
    return 1;
}

int ag_tls_check(apr_pool_t *ptemp, server_rec *s)
{
    const char *proto = wanted_field();

    if (!proto) {
        return OK;
    }
    if (!ap_find_linked_module("mod_remoteip.c")) {
        return ag_mistake(
            s, "ApiGuardTLS",
            apr_psprintf(ptemp, "proto=%s needs mod_remoteip, which knows the proxies to believe", proto));
    }
    return all_named() ? OK
                       : ag_mistake(s, "ApiGuardTLS",
                                    apr_psprintf(ptemp,
                                                 "proto=%s needs RemoteIPHeader and a line RemoteIPInternalProxy or "
                                                 "RemoteIPTrustedProxy: without one, mod_remoteip believes everybody",
                                                 proto));
}
