/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: key sets that are fetched: ApiGuardJWKS with an address. Nothing is fetched while the configuration is
 * read; what the administrator wrote is looked over.
 */
#include <string.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "../base/measure.h"
#include "../core/open.h"
#include "jwt_alg.h"
#include "keyring.h"
#include "setting.h"

#define MAX_REFRESH 86400

int ag_keyring_is_address(const char *word)
{
    return strncmp(word, "https://", 8) == 0 || strncmp(word, "http://", 7) == 0;
}

const char *ag_keyring_ca_open(const char *ca, ag_later_call_t *opening)
{
    X509 *certificate = NULL;
    char *text;
    apr_size_t n;
    const char *error = ca ? ag_open_source(&text, &n, ca, opening->ptmp) : NULL;
    BIO *pem = ca && !error && n <= APR_INT32_MAX ? BIO_new_mem_buf(text, (int)n) : NULL;

    if (pem) {
        certificate = PEM_read_bio_X509(pem, NULL, ag_jwt_no_password, NULL);
        error = certificate ? NULL : "no certificate in PEM form was found in it";
    }
    X509_free(certificate);
    BIO_free(pem);
    ERR_clear_error();
    return error ? apr_psprintf(opening->ptmp, "ca=%s: %s", ca + strlen("file:"), error) : NULL;
}

const char *ag_keyring_open(void *ctx, ag_later_call_t *opening)
{
    return ag_keyring_ca_open(((const ag_keyset_source_t *)ctx)->set.ring->ca, opening);
}

const char *ag_keyring_ca(const char *path, const ag_setting_call_t *call)
{
    return ag_open_absolute(apr_pstrcat(call->p, "file:", path, NULL), call->root, call->p);
}

/* What stands behind the address. */
typedef struct {
    const char *ca; /* "file:PATH" */
    apr_int64_t refresh;
} options_t;

static const char *read_refresh(options_t *options, const char *value, apr_pool_t *p)
{
    const char *error = ag_measure_duration(&options->refresh, value, p);

    if (!error && (options->refresh < 1 || options->refresh > MAX_REFRESH)) {
        error = "1s to 1d are allowed";
    }
    return error ? apr_psprintf(p, "\"refresh=%s\" is not allowed: %s", value, error) : NULL;
}

static const char *read_option(options_t *options, ag_keyset_source_t *source, const char *word,
                               const ag_setting_call_t *call)
{
    const char *value;

    if ((value = ag_text_option(word, "issuer")) && *value) {
        source->set.issuer = value;
        return NULL;
    }
    if ((value = ag_text_option(word, "audience")) && *value) {
        source->set.audience = value;
        return NULL;
    }
    if ((value = ag_text_option(word, "ca")) && *value) {
        options->ca = ag_keyring_ca(value, call);
        return options->ca ? NULL : apr_psprintf(call->p, "\"%s\" is not allowed: ca=PATH", word);
    }
    if ((value = ag_text_option(word, "refresh")) && *value) {
        return read_refresh(options, value, call->p);
    }
    return apr_psprintf(call->p, "\"%s\" is not allowed: issuer=URL, audience=NAME, refresh=TIME or ca=PATH", word);
}

/* Where several lines want one set, it is fetched as often as the most eager of them says. */
static void set_refresh(ag_keyring_t *ring, apr_int64_t refresh)
{
    if (refresh && (!ring->refresh || refresh < ring->refresh)) {
        ring->refresh = refresh;
    }
}

const char *ag_keyring_line(ag_keyset_source_t **made, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_keyset_source_t *source = apr_pcalloc(call->p, sizeof *source);
    options_t options = {NULL, 0};
    const char *error = NULL;
    int i;

    source->source = words->v[0];
    if (!ag_text_visible(source->source, strlen(source->source), 0)) {
        return "an address has neither blanks nor signs outside of ASCII";
    }
    for (i = 1; !error && i < words->n; i++) {
        error = read_option(&options, source, words->v[i], call);
    }
    if (error) {
        return error;
    }
    source->set.origin = source->source;
    source->set.ring = ag_keyring_of(source->source, NULL, options.ca, call->named, call->p);
    set_refresh(source->set.ring, options.refresh);
    *made = source;
    return ag_jwt_set_seal(&source->set); /* of what binds it: the keys are added for each request */
}

const char *ag_keyring_discover(ag_keyset_source_t **made, const char *issuer, const char *ca,
                                const ag_setting_call_t *call)
{
    ag_keyset_source_t *source = apr_pcalloc(call->p, sizeof *source);

    if (!ag_keyring_is_address(issuer) || strpbrk(issuer, "?#")
        || !ag_text_visible(issuer, strlen(issuer), 0)) { /* RFC 8414 s2 */
        return apr_psprintf(
            call->p, "\"%s\" discover is not allowed: the issuer is no https:// address without ? and #", issuer);
    }
    source->source = source->set.origin = source->set.issuer = issuer;
    source->set.ring = ag_keyring_of(NULL, issuer, ca, call->named, call->p);
    *made = source;
    return ag_jwt_set_seal(&source->set);
}
