/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: see token.h. What is asked on each request, also of a token that is remembered, is asked here.
 */
#include "token.h"

#include <string.h>

#include "token_binding.h"

int ag_token_looks_signed(const char *text)
{
    const char *dot = strchr(text, '.');

    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot && !strchr(dot + 1, '.');
}

ag_reason_e ag_token_refuse(ag_cred_call_t *call, ag_jwt_cause_e cause)
{
    call->detail = ag_jwt_cause(cause, NULL, call->request->pool);
    return cause == AG_JWT_EXPIRED ? AG_R_TOKEN_EXPIRED : AG_R_TOKEN_INVALID;
}

ag_reason_e ag_token_times(const ag_token_memo_t *memo, ag_cred_call_t *call)
{
    apr_time_t now = call->request->now;

    return memo->expires && memo->expires <= now ? ag_token_refuse(call, AG_JWT_EXPIRED)
           : memo->begins > now                  ? ag_token_refuse(call, AG_JWT_EARLY)
                                                 : AG_R_NONE;
}

void ag_token_mark(const ag_cred_call_t *call, ag_id_t id)
{
    ag_cache_t *good = call->engine->recently_good_tokens;

    if (good) {
        ag_cache_put(good, id, "", AG_RECENTLY_GOOD_SIZE, call->request->now);
    }
}

void ag_token_unmark(const ag_cred_call_t *call, ag_id_t id)
{
    if (call->engine->recently_good_tokens) {
        ag_cache_drop(call->engine->recently_good_tokens, id);
    }
}

int ag_token_marked(const ag_cred_call_t *call, ag_id_t id)
{
    apr_time_t now = call->request->now, stored;
    ag_cache_t *good = call->engine->recently_good_tokens;
    char mark;

    return good && ag_cache_get(good, id, &mark, &stored) && now - stored < AG_RECENTLY_GOOD_SPAN;
}

static ag_reason_e prove(const ag_principal_t *who, ag_cred_call_t *call)
{
    call->detail = ag_token_binding_prove(who->bound_to, call->request);
    return call->detail ? AG_R_TOKEN_INVALID : AG_R_NONE;
}

ag_reason_e ag_token_end(ag_principal_t **who, ag_cred_call_t *call, ag_reason_e reason)
{
    if (reason == AG_R_NONE && (*who)->bound_to) {
        reason = prove(*who, call);
    }
    if (*who) {
        (*who)->realm = call->jwt_realm;
        (*who)->wildcards = call->jwt.map.wildcards;
        if (!ag_jwt_name_issuer(*who, &call->jwt) && reason == AG_R_NONE) {
            reason = ag_token_refuse(call, AG_JWT_UNCLEAR);
        }
    }
    if (reason != AG_R_NONE) {
        call->shown = *who;
        *who = NULL;
    }
    return reason;
}
