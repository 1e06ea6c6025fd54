/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardTLS. In .htaccess a folder's owner may choose what becomes of requests over plain
 * HTTP, and may neither let credentials pass there nor say which proxy is believed.
 */
#include "setting.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define ALLOWED "require|redirect [proto=HEADER] [port=N], or off"

static int mode_of(const char *word)
{
    static const char *const words[] = {"off", "redirect", "require"}; /* in the order of AG_TLS_* */
    int i;

    for (i = AG_TLS_REQUIRE; i >= 0 && strcasecmp(words[i], word) != 0; i--) {
    }
    return i;
}

static const char *read_proto(ag_tls_t *tls, const char *name, apr_pool_t *p)
{
    if (tls->proto) {
        return "proto= is given twice";
    }
    if (!ag_text_token(name)) {
        return apr_psprintf(p, "proto=: \"%s\" is not allowed: the name of a request field", name);
    }
    if (strcasecmp(name, "Forwarded") == 0) {
        return "proto=: \"Forwarded\" (RFC 7239) is not read; let the proxy send a field that holds the scheme alone, "
               "as X-Forwarded-Proto does";
    }
    tls->proto = name;
    return NULL;
}

static const char *read_port(ag_tls_t *tls, const char *text, apr_pool_t *p)
{
    char *end;
    long port = ag_text_digit(*text) ? strtol(text, &end, 10) : 0;

    if (tls->port) {
        return "port= is given twice";
    }
    if (port < 1 || port > 65535 || *end) {
        return apr_psprintf(p, "port=: \"%s\" is not a number from 1 to 65535", text);
    }
    if (tls->mode != AG_TLS_REDIRECT) {
        return "port= is where redirect sends a client: it does not belong to require";
    }
    tls->port = (int)port;
    return NULL;
}

static const char *read_word(ag_tls_t *tls, const char *word, const ag_setting_call_t *call)
{
    const char *proto = ag_text_option(word, "proto"), *port = ag_text_option(word, "port");

    if ((!proto && !port) || tls->mode == AG_TLS_OFF) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: " ALLOWED, word);
    }
    if (!call->later) {
        return apr_psprintf(call->p,
                            "\"%s\" is not allowed in .htaccess: which proxy is believed, and where TLS "
                            "is, the server's configuration says",
                            word);
    }
    return proto ? read_proto(tls, proto, call->p) : read_port(tls, port, call->p);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_tls_t *tls = value;
    const char *error = NULL;
    int i;

    (void)row;
    memset(tls, 0, sizeof *tls);
    tls->mode = mode_of(words->v[0]);
    if (tls->mode < 0) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: " ALLOWED, words->v[0]);
    }
    if (tls->mode == AG_TLS_OFF && !call->later) {
        return "\"off\" is not allowed in .htaccess: it would let credentials pass in clear";
    }
    for (i = 1; !error && i < words->n; i++) {
        error = read_word(tls, words->v[i], call);
    }
    return error;
}

static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_tls_t *from = outer;
    ag_tls_t *tls = value;

    (void)p;
    *tls = *(const ag_tls_t *)inner;
    tls->proto = tls->proto ? tls->proto : from->proto;
    tls->port = tls->port ? tls->port : from->port;
}

const ag_setting_kind_t ag_kind_tls = {parse, merge, NULL};
