/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: ApiGuardTokenSign. Keys are named here and opened once the configuration is read; what is published of
 * them is put together then.
 */
#include "setting.h"

#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/open.h"
#include "../cred/jwt_alg.h"

#define LIFETIME (15 * 60)
#define LONGEST  (366 * 86400)

/* A line that waits for its key to be opened, and the list it belongs to. */
typedef struct {
    ag_token_signer_t *signer;
    ag_token_sign_t *sign;
} pending_t;

static const char *used_twice(const ag_token_sign_t *sign, const ag_token_signer_t *signer, apr_pool_t *p)
{
    int i;

    for (i = 0; signer->key.kid && i < sign->signers->nelts; i++) {
        const ag_token_signer_t *other = APR_ARRAY_IDX(sign->signers, i, ag_token_signer_t *);

        if (other != signer && other->key.kid && strcmp(other->key.kid, signer->key.kid) == 0) {
            return apr_psprintf(p, "two keys have the kid \"%s\", so nobody could tell which one has signed",
                                signer->key.kid);
        }
    }
    return NULL;
}

/* The set of all keys that are open. Secrets have no JWK. */
static void publish(ag_token_sign_t *sign, apr_pool_t *p)
{
    const char *keys = NULL;
    unsigned char hash[AG_SHA256_SIZE];
    int i;

    for (i = 0; i < sign->signers->nelts; i++) {
        const char *jwk = APR_ARRAY_IDX(sign->signers, i, ag_token_signer_t *)->key.jwk;

        keys = jwk && keys ? apr_pstrcat(p, keys, ",", jwk, NULL) : jwk ? jwk : keys;
    }
    sign->jwks = apr_pstrcat(p, "{\"keys\":[", keys ? keys : "", "]}\n", NULL);
    ag_sha256(hash, sign->jwks, strlen(sign->jwks));
    sign->etag = apr_psprintf(p, "\"%s\"", ag_hex(apr_palloc(p, 33), hash, 16));
}

static const char *open_key(void *ctx, ag_later_call_t *opening)
{
    pending_t *pending = ctx;
    ag_token_signer_t *signer = pending->signer;
    char *text;
    apr_size_t n;
    const char *error = ag_open_source(&text, &n, signer->source, opening->ptmp);

    if (error) {
        return error;
    }
    error = ag_signing_key_open(&signer->key, text, n, opening->p);
    if (!error && !signer->key.jwk) {
        opening->warning = ag_open_oddity(text, n, signer->source, opening->ptmp);
    }
    ag_wipe(text, n);
    error = error ? error : used_twice(pending->sign, signer, opening->ptmp);
    if (error) {
        return apr_psprintf(opening->ptmp, "%s %s: %s", ag_alg_name(signer->key.alg), signer->source, error);
    }
    publish(pending->sign, opening->p);
    return NULL;
}

static const char *read_kid(ag_token_signer_t *signer, const char *kid)
{
    if (strlen(kid) > AG_JWT_MAX_KID || !ag_text_visible(kid, strlen(kid), 0)) {
        return "kid= takes 1 to 256 printable characters without spaces";
    }
    signer->key.kid = kid;
    return NULL;
}

static const char *read_name(const char **member, const char *name, const char *value, apr_pool_t *p)
{
    if (!ag_text_printable(value) || ag_text_blank(value) != AG_BLANK_NONE) {
        return apr_psprintf(p, "%s= takes a name without blanks", name);
    }
    *member = value;
    return NULL;
}

/* RFC 8414 s2: an https URL, without query and fragment; http for what is tried out on one machine. */
static const char *read_issuer(ag_token_signer_t *signer, const char *url, apr_pool_t *p)
{
    if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) || strpbrk(url, "?#")) {
        return apr_psprintf(p, "\"issuer=%s\" is not allowed: an https:// URL without query and fragment", url);
    }
    return read_name(&signer->issuer, "issuer", url, p);
}

static const char *read_lifetime(ag_token_signer_t *signer, const char *text, apr_pool_t *p)
{
    const char *error = ag_measure_duration(&signer->lifetime, text, p);

    if (!error && (signer->lifetime < 1 || signer->lifetime > LONGEST)) {
        error = apr_psprintf(p, "\"lifetime=%s\" is not allowed: from 1s to 366d", text);
    }
    return error;
}

static const char *read_option(ag_token_signer_t *signer, const char *word, apr_pool_t *p)
{
    const char *value;

    if ((value = ag_text_option(word, "kid")) && *value) {
        return read_kid(signer, value);
    }
    if ((value = ag_text_option(word, "issuer")) && *value) {
        return read_issuer(signer, value, p);
    }
    if ((value = ag_text_option(word, "audience")) && *value) {
        return read_name(&signer->audience, "audience", value, p);
    }
    if ((value = ag_text_option(word, "lifetime")) && *value) {
        return read_lifetime(signer, value, p);
    }
    return apr_psprintf(p, "\"%s\" is not allowed: kid=ID, issuer=URL, audience=NAME or lifetime=DURATION", word);
}

static const char *read_line(ag_token_signer_t *signer, const ag_words_t *words, const ag_setting_call_t *call)
{
    const char *error = NULL;
    int i;

    signer->lifetime = LIFETIME;
    signer->key.alg = ag_alg_find(words->v[0]);
    if (signer->key.alg == AG_ALG_NONE) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: %s", words->v[0], ag_alg_list(call->p));
    }
    signer->source = words->n > 1 ? ag_open_absolute(words->v[1], call->root, call->p) : NULL;
    if (!signer->source) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: file:PATH, base64:PATH or env:NAME of a key behind %s",
                            words->v[words->n > 1], words->v[0]);
    }
    for (i = 2; !error && i < words->n; i++) {
        error = read_option(signer, words->v[i], call->p);
    }
    if (!error && !signer->issuer) {
        error = "issuer=URL is missing: without it nobody could tell whose token it is";
    }
    signer->audience = signer->audience ? signer->audience : signer->issuer;
    return error;
}

/* Lines of one server are one issuer's: which of them signs, is all that a rotation changes. */
static const char *is_another(const ag_token_sign_t *sign, const ag_token_signer_t *signer, apr_pool_t *p)
{
    const char *issuer = APR_ARRAY_IDX(sign->signers, 0, ag_token_signer_t *)->issuer;

    return strcmp(issuer, signer->issuer) == 0
               ? NULL
               : apr_psprintf(p, "\"issuer=%s\" is not allowed beside a line with issuer=%s", signer->issuer, issuer);
}

static const char *parse_token_sign(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    ag_token_sign_t **sign = value;
    pending_t *pending = apr_pcalloc(call->p, sizeof *pending);
    const char *error;

    pending->signer = apr_pcalloc(call->p, sizeof *pending->signer);
    error = read_line(pending->signer, words, call);
    if (!error && call->again) {
        error = is_another(*sign, pending->signer, call->p);
    }
    if (error) {
        return error;
    }
    if (!call->again) {
        *sign = apr_pcalloc(call->p, sizeof **sign);
        (*sign)->signers = apr_array_make(call->p, 2, sizeof(ag_token_signer_t *));
    }
    APR_ARRAY_PUSH((*sign)->signers, ag_token_signer_t *) = pending->signer;
    pending->sign = *sign;
    return ag_setting_later(call, row->name, AG_LATER_OURS, open_key, pending);
}

const ag_setting_kind_t ag_kind_token_sign = {parse_token_sign, NULL, NULL};
