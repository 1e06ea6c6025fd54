/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask_token: a client asks for a token with its key. It is identified as by a request with that key, so revocation,
 * addresses, endpoints, bans and limits are the same; only that nothing which the database cannot confirm is good.
 */
#include "guard.h"

#include "../issue/ask.h"
#include "../issue/token.h"

/* Somebody who is known is refused: that is not free of charge. */
static ag_reason_e refuse_known(ag_check_t *check, ag_reason_e reason, const char *detail)
{
    ag_guard_charge_denied(check);
    return ag_refuse(&check->verdict, reason, detail);
}

/* The key is good. */
static ag_reason_e grant(ag_check_t *check, ag_ask_t *ask)
{
    const ag_principal_t *who = check->verdict.who;
    const ag_request_t *request = &check->exchange->request;
    const char *error;

    if (!ag_ask_is_by(ask, who)) {
        return refuse_known(check, AG_R_KEY_INVALID, "client_id is not that of the key");
    }
    if (ag_token_lifetime(check->exchange->engine->site->token_sign, who, request->now) < 1) {
        return refuse_known(check, AG_R_KEY_EXPIRED, NULL);
    }
    error = ag_ask_grant(ask, who, request->pool);
    return error ? refuse_known(check, AG_R_SCOPE_INSUFFICIENT, error) : AG_R_NONE;
}

/* Nobody needs the secret any more. */
static void wipe(ag_check_t *check, ag_ask_t *ask)
{
    ag_wipe(ask->secret, strlen(ask->secret));
    check->credential.text = "";
    check->credential.n = 0;
}

ag_reason_e ag_guard_ask_token(ag_check_t *check, const ag_ask_sent_t *asked)
{
    apr_pool_t *p = check->exchange->request.pool;
    ag_ask_t *ask = apr_pcalloc(p, sizeof *ask);
    const char *detail;
    ag_reason_e reason;

    check->asks = ask;
    if (!check->exchange->engine->site->token_sign) {
        return ag_refuse(&check->verdict, AG_R_INTERNAL_ERROR, NULL);
    }
    reason = ag_ask_read(ask, &detail, asked, p);
    if (reason != AG_R_NONE) {
        return ag_refuse(&check->verdict, reason, detail);
    }
    reason = ag_guard_identify_key(check, ask->secret);
    wipe(check, ask);
    return reason == AG_R_NONE ? grant(check, ask) : reason;
}
