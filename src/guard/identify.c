/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identify: the credential step of the guard.
 */
#include <string.h>

#include <apr_strings.h>

#include "../cred/keyring.h"
#include "guard.h"

#define LEFT_OUT APR_UINT64_C(0xA6A6A6A6) /* parts this from other things that are told of a realm */

/* The reserved name: no key and no token may carry it. */
static ag_principal_t *anonymous(apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->kind = &ag_cred_anonymous;
    who->client = who->kind->name;
    who->issuer = "";
    who->anonymous = 1;
    return who;
}

static void prepare(ag_cred_call_t *call, const ag_check_t *check)
{
    memset(call, 0, sizeof *call);
    call->request = &check->exchange->request;
    call->engine = &check->exchange->engine->cred;
    call->certificate = &check->policy->certificate;
    call->fresh = check->asks != NULL;
}

/* Asks the credential's type. What comes from a banned address must be known already. */
static ag_reason_e ask(ag_principal_t **who, ag_cred_call_t *call, ag_check_t *check)
{
    const ag_credential_t *found = &check->credential;
    apr_time_t banned = ag_guard_banned(check);
    ag_reason_e reason;

    call->known_only = banned != 0;
    reason = ag_cred_check(who, call, found);
    if (reason != AG_R_BANNED) {
        return reason;
    }
    if (!check->policy->ban.dry_run) {
        return ag_guard_ban_refuse(check, banned);
    }
    ag_would_refuse(&check->verdict, AG_R_BANNED);
    call->known_only = call->guess = 0;
    return ag_cred_check(who, call, found);
}

/* The same; keys that are fetched are held meanwhile, since others may take their place at any time. */
static ag_reason_e ask_with_keys(ag_principal_t **who, ag_cred_call_t *call, ag_check_t *check)
{
    ag_reason_e reason;

    if (!call->jwt.n_rings) {
        return ask(who, call, check);
    }
    call->jwt_realm = ag_keyrings_hold(&call->jwt, call->jwt_realm, call->request->pool);
    reason = ask(who, call, check);
    ag_keyrings_leave(&call->jwt);
    return reason;
}

/* A word with a blank in it would be two for whoever comes next. Told when a token is read, which is
 * not done again while it is remembered. */
static void tell_left_out(const ag_check_t *check, const ag_principal_t *who)
{
    apr_uint32_t more;
    ag_log_level_e level = ag_guard_level(check, who->realm.lo ^ LEFT_OUT, &more);

    ag_log(check->exchange->request.log, level, 0,
           "AG0640: a token of client %s, user %s: %d of its "
           "scopes or roles hold a blank and are left out%s",
           who->client ? who->client : "-", who->user ? who->user : "-", who->left_out, ag_guard_more(check, more));
}

/* Where several issuers are accepted, "ops@staff" is what "ops" of the issuer staff is told as. A key's client of
 * such a name, or one of another kind without issuers, is told with the kind behind it. */
static void name_kind(const ag_check_t *check, ag_principal_t *who)
{
    const char *at = who && who->client ? strrchr(who->client, '@') : NULL;
    ag_jwt_policy_t jwt;

    if (!at) {
        return;
    }
    ag_policy_jwt(&jwt, check->policy, check->exchange->request.pool);
    who->issuer_name = who->kind->name;
    who->issuers = jwt.known;
    who->several = ag_jwt_several(&jwt) && (ag_jwt_issuer_in(&jwt, at + 1, '\0') || ag_cred_is_issuer(at + 1, 0));
}

/* Who is asked about a token may take long, so keys that are fetched are not held for it. An answer needs no exp
 * (RFC 7662 s2.2) unless the section itself says so: that is another realm than one that says nothing. */
static void demand_of_answer(ag_cred_call_t *call, const ag_policy_t *policy)
{
    static const ag_id_t apart[] = {{0, 0x17}, {0, 0x18}};
    int written = ag_setting_written(policy, AG_POLICY_required) != 0;

    call->introspection = policy->introspection;
    call->jwt.n_rings = 0;
    call->jwt.required.n = written ? call->jwt.required.n : 0;
    call->jwt_realm = ag_setting_chain(call->jwt_realm, apart[written]);
}

/* What the section demands of a token. */
static void demand(ag_cred_call_t *call, const ag_policy_t *policy, const ag_cred_kind_t *kind)
{
    ag_policy_jwt(&call->jwt, policy, call->request->pool);
    call->jwt_realm = ag_policy_realm(policy);
    if (kind == AG_KIND(introspect)) {
        demand_of_answer(call, policy);
    }
}

static ag_reason_e examine(ag_check_t *check)
{
    const ag_cred_kind_t *kind = check->credential.type->kind;
    ag_verdict_t *verdict = &check->verdict;
    ag_principal_t *who = NULL;
    ag_cred_call_t call;
    ag_reason_e reason;

    prepare(&call, check);
    if (kind->token) {
        demand(&call, check->policy, kind);
    }
    verdict->kind = kind->name;
    reason = ask_with_keys(&who, &call, check);
    verdict->shown = call.shown;
    if (!kind->token && ag_policy_parts_names(check->policy)) {
        name_kind(check, call.shown);
    }
    if (call.guess) {
        reason = ag_guard_ban_count(check, reason);
    }
    if (reason != AG_R_NONE) {
        verdict->retry_after = call.retry ? call.retry : verdict->retry_after;
        return ag_refuse(verdict, reason, call.detail);
    }
    if (!who) {
        return ag_refuse(verdict, AG_R_INTERNAL_ERROR, NULL); /* a type that forgot to say who */
    }
    if (who->left_out) {
        tell_left_out(check, who);
    }
    verdict->who = who;
    verdict->candidate = AG_R_NONE; /* the Require tree is asked again, now that it can tell */
    verdict->wanted = NULL;
    return AG_R_NONE;
}

/* A browser sent it for another page. It is not even looked at: whose it is would count as that client's, a wrong one
 * as its reader's guess. */
static ag_reason_e refuse_page(ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;

    check->verdict.kind = check->credential.type->kind->name;
    return ag_refuse(&check->verdict, AG_R_ORIGIN_DENIED,
                     ag_cors_denied(request->header(request, "Origin"), request->pool));
}

/* Who is it? Sets verdict.who. */
ag_reason_e ag_step_identify(ag_check_t *check)
{
    const ag_policy_t *policy = check->policy;
    ag_verdict_t *verdict = &check->verdict;
    ag_reason_e reason;

    if (verdict->reason != AG_R_NONE) {
        return verdict->reason;
    }
    reason = ag_cred_find(&check->credential, &check->exchange->request, &policy->key_from, ag_policy_types(policy));
    if (reason == AG_R_CREDENTIAL_MISSING && policy->anonymous) {
        verdict->who = anonymous(check->exchange->request.pool);
        verdict->candidate = AG_R_NONE;
        return AG_R_NONE;
    }
    if (reason == AG_R_NONE && AG_FROM_BIT(check->credential.from) & AG_FROM_AMBIENT && ag_guard_foreign(check)) {
        return refuse_page(check);
    }
    return reason == AG_R_NONE ? examine(check) : ag_refuse(verdict, reason, NULL);
}

ag_reason_e ag_guard_identify_key(ag_check_t *check, const char *key)
{
    ag_reason_e reason;

    memset(&check->credential, 0, sizeof check->credential);
    if (ag_text_nothing(key)) {
        return ag_refuse(&check->verdict, AG_R_CREDENTIAL_MISSING, NULL);
    }
    check->credential.type = &ag_cred_key;
    check->credential.text = key;
    check->credential.n = strlen(key);
    check->credential.from = AG_FROM_BASIC;
    check->credential.places = AG_FROM_BIT(AG_FROM_BASIC);
    reason = examine(check);
    return reason == AG_R_NONE && check->policy->method_scopes.n ? ag_step_methods(check) : reason;
}

/* What a refusal's answer is made of: the section's sources, copied word by word. */
static const ag_policy_t *keep_policy(const ag_policy_t *policy, apr_pool_t *p)
{
    ag_policy_t *kept = apr_pmemdup(p, policy, sizeof *kept);
    ag_key_source_t *sources =
        apr_pmemdup(p, policy->key_from.sources, (apr_size_t)policy->key_from.n * sizeof *sources);
    static const ag_limits_t no_limits = {NULL, 0, 0};
    int i;

    for (i = 0; i < policy->key_from.n; i++) {
        sources[i].name = apr_pstrdup(p, sources[i].name);
    }
    kept->key_from.sources = sources;
    kept->key_from.arguments = NULL;
    kept->key_from.vary = apr_pstrdup(p, policy->key_from.vary);
    kept->key_from.advice = apr_pstrdup(p, policy->key_from.advice);
    kept->limits = kept->concurrency = no_limits;
    kept->cors = NULL;
    kept->pass_claims.n = 0;
    kept->deprecated = NULL;
    kept->validate = NULL;
    kept->body_schemas = NULL;
    kept->params = NULL;
    return kept;
}

/* Names of limits may be the sub-request's own, and end with it. */
static void keep_lines(ag_verdict_t *verdict, apr_pool_t *p)
{
    ag_quota_line_t *lines = apr_pmemdup(p, verdict->lines, (apr_size_t)verdict->n_lines * sizeof *lines);
    int i;

    for (i = 0; i < verdict->n_lines; i++) {
        ag_quota_policy_t *policy = apr_pmemdup(p, lines[i].policy, sizeof *policy);

        ag_quota_outlive(policy, p);
        lines[i].policy = policy;
    }
    verdict->lines = lines;
}

const ag_check_t *ag_check_keep(const ag_check_t *check, apr_pool_t *p)
{
    ag_check_t *kept = apr_pmemdup(p, check, sizeof *kept);
    ag_verdict_t *verdict = &kept->verdict;

    kept->policy = keep_policy(check->policy, p);
    verdict->detail = verdict->detail ? apr_pstrdup(p, verdict->detail) : NULL;
    verdict->wanted = verdict->wanted ? apr_pstrdup(p, verdict->wanted) : NULL;
    verdict->asked = ag_guard_keep_asked(verdict->asked, p);
    verdict->findings = verdict->findings ? ag_findings_copy(verdict->findings, p) : NULL;
    verdict->field_value = verdict->field_value ? apr_pstrdup(p, verdict->field_value) : NULL;
    kept->input = NULL;
    kept->bill = NULL; /* likewise */
    keep_lines(verdict, p);
    return kept;
}

/* Refuses what comes from a banned address: all of it or, where credentials are looked for, what is not known
 * to be good. */
ag_reason_e ag_step_ban(ag_check_t *check)
{
    const ag_ban_rule_t *rule = &check->policy->ban;
    apr_time_t until = ag_guard_banned(check);
    ag_verdict_t before;

    if (!until || check->verdict.reason != AG_R_NONE) {
        return AG_R_NONE;
    }
    if (rule->hard && !rule->dry_run) {
        return ag_guard_ban_refuse(check, until);
    }
    before = check->verdict;
    if (check->ours && ag_step_identify(check) == AG_R_BANNED) {
        return AG_R_BANNED;
    }
    if (rule->hard || check->verdict.watched) {
        ag_would_refuse(&before, AG_R_BANNED);
    }
    check->verdict = before; /* who it is, and what else is wrong, is asked in its turn */
    return AG_R_NONE;
}
