/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt: takes a token apart, strictly: what two readers could understand in two ways (a member given
 * twice, spare bits, padding, a fourth part) is refused. Nothing is believed here; that comes in
 * jwt_check.c.
 */
#include "jwt_alg.h"
#include "jwt_cause.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

static const char is_base64url[256] = {['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['_'] = 1};

int ag_jwt_shape(const char *text, apr_size_t n)
{
    apr_size_t i, part = 0; /* where the part at hand begins */
    int dots = 0;

    for (i = 0; i < n; i++) {
        if (is_base64url[(unsigned char)text[i]]) {
            continue;
        }
        if (text[i] != '.' || i == part || ++dots > 2) {
            return 0;
        }
        part = i + 1;
    }
    return dots == 2 && part < n;
}

/* The bytes of one part; NULL when it is not canonical base64url. */
static unsigned char *decode(apr_size_t *size, const char *text, apr_size_t n, apr_pool_t *p)
{
    unsigned char *out = apr_palloc(p, n * 3 / 4 + 1);
    int got = ag_base64url_decode(out, text, n);

    *size = got > 0 ? (apr_size_t)got : 0;
    return got > 0 ? out : NULL;
}

/* A media type, whose "application/" may be left out (RFC 7515 s4.1.9). */
static unsigned read_typ(const char *text)
{
    static const char prefix[] = "application/";

    if (apr_cstr_casecmpn(text, prefix, sizeof prefix - 1) == 0) {
        text += sizeof prefix - 1;
    }
    return apr_cstr_casecmp(text, "at+jwt") == 0 ? AG_TYP_ACCESS
           : apr_cstr_casecmp(text, "JWT") == 0  ? AG_TYP_JWT
                                                 : AG_TYP_OTHER;
}

static const char *read_header(ag_jwt_t *jwt, json_t *header, apr_pool_t *p)
{
    json_t *kid = json_object_get(header, "kid");
    json_t *typ = json_object_get(header, "typ");
    json_t *b64 = json_object_get(header, "b64");
    const char *alg = json_string_value(json_object_get(header, "alg"));

    jwt->alg = alg ? ag_alg_find(alg) : AG_ALG_NONE;
    if (jwt->alg == AG_ALG_NONE) {
        return ag_jwt_cause(AG_JWT_ALG, NULL, p);
    }
    /* We understand no extension, and whoever marks one critical wants it understood. */
    if (json_object_get(header, "crit") || (b64 && !json_is_true(b64))) {
        return ag_jwt_cause(AG_JWT_EXTENSION, json_object_get(header, "crit") ? "crit" : "b64", p);
    }
    if (typ && !json_is_string(typ)) {
        return ag_jwt_cause(AG_JWT_MALFORMED, "typ", p);
    }
    jwt->no_typ = !typ;
    jwt->typ = typ ? read_typ(json_string_value(typ)) : AG_TYP_JWT;
    if (!kid) {
        return NULL;
    }
    if (!json_is_string(kid) || json_string_length(kid) > AG_JWT_MAX_KID
        || !ag_text_visible(json_string_value(kid), json_string_length(kid), 0)) {
        return ag_jwt_cause(AG_JWT_MALFORMED, "kid", p);
    }
    jwt->kid = apr_pstrdup(p, json_string_value(kid));
    return NULL;
}

const char *ag_jwt_parse(ag_jwt_t *jwt, const char *text, apr_size_t n, apr_pool_t *p)
{
    const char *dot, *last;
    const unsigned char *bytes;
    apr_size_t size;
    json_t *header;

    memset(jwt, 0, sizeof *jwt);
    if (n > AG_JWT_MAX_SIZE) {
        return ag_jwt_cause(AG_JWT_TOO_LONG, NULL, p);
    }
    if (!ag_jwt_shape(text, n)) {
        return ag_jwt_cause(AG_JWT_FORM, NULL, p);
    }
    dot = memchr(text, '.', n);
    last = memchr(dot + 1, '.', n - (apr_size_t)(dot + 1 - text));
    jwt->text = text;
    jwt->signed_size = (apr_size_t)(last - text);
    jwt->payload = dot + 1;
    jwt->payload_size = (apr_size_t)(last - jwt->payload);
    jwt->signature = decode(&jwt->signature_size, last + 1, n - jwt->signed_size - 1, p);
    bytes = decode(&size, text, (apr_size_t)(dot - text), p);
    header = bytes ? ag_json_object((const char *)bytes, size, p) : NULL;
    if (!jwt->signature || !header) {
        return ag_jwt_cause(AG_JWT_FORM, NULL, p);
    }
    return read_header(jwt, header, p);
}

static json_t *read_claims(const char *payload, apr_size_t n, apr_pool_t *p)
{
    apr_size_t size;
    const unsigned char *bytes = decode(&size, payload, n, p);

    return bytes ? ag_json_object((const char *)bytes, size, p) : NULL;
}

json_t *ag_jwt_claims(const ag_jwt_t *jwt, apr_pool_t *p)
{
    return read_claims(jwt->payload, jwt->payload_size, p);
}

json_t *ag_jwt_claims_of(ag_principal_t *who, apr_pool_t *p)
{
    return who->raw ? read_claims(who->raw, who->raw_size, p) : NULL;
}
