/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: whether a proxy's word on the scheme can be believed (ApiGuardTLS proto=). mod_remoteip knows whom it may
 * trust, if it is told: without a line that names a proxy it trusts everybody. Without proto= httpd's own TLS counts, if
 * there is any. And whether somebody verifies the client certificates that sections take.
 */
#include "server.h"

#include <apr_optional.h>
#include <http_ssl.h>

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

/* Does a section wait for TLS on httpd's own connections? */
static int wants_own(void)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    int i;

    for (i = 0; i < policies->nelts; i++) {
        const ag_tls_t *tls = &APR_ARRAY_IDX(policies, i, ag_policy_t *)->tls;

        if (tls->mode != AG_TLS_OFF && !tls->proto) {
            return 1;
        }
    }
    return 0;
}

/* A module that speaks TLS has its own hook for this. */
static int nobody_speaks(void)
{
    const apr_array_header_t *hooks = ap_hook_get_ssl_conn_is_ssl();

    return (!hooks || !hooks->nelts) && !apr_dynamic_fn_retrieve("ssl_is_https");
}

static int check_proto(apr_pool_t *ptemp, server_rec *s)
{
    const char *proto = wanted_field();

    if (wants_own() && nobody_speaks()) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
            "AG0995: ApiGuardTLS lets no request through: no module speaks TLS here, such as mod_ssl; where a "
            "proxy in front does, proto= names the field in which it says so");
    }

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

/* The directive by which a section takes client certificates, or NULL. */
static const char *certificates_wanted(void)
{
    const apr_array_header_t *policies = ag_plans()->policies;
    const char *directive = NULL;
    int i;

    for (i = 0; !directive && i < policies->nelts; i++) {
        const ag_policy_t *policy = APR_ARRAY_IDX(policies, i, ag_policy_t *);

        directive = policy->certificate.said                 ? "ApiGuardCertificate"
                    : policy->providers & AG_KIND(cert)->bit ? "ApiGuardProvider"
                                                             : NULL;
    }
    return directive;
}

static int check_certificates(server_rec *s)
{
    const char *directive = certificates_wanted();

    if (directive && !ap_find_linked_module("mod_ssl.c")) {
        return ag_mistake(s, directive, "client certificates need mod_ssl, which verifies them");
    }
    if (directive && !ag_written("SSLVerifyClient", NULL)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                     "AG0992: %s: no line SSLVerifyClient asks clients for their certificate, so none is shown",
                     directive);
    }
    return OK;
}

int ag_tls_check(apr_pool_t *ptemp, server_rec *s)
{
    int rv = check_proto(ptemp, s);

    return rv == OK ? check_certificates(s) : rv;
}
