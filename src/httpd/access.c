/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access: the hooks that decide, in the order httpd calls them. Each runs one phase of the guard's steps.
 *
 * httpd skips some of them (an inherited "Require all granted", "Satisfy Any", sub-requests), so
 * the last gate in fixups trusts none: no principal in an enforced section, no answer.
 */
#include "hide.h"

static int enforced(request_rec *r, int ours)
{
    return ag_policy_of(r)->enforce == AG_ENFORCE_CREDENTIAL && ours;
}

static int run(request_rec *r, ag_check_t *check, ag_phase_e phase)
{
    return ag_guard_run(check, phase) == AG_R_NONE ? DECLINED : ag_refusal(r, check);
}

int ag_access_checker(request_rec *r)
{
    const ag_policy_t *policy = ag_policy_of(r);
    int ours = ag_is_ours(r);

    if (r->proxyreq && policy->key_from.queries && ours) {
        ag_hide_target(r, policy); /* "client denied by server configuration: proxy:http://...?apikey=" */
    }
    return ag_guard_wants(AG_PHASE_ADDRESS, policy, ours) ? run(r, ag_check_of(r), AG_PHASE_ADDRESS) : DECLINED;
}

/* Right before mod_authz_core tests its Require rules. A 403 of mod_evasive, say, came before. */
int ag_authz_begins(request_rec *r)
{
    ag_authorizing(r, ag_is_ours(r));
    return DECLINED;
}

/* "Guarded means identified": without this, an inherited "Require all granted" would let requests
 * in that nobody asked for a key. */
int ag_force_authn(request_rec *r)
{
    return enforced(r, ag_is_ours(r)) ? OK : DECLINED;
}

/* httpd answers 500 where somebody is identified and has no name. */
static void name_user(request_rec *r, const ag_principal_t *who)
{
    const char *name = who->user ? who->user : who->client ? who->client : who->key_id;

    r->user = (char *)ag_principal_qualified(who, name ? name : who->kind->name, r->pool);
    r->ap_auth_type = (char *)"ApiGuard";
}

/* "Satisfy Any" makes httpd skip force_authn and drop access_checker's refusal. Here it opens
 * nothing, which an administrator should know; once for each child is enough. */
static void tell_satisfy_any(request_rec *r)
{
    static apr_uint32_t told;

    if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED)) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "AG0150: \"Satisfy Any\" does not open a "
                      "section of AuthType ApiGuard; use ApiGuardEnforce require with RequireAny");
    }
}

static int identify(request_rec *r, ag_check_t *check)
{
    int refused = run(r, check, AG_PHASE_IDENTITY);

    if (refused != DECLINED) {
        return refused;
    }
    name_user(r, check->verdict.who);
    ag_errors_hold(r, check);
    return OK;
}

/* "Satisfy Any" has dropped a refusal of access_checker: nobody else need ask for a credential, or read it. */
static int is_refused(request_rec *r)
{
    ag_check_t *check = ag_check_found(r);

    return check && check->verdict.reason != AG_R_NONE ? ag_refusal(r, check) : DECLINED;
}

int ag_check_authn(request_rec *r)
{
    if (!ag_is_ours_by_now(r)) {
        return is_refused(r);
    }
    ag_authorizing(r, 0);
    return identify(r, ag_check_of(r));
}

/* Cleanup of a sub-request's pool: forget it as one of the exchange's passed checks. */
static apr_status_t forget_below(void *ended)
{
    ag_check_t *check = ended, **at = &check->exchange->passed_below;

    while (*at && *at != check) {
        at = &(*at)->passed_before;
    }
    if (*at) {
        *at = check->passed_before;
    }
    return APR_SUCCESS;
}

static void pass(request_rec *r, ag_check_t *check)
{
    check->passed = 1;
    if (r->proxyreq) {
        ag_show_target(r);
    }
    if (ag_cache_on() && check->verdict.who) {
        /* mod_cache would look for the credential in vain, and serve one client's answer to all. */
        apr_table_setn(r->subprocess_env, "no-cache", "1");
    }
    ag_errors_release(r);
    if (r->main) {
        check->passed_before = check->exchange->passed_below;
        check->exchange->passed_below = check;
        apr_pool_cleanup_register(r->pool, check, forget_below, apr_pool_cleanup_null);
    }
    ag_identity_forget(r, check);
    ag_hide_upgrade(r);
    ag_identity_pass(r, check);
    ag_identity_publish(r, check);
}

int ag_last_gate(request_rec *r)
{
    const ag_policy_t *policy = ag_policy_of(r);
    int ours = ag_is_ours_by_now(r);
    int must = enforced(r, ours);
    int asks = ag_asks_token(r);
    ag_check_t *check = ag_check_found(r);
    int status;

    if (!must && !check && !ag_guard_gates(policy) && !ours && !asks) {
        return DECLINED;
    }
    ag_authorizing(r, 0);
    check = ag_check_of(r);
    if (check->verdict.reason != AG_R_NONE) {
        return ag_refusal(r, check);
    }
    if (must && ap_satisfies(r) == SATISFY_ANY) {
        tell_satisfy_any(r);
    }
    if (must && !check->verdict.who) {
        status = identify(r, check);
        if (status != OK) {
            return status;
        }
    }
    if (asks) {
        status = ag_token_gate(r, check);
        if (status != OK) {
            return status;
        }
        name_user(r, check->verdict.who);
    }
    if (r->main && check->verdict.who && !ag_personal_learn(r, check)) {
        ag_refuse(&check->verdict, AG_R_ACCESS_DENIED, NULL);
        return ag_refusal(r, check);
    }
    if (ag_guard_checks_input(policy)) {
        ag_input_call_of(r, check);
    }
    check->exchange->request.now = apr_time_now(); /* who it is may have taken a while to find out */
    status = run(r, check, AG_PHASE_GATE);
    if (check->input) {
        status = ag_input_gate(r, check, status);
    }
    if (status == DECLINED) {
        pass(r, check);
    }
    return status;
}
