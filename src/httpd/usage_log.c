/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_log: a request that ends counts for its key, and where it went to what is deprecated for its caller.
 */
#include "request.h"

#include "../watch/counters.h"

/* What is deprecated and was asked for, or NULL: a rewrite or an index leads there, an ErrorDocument does not. A
 * preflight asks for nothing. */
static const ag_deprecated_t *deprecated(const request_rec *r)
{
    const ag_deprecated_t *found = NULL;

    for (; r && !found && !ag_is_preflight(r); r = r->next) {
        found = ag_policy_of(r)->deprecated;
        if (ap_is_HTTP_ERROR(r->status)) {
            break;
        }
    }
    return found;
}

/* An address is personal data, and there is no end of them: who says nothing is counted with all others who do. */
static void count_caller(request_rec *r, const ag_deprecated_t *what, const ag_principal_t *who, int denied)
{
    const ag_engine_t *engine = ag_server_of(r->server)->engine;
    const ag_cred_kind_t *kind = who && who->kind ? who->kind : &ag_cred_anonymous;
    const char *client = who && who->client ? ag_principal_qualified(who, who->client, r->pool) : "-";
    ag_caller_t name;

    ag_count(AG_COUNT_DEPRECATED);
    if (engine->cred.keys) {
        ag_caller_name(&name, engine->cred.key_realm.id.lo, what->where, kind->name, who ? client : kind->name,
                       r->request_time);
        ag_callers_count(engine->callers, &name, r->request_time, denied, engine->cred.sip);
    }
}

/* The key of an exchange counts once, whatever redirects came of it, and as denied when any of them was refused; so
 * does who called what is deprecated. */
int ag_usage_log(request_rec *r)
{
    const ag_exchange_t *exchange = NULL;
    const ag_principal_t *key = NULL, *any = NULL;
    const ag_deprecated_t *what = deprecated(r);
    request_rec *each;
    int denied = 0;

    for (each = r; each; each = each->next) {
        const ag_check_t *check = ag_check_found(each);
        const ag_principal_t *who;

        if (check) {
            who = check->verdict.who ? check->verdict.who : check->verdict.shown;
            key = !key && who && who->number ? who : key;
            any = any ? any : who;
            denied |= check->verdict.reason != AG_R_NONE;
            exchange = check->exchange;
        }
    }
    if (key) {
        ag_usage_count(exchange->engine->usage, key->realm.lo, key->number, exchange->request.now, denied);
    }
    if (what) {
        count_caller(r, what, any, denied);
    }
    return DECLINED;
}
