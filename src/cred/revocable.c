/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocable: see revocable.h. An id is made of the kind and the value; the issuer's is mixed into it, so that what is
 * remembered of a token serves both kinds of rows.
 */
#include "revocable.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"

const char *const ag_revocable_kinds[] = {"jti", "subject", "client", "digest", NULL};

/* `mark` keeps kinds apart. */
static ag_id_t id_of(char mark, const char *value, const ag_sip_key_t *sip, apr_pool_t *p)
{
    apr_size_t n = strlen(value);
    char *text = apr_palloc(p, n + 1);

    text[0] = mark;
    memcpy(text + 1, value, n);
    return ag_sip(sip, text, n + 1);
}

static ag_id_t id_of_kind(ag_revoke_e kind, const char *value, const ag_sip_key_t *sip, apr_pool_t *p)
{
    return id_of("jscd"[kind], value, sip, p);
}

ag_id_t ag_revocable_issuer(const char *issuer, const ag_sip_key_t *sip, apr_pool_t *p)
{
    return id_of('i', issuer, sip, p);
}

ag_id_t ag_revocable_id(ag_revoke_e kind, const char *issuer, const char *value, const ag_sip_key_t *sip,
                        apr_pool_t *p)
{
    ag_id_t id = id_of_kind(kind, value, sip, p);

    return issuer && *issuer ? ag_id_mix(id, ag_revocable_issuer(issuer, sip, p)) : id;
}

/* Where the signature of a JWT begins; `n`: it is none. A JWT begins with "{" in base64url, and has two dots: other
 * tokens have dots, too, and all that tells them apart may stand behind the last one. What the signature consists of
 * does not matter: an issuer that is asked may take it with padding as well. */
static apr_size_t signed_size(const char *text, apr_size_t n)
{
    apr_size_t at, last = n;
    int dots = 0;

    for (at = 0; at < n; at++) {
        if (text[at] == '.') {
            last = at;
            dots++;
        }
    }
    return n > 1 && text[0] == 'e' && text[1] >= 'w' && text[1] <= 'z' && dots == 2 ? last : n;
}

void ag_revocable_digest(char hex[AG_REVOCABLE_DIGEST], const char *text, apr_size_t n)
{
    unsigned char digest[AG_SHA256_SIZE];

    ag_sha256(digest, text, signed_size(text, n));
    ag_hex(hex, digest, sizeof digest);
}

/* The claim's text; NULL: it is not there, or no text. */
static const char *text_of(json_t *claims, const char *name, apr_pool_t *p)
{
    return ag_json_scalar(json_object_get(claims, name), p);
}

static apr_time_t issued(json_t *claims)
{
    json_t *iat = json_object_get(claims, "iat");
    double seconds = json_is_number(iat) ? json_number_value(iat) : -1;

    return seconds >= 0 && seconds <= (double)AG_LAST_SECOND ? (apr_time_t)(seconds * APR_USEC_PER_SEC) : -1;
}

static int differs(const char *name, const char *claim)
{
    return name && (!claim || strcmp(name, claim) != 0);
}

void ag_revocable_set(ag_principal_t *who, json_t *claims, const char *text, apr_size_t n, const ag_sip_key_t *sip,
                      apr_pool_t *p)
{
    const char *subject = text_of(claims, "sub", p), *jti = text_of(claims, "jti", p);
    const char *azp = text_of(claims, "azp", p), *client = azp ? azp : text_of(claims, "client_id", p);
    ag_revocable_t *made = apr_pcalloc(p, sizeof *made);
    char hex[AG_REVOCABLE_DIGEST];

    ag_revocable_digest(hex, text, n);
    made->digest = id_of_kind(AG_REVOKE_DIGEST, hex, sip, p);
    if (jti) {
        made->jti = id_of_kind(AG_REVOKE_JTI, jti, sip, p);
    }
    if (subject) {
        made->subject = id_of_kind(AG_REVOKE_SUBJECT, subject, sip, p);
    }
    if (client) {
        made->client = id_of_kind(AG_REVOKE_CLIENT, client, sip, p);
    }
    made->issued = issued(claims);
    made->renamed = differs(who->user, subject) || differs(who->client, client);
    who->revocable = made;
}
