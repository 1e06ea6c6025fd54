/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting_header: ApiGuardSecurityHeader, a line for each name. Which names may not stand there is a table; what a
 * value holds is the administrator's affair, as long as it is one line.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

#define NAME_SIZE  100  /* no field in use comes near it */
#define VALUE_SIZE 4096 /* clients read some 16 KB of all fields together */

/* ---- names ------------------------------------------------------------------------------------- */

/* Others say these. A `*` at the end stands for anything. */
static const struct {
    const char *names; /* parted by blanks */
    const char *whose;
} taken[] = {
    {"Connection Content-Length Content-Range Content-Encoding Date Keep-Alive Proxy-Connection TE Trailer "
     "Transfer-Encoding Upgrade Accept-Ranges Age Allow ETag Last-Modified Status Via Warning",
     "it is httpd's own"},
    {"Cache-Control Content-Type Expires Location Pragma Set-Cookie Set-Cookie2 Vary", "it is the application's"},
    {"Authentication-Info Proxy-Authenticate Proxy-Authentication-Info Retry-After WWW-Authenticate",
     "it belongs to refusals"},
    {"RateLimit* X-RateLimit-*", "ApiGuardRateHeaders says it"},
    {"Access-Control-*", "ApiGuardCORS says it"},
    {"Deprecation Sunset", "ApiGuardDeprecated says it"},
    {"Server", "ServerTokens says it"},
};

static int matches(const char *pattern, apr_size_t n, const char *name)
{
    return pattern[n - 1] == '*' ? strncasecmp(pattern, name, n - 1) == 0
                                 : strncasecmp(pattern, name, n) == 0 && !name[n];
}

static int stands_in(const char *names, const char *name)
{
    apr_size_t n;

    for (; *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        if (matches(names, n, name)) {
            return 1;
        }
    }
    return 0;
}

static const char *wrong_name(const char *name, apr_pool_t *p)
{
    apr_size_t i;

    if (!ag_text_token(name) || strlen(name) > NAME_SIZE) {
        return apr_psprintf(p, "\"%s\" is not allowed: NAME is a field's name, such as X-Frame-Options", name);
    }
    for (i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (stands_in(taken[i].names, name)) {
            return apr_psprintf(p, "\"%s\" is not allowed: %s", name, taken[i].whose);
        }
    }
    return NULL;
}

/* ---- values ------------------------------------------------------------------------------------ */

static int is_control(char c)
{
    return (unsigned char)c < ' ' || c == '\x7F';
}

static const char *wrong_value(const char *name, const char *value, apr_pool_t *p)
{
    apr_size_t n = strlen(value), i;

    if (n > VALUE_SIZE) {
        return apr_psprintf(p, "the value of %s has %" APR_SIZE_T_FMT " bytes; %d are allowed", name, n, VALUE_SIZE);
    }
    for (i = 0; i < n && !is_control(value[i]); i++) {
    }
    if (i < n) {
        return apr_psprintf(p, "the value of %s holds a control character behind \"%.*s\"", name, (int)i, value);
    }
    if (!n || value[0] == ' ' || value[n - 1] == ' ') {
        return apr_psprintf(p, "\"%s\" is not allowed for %s: a value, without blanks at its ends, or unset", value,
                            name);
    }
    return NULL;
}

/* ---- the line ---------------------------------------------------------------------------------- */

static const char *wrong_words(const ag_words_t *words, apr_pool_t *p)
{
    if (words->n < 2) {
        return apr_psprintf(p, "\"%s\" has no value: NAME VALUE or NAME unset", words->v[0]);
    }
    if (words->n > 3 || (words->n == 3 && strcasecmp(words->v[2], "force") != 0)) {
        return apr_psprintf(p,
                            "\"%s\" is not allowed: behind \"%s\" there may be force alone; a value with blanks "
                            "stands in quotes",
                            words->v[2], words->v[1]);
    }
    return NULL;
}

static const char *read_line(ag_header_t *header, const ag_words_t *words, const ag_setting_call_t *call)
{
    const char *error = wrong_words(words, call->p);
    int unset = !error && strcasecmp(words->v[1], "unset") == 0;

    if (!error) {
        error = wrong_name(words->v[0], call->p);
    }
    if (!error && !unset) {
        error = wrong_value(words->v[0], words->v[1], call->p);
    }
    if (error) {
        return error;
    }
    header->name = words->v[0];
    header->value = unset ? NULL : words->v[1];
    header->force = words->n == 3;
    header->tenant = !call->later;
    return unset && header->tenant
               ? "\"unset\" is not allowed in .htaccess: it would switch off what the server's configuration says"
               : NULL;
}

/* ---- lines, by name ---------------------------------------------------------------------------- */

/* Where the name's line stands, or is to stand. */
static const ag_header_t **place_of(ag_header_lines_t *lines, const char *name)
{
    int i = ag_hardening_known(name);

    if (i < AG_HEADERS_KNOWN) {
        return &lines->known[i];
    }
    for (i = 0; i < lines->others->nelts; i++) {
        const ag_header_t **line = &APR_ARRAY_IDX(lines->others, i, const ag_header_t *);

        if (strcasecmp((*line)->name, name) == 0) {
            return line;
        }
    }
    return apr_array_push(lines->others); /* all zero */
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_header_lines_t **lines = value;
    ag_header_t *header = apr_pcalloc(call->p, sizeof *header);
    const char *error = read_line(header, words, call);

    (void)row;
    if (error) {
        return error;
    }
    if (!call->again) {
        *lines = apr_pcalloc(call->p, sizeof **lines);
        (*lines)->others = apr_array_make(call->p, 2, sizeof(const ag_header_t *));
    }
    *place_of(*lines, header->name) = header;
    return NULL;
}

/* What the server's configuration forces, a tenant does not change. */
static void overlay(const ag_header_t **place, const ag_header_t *line)
{
    if (line && !(*place && (*place)->force && line->tenant)) {
        *place = line;
    }
}

static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_header_lines_t *under = *(ag_header_lines_t *const *)outer, *over = *(ag_header_lines_t *const *)inner;
    ag_header_lines_t *lines = apr_pmemdup(p, under, sizeof *lines);
    int i;

    lines->others = apr_array_copy(p, under->others);
    for (i = 0; i < AG_HEADERS_KNOWN; i++) {
        overlay(&lines->known[i], over->known[i]);
    }
    for (i = 0; i < over->others->nelts; i++) {
        const ag_header_t *line = APR_ARRAY_IDX(over->others, i, const ag_header_t *);

        overlay(place_of(lines, line->name), line);
    }
    *(ag_header_lines_t **)value = lines;
}

const ag_setting_kind_t ag_kind_header_lines = {parse, merge, NULL};
