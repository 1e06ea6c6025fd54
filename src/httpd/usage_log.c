/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage_log: a request that ends counts for its key.
 */
#include "request.h"

/* The key of an exchange counts once, whatever redirects came of it, and as denied when any of them
 * was refused. */
int ag_usage_log(request_rec *r)
{
    const ag_exchange_t *exchange = NULL;
    const ag_principal_t *key = NULL;
    int denied = 0;

    for (; r; r = r->next) {
        const ag_check_t *check = ag_check_found(r);
        const ag_principal_t *who;

        if (check) {
            who = check->verdict.who ? check->verdict.who : check->verdict.shown;
            key = !key && who && who->number ? who : key;
            denied |= check->verdict.reason != AG_R_NONE;
            exchange = check->exchange;
        }
    }
    if (key) {
        ag_usage_count(exchange->engine->usage, key->realm.lo, key->number, exchange->request.now, denied);
    }
    return DECLINED;
}
