/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge: how to authenticate, and what was wrong with the bearer token.
 */
#include "../core/credential.h"
#include "answer.h"

#include <apr_strings.h>

/* A quoted-string (RFC 9110 s5.6.4); control characters, which none may hold, become spaces. */
static const char *quoted(const char *text, apr_pool_t *p)
{
    apr_size_t size = 2 * strlen(text) + 3;
    char *out = apr_palloc(p, size);
    char *at = out;

    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *at++ = '\\';
        }
        *at++ = (unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text;
    }
    *at++ = '"';
    *at = '\0';
    return out;
}

/* What was wrong with the bearer token (RFC 6750 s3). */
static const char *with_error(const char *value, const ag_verdict_t *verdict, apr_pool_t *p)
{
    const ag_reason_t *reason = ag_reason(verdict->reason);

    if (!reason->oauth) {
        return value;
    }
    value = apr_pstrcat(p, value, ", error=\"", reason->oauth,
                        "\", error_description=", quoted(verdict->detail ? verdict->detail : reason->title, p), NULL);
    if (verdict->wanted && verdict->reason == AG_R_SCOPE_INSUFFICIENT) {
        value = apr_pstrcat(p, value, ", scope=", quoted(verdict->wanted, p), NULL);
    }
    return value;
}

/* One field for every scheme (RFC 9110 s11.6.1); error= stands on Bearer alone, and only when a bearer
 * credential was shown (RFC 6750 s3). */
void ag_answer_challenge(const ag_answer_t *a)
{
    const ag_challenge_t *challenge = a->challenge;
    const ag_scheme_t *scheme;

    ag_answer_put(a, AG_PUT_ALONE, challenge->field, NULL);
    for (scheme = ag_schemes; scheme->name; scheme++) {
        if (challenge->places & AG_FROM_BIT(scheme->from)) {
            const char *value =
                apr_pstrcat(a->p, scheme->name, " realm=\"", challenge->realm ? challenge->realm : "API", "\"", NULL);
            int told = challenge->by_bearer && scheme->from == AG_FROM_BEARER;

            ag_answer_put(a, AG_PUT_BESIDE, challenge->field, told ? with_error(value, a->verdict, a->p) : value);
        }
    }
}
