/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: ApiGuardIntrospection. The secret is read once the configuration is, and is then a part of what is sent; the
 * address is looked over by whoever fetches.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/open.h"
#include "setting.h"

#define EXPECTED "client=, secret=file:PATH, auth=, timeout=, cache=, negative=, stale= or ca=PATH"

/* ---- once all is read ------------------------------------------------------------------------------ */

/* RFC 6749 s2.3.1: Basic's halves are encoded like a form's fields, so that a colon in the client's name is none. */
static void set_credentials(ag_introspection_t *whom, const char *secret, apr_size_t n, apr_pool_t *p)
{
    const char *client = ag_introspect_encode(whom->client, strlen(whom->client), p);
    const char *encoded = ag_introspect_encode(secret, n, p);

    whom->user = whom->post ? NULL : client;
    whom->password = whom->post ? NULL : encoded;
    whom->form = whom->post ? apr_pstrcat(p, "&client_id=", client, "&client_secret=", encoded, NULL) : "";
}

/* What follows changes when another server is asked, or as another client. */
static ag_id_t id_of(const ag_introspection_t *whom, const char *secret, apr_size_t n, apr_pool_t *p)
{
    unsigned char digest[AG_SHA256_SIZE];
    char hex[2 * AG_SHA256_SIZE + 1];
    const char *text;

    ag_sha256(digest, secret, n);
    text = apr_pstrcat(p, "introspection\n", whom->url, "\n", whom->client, "\n", ag_hex(hex, digest, sizeof digest),
                       "\n", whom->ca ? whom->ca : "", NULL);
    return ag_id_of(text, strlen(text));
}

const char *ag_introspection_open(void *ctx, ag_later_call_t *opening)
{
    ag_introspection_t *whom = ctx;
    const char *error = ag_keyring_ca_open(whom->ca, opening);
    char *secret;
    apr_size_t n;

    error = error ? error : ag_open_source(&secret, &n, whom->source, opening->ptmp);
    if (error) {
        return error;
    }
    if (n == 0) {
        return apr_psprintf(opening->ptmp, "secret=%s: it is empty", whom->source);
    }
    opening->warning = ag_open_oddity(secret, n, whom->source, opening->ptmp);
    set_credentials(whom, secret, n, opening->p);
    whom->id = id_of(whom, secret, n, opening->ptmp);
    ag_wipe(secret, n);
    return NULL;
}

/* ---- a line ---------------------------------------------------------------------------------------- */

static const char *read_auth(ag_introspection_t *whom, const char *value, apr_pool_t *p)
{
    int auth = ag_setting_choose("basic|post", value);

    whom->post = auth == 1;
    return auth < 0 ? apr_psprintf(p, "\"auth=%s\" is not allowed: basic or post", value) : NULL;
}

static const char *read_source(const char **source, const char *value, const char *word,
                               const ag_setting_call_t *call)
{
    *source = strncmp(value, "file:", 5) == 0 ? ag_open_absolute(value, call->root, call->p) : NULL;
    return *source ? NULL : apr_psprintf(call->p, "\"%s\" is not allowed: secret=file:PATH", word);
}

static const char *read_ca(const char **ca, const char *value, const char *word, const ag_setting_call_t *call)
{
    *ca = *value ? ag_keyring_ca(value, call) : NULL;
    return *ca ? NULL : apr_psprintf(call->p, "\"%s\" is not allowed: ca=PATH", word);
}

/* Its name and its bounds in seconds. 0: the word is none of them. */
static int is_time(const char **error, ag_introspection_t *whom, const char *word, apr_pool_t *p)
{
    const struct {
        const char *name;
        apr_int64_t *seconds, least, most;
        const char *allowed;
    } times[] = {{"timeout", &whom->timeout, 1, 30, "1s to 30s"},
                 {"cache", &whom->cache, 0, 86400, "0 to 1d"},
                 {"negative", &whom->negative, 0, 3600, "0 to 1h"},
                 {"stale", &whom->stale, 0, 86400, "0 to 1d"}};
    const char *value = NULL;
    int i = -1;

    while (!value && ++i < (int)(sizeof times / sizeof *times)) {
        value = ag_text_option(word, times[i].name);
    }
    if (!value) {
        return 0;
    }
    *error = ag_measure_duration(times[i].seconds, value, p);
    if (!*error && (*times[i].seconds < times[i].least || *times[i].seconds > times[i].most)) {
        *error = apr_pstrcat(p, times[i].allowed, " are allowed", NULL);
    }
    *error = *error ? apr_psprintf(p, "\"%s\" is not allowed: %s", word, *error) : NULL;
    return 1;
}

static const char *read_word(ag_introspection_t *whom, const char *word, const ag_setting_call_t *call)
{
    const char *value, *error = NULL;

    if ((value = ag_text_option(word, "client")) && *value && ag_text_printable(value)) {
        whom->client = value;
        return NULL;
    }
    if ((value = ag_text_option(word, "secret"))) {
        return read_source(&whom->source, value, word, call);
    }
    if ((value = ag_text_option(word, "auth"))) {
        return read_auth(whom, value, call->p);
    }
    if ((value = ag_text_option(word, "ca"))) {
        return read_ca(&whom->ca, value, word, call);
    }
    return is_time(&error, whom, word, call->p) ? error
                                                : apr_psprintf(call->p, "\"%s\" is not allowed: " EXPECTED, word);
}

static const char *parse_introspection(void *value, const ag_setting_t *row, const ag_words_t *words,
                                       const ag_setting_call_t *call)
{
    ag_introspection_t *whom = apr_pcalloc(call->p, sizeof *whom);
    const char *error = NULL;
    int i;

    *(ag_introspection_t **)value = NULL;
    if (words->n == 1 && (strcasecmp(words->v[0], "none") == 0 || strcasecmp(words->v[0], "off") == 0)) {
        return NULL;
    }
    *whom = (ag_introspection_t){.url = words->v[0], .timeout = 2, .cache = 60, .negative = 10};
    if (!ag_keyring_is_address(whom->url) || !ag_text_visible(whom->url, strlen(whom->url), 0)) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: https://... or none", whom->url);
    }
    for (i = 1; !error && i < words->n; i++) {
        error = read_word(whom, words->v[i], call);
    }
    if (!error && (!whom->client || !whom->source)) {
        error = "client= and secret=file:PATH are missing: as whom this server asks";
    }
    *(ag_introspection_t **)value = whom;
    return error ? error : ag_setting_later(call, row->name, AG_LATER_OURS, ag_introspection_open, whom);
}

static ag_id_t digest_introspection(const void *value)
{
    const ag_introspection_t *whom = *(ag_introspection_t *const *)value;
    ag_id_t none = {0, 0};

    return whom ? whom->id : none;
}

const ag_setting_kind_t ag_kind_introspection = {parse_introspection, NULL, digest_introspection};
