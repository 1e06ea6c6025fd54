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

static const char *with(const char *value, const char *name, const char *text, apr_pool_t *p)
{
    return text ? apr_pstrcat(p, value, ", ", name, "=", quoted(text, p), NULL) : value;
}

/* What was wrong with the bearer token (RFC 6750 s3). */
static const char *with_error(const char *value, const ag_verdict_t *verdict, apr_pool_t *p)
{
    const ag_reason_t *reason = ag_reason(verdict->reason);

    if (!reason->oauth) {
        return value;
    }
    value = with(value, "error", reason->oauth, p);
    return with(value, "error_description", verdict->detail ? verdict->detail : reason->title, p);
}

/* The scopes that would do. */
static const char *scopes(const ag_answer_t *a)
{
    const ag_challenge_t *challenge = a->challenge;

    return challenge->metadata                                                     ? challenge->scopes
           : challenge->by_bearer && a->verdict->reason == AG_R_SCOPE_INSUFFICIENT ? a->verdict->wanted
                                                                                   : NULL;
}

static const char *with_bearer(const ag_answer_t *a, const char *value)
{
    value = a->challenge->by_bearer ? with_error(value, a->verdict, a->p) : value;
    value = with(value, "scope", scopes(a), a->p);
    return with(value, "resource_metadata", a->challenge->metadata, a->p);
}

static void put_challenge(const ag_answer_t *a, const char *scheme, int bearer)
{
    const char *realm = a->challenge->realm;
    const char *value = apr_pstrcat(a->p, scheme, " realm=\"", realm ? realm : "API", "\"", NULL);

    ag_answer_put(a, AG_PUT_BESIDE, a->challenge->field, bearer ? with_bearer(a, value) : value);
}

/* Those of the schemes by which a credential is read at one of these places. */
static void put_schemes(const ag_answer_t *a, unsigned places)
{
    const ag_scheme_t *scheme;

    for (scheme = ag_schemes; scheme->name; scheme++) {
        if (a->challenge->places & places & AG_FROM_BIT(scheme->from)) {
            put_challenge(a, scheme->name, scheme->from == AG_FROM_BEARER);
        }
    }
}

/* No scheme is registered for TLS client certificates, and a 401 needs one (RFC 9110 s15.5.2). This one stands in
 * draft-thomson-httpbis-cant; nothing is read under its name. */
#define BY_CERTIFICATE "ClientCertificate"

/* One field for every scheme (RFC 9110 s11.6.1). On Bearer alone stand error=, when a bearer credential was shown
 * (RFC 6750 s3), and where a client learns who gives tokens (RFC 9728 s5.1). It is then the first: some clients read no
 * further. */
void ag_answer_challenge(const ag_answer_t *a)
{
    unsigned first = a->challenge->metadata ? AG_FROM_BIT(AG_FROM_BEARER) : 0;

    ag_answer_put(a, AG_PUT_ALONE, a->challenge->field, NULL);
    put_schemes(a, first);
    put_schemes(a, ~first);
    if (a->challenge->places & AG_FROM_BIT(AG_FROM_CONNECTION)) {
        put_challenge(a, BY_CERTIFICATE, 0);
    }
}
