/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin: reading and comparing origins.
 */
#include "origin.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <apr_strings.h>

#include "../base/text.h"

#define MAX_LABEL 63 /* RFC 1035 s2.3.4 */
#define ALLOWED   "SCHEME://HOST[:PORT], SCHEME://*.DOMAIN[:PORT], null or *"

/* A word of the configuration in parts; none of them ends with NUL. */
typedef struct {
    const char *scheme, *host, *port; /* port: NULL where it is left out or the scheme's own */
    apr_size_t n_scheme, n_host;
} parts_t;

static int is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || ag_text_digit(c) || c == '-' || c == '_';
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* What an origin never holds, and what it should be instead. */
static const char *check_characters(const char *word)
{
    for (; *word; word++) {
        if ((unsigned char)*word >= 0x80) {
            return "a name beyond ASCII is written in punycode, as browsers send it: xn--...";
        }
        if (*word >= 'A' && *word <= 'Z') {
            return "browsers send it in lower case, and so must it be written";
        }
        if (*word <= ' ' || *word == 0x7F) {
            return "a blank or control character is in it; allowed is " ALLOWED;
        }
    }
    return NULL;
}

static int is_scheme(const char *text, apr_size_t n)
{
    apr_size_t i;

    for (i = 0; i < n && (ag_text_letter(text[i]) || (i && (ag_text_digit(text[i]) || strchr("+-.", text[i]))));
         i++) {
    }
    return n && i == n;
}

/* 1 when `n` bytes are labels with dots between; *labels is how many. */
static int is_name(const char *name, apr_size_t n, int *labels)
{
    apr_size_t i, length = 0;

    *labels = 1;
    for (i = 0; i < n; i++) {
        if (name[i] == '.' && length) {
            length = 0;
            ++*labels;
        }
        else if (!is_label_char(name[i]) || ++length > MAX_LABEL) {
            return 0;
        }
    }
    return length > 0;
}

/* Browsers take a host whose last label is a number for an IPv4 address, and write it in full. */
static int ends_in_number(const char *name, apr_size_t n)
{
    while (n && ag_text_digit(name[n - 1])) {
        n--;
    }
    return !n || name[n - 1] == '.';
}

static const char *check_wildcard(const parts_t *parts)
{
    const char *domain = parts->host + 2;
    apr_size_t n = parts->n_host - 2;
    int labels;

    if (parts->n_host < 2 || parts->host[1] != '.' || !is_name(domain, n, &labels) || labels < 2
        || ends_in_number(domain, n)) {
        return "the star is the first label, and two labels or more stand behind it: https://*.example.org";
    }
    return NULL;
}

static const char *check_ipv6(const parts_t *parts, apr_pool_t *p)
{
    char *text = apr_pstrmemdup(p, parts->host + 1, parts->n_host - 2);
    char shown[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (strchr(text, '.') || inet_pton(AF_INET6, text, &address) != 1) {
        return "in brackets stands an IPv6 address: http://[2001:db8::1]";
    }
    inet_ntop(AF_INET6, &address, shown, sizeof shown);
    return strchr(shown, '.') || strcmp(shown, text) == 0
               ? NULL
               : apr_pstrcat(p, "browsers send its address as [", shown, "]", NULL);
}

static const char *check_host(const parts_t *parts, apr_pool_t *p)
{
    struct in_addr address;
    int labels;

    if (parts->host[0] == '[') {
        return check_ipv6(parts, p);
    }
    if (memchr(parts->host, '*', parts->n_host)) {
        return check_wildcard(parts);
    }
    if (!is_name(parts->host, parts->n_host, &labels)) {
        return "its host is no name; allowed is " ALLOWED;
    }
    if (ends_in_number(parts->host, parts->n_host)
        && inet_pton(AF_INET, apr_pstrmemdup(p, parts->host, parts->n_host), &address) != 1) {
        return "an IPv4 address is four numbers from 0 to 255";
    }
    return NULL;
}

/* Behind the host: nothing, or a port. */
static const char *read_port(parts_t *parts, const char *rest)
{
    static const char *const own[][2] = {{"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}};
    char *end;
    long port;
    int i;

    if (!*rest) {
        return NULL;
    }
    port = strtol(rest + 1, &end, 10);
    if (*rest != ':' || !ag_text_digit(rest[1]) || rest[1] == '0' || *end || port > 65535) {
        return "behind its host stands nothing, or a port from 1 to 65535";
    }
    parts->port = rest + 1;
    for (i = 0; i < (int)(sizeof own / sizeof *own); i++) {
        if (strlen(own[i][0]) == parts->n_scheme && strncmp(own[i][0], parts->scheme, parts->n_scheme) == 0
            && strcmp(own[i][1], parts->port) == 0) {
            parts->port = NULL;
        }
    }
    return NULL;
}

static const char *take_apart(parts_t *parts, const char *word, apr_pool_t *p)
{
    const char *sign = strstr(word, "://");
    const char *error;

    if (!sign || !is_scheme(word, (apr_size_t)(sign - word))) {
        return "allowed is " ALLOWED;
    }
    parts->scheme = word;
    parts->n_scheme = (apr_size_t)(sign - word);
    parts->host = sign + 3;
    if (strpbrk(parts->host, "/?#\\@")) {
        return "it ends with its host or port: no path, no slash, no user";
    }
    parts->n_host = *parts->host == '[' ? strcspn(parts->host, "]") + 1 : strcspn(parts->host, ":");
    if (parts->n_host > strlen(parts->host)) {
        return "in brackets stands an IPv6 address: http://[2001:db8::1]";
    }
    error = check_host(parts, p);
    return error ? error : read_port(parts, parts->host + parts->n_host);
}

const char *ag_origin_read(ag_origin_t *origin, const char *word, apr_pool_t *p)
{
    parts_t parts = {.port = NULL};
    const char *error = NULL;

    memset(origin, 0, sizeof *origin);
    origin->begin = word;
    if (strcmp(word, "null") != 0) {
        error = check_characters(word);
        error = error ? error : take_apart(&parts, word, p);
    }
    if (error) {
        return apr_psprintf(p, "\"%s\" is no origin: %s", word, error);
    }
    if (parts.scheme) {
        const char *scheme = apr_pstrmemdup(p, word, parts.n_scheme + 3);
        int wild = *parts.host == '*';
        const char *host = apr_pstrcat(p, apr_pstrmemdup(p, parts.host + wild, parts.n_host - (apr_size_t)wild),
                                       parts.port ? ":" : "", parts.port ? parts.port : "", NULL);

        origin->begin = wild ? scheme : apr_pstrcat(p, scheme, host, NULL);
        origin->end = wild ? host : NULL;
        origin->n_end = wild ? strlen(host) : 0;
    }
    origin->n_begin = strlen(origin->begin);
    return NULL;
}

/* ---- comparing ---------------------------------------------------------------------------------- */

int ag_origin_is(const ag_origin_t *origin, const char *text, apr_size_t n)
{
    apr_size_t i, last = n - origin->n_end;

    if (!origin->end) {
        return n == origin->n_begin && memcmp(text, origin->begin, n) == 0;
    }
    if (n <= origin->n_begin + origin->n_end || last - origin->n_begin > MAX_LABEL
        || memcmp(text, origin->begin, origin->n_begin) != 0
        || memcmp(text + last, origin->end, origin->n_end) != 0) {
        return 0;
    }
    for (i = origin->n_begin; i < last && is_label_char(text[i]); i++) {
    }
    return i == last;
}

int ag_origin_plausible(const char *text)
{
    const char *sign = strstr(text, "://");
    const char *at;

    if (!sign) {
        return strcmp(text, "null") == 0;
    }
    for (at = sign + 3; *at > ' ' && *at < 0x7F && !strchr("/?#\\@,", *at); at++) {
    }
    return at > sign + 3 && !*at && is_scheme(text, (apr_size_t)(sign - text));
}

int ag_origin_is_own(const char *text, const char *host, int secure)
{
    const char *port = strncmp(text, "https://", 8) == 0             ? ":443"
                       : !secure && strncmp(text, "http://", 7) == 0 ? ":80"
                                                                     : NULL;
    apr_size_t n = host ? strlen(host) : 0, n_port = port ? strlen(port) : 0;

    if (!port || !n) {
        return 0;
    }
    text += n_port == 4 ? 8 : 7;
    if (n > n_port && strcmp(host + n - n_port, port) == 0) {
        n -= n_port;
    }
    return strlen(text) == n && strncasecmp(text, host, n) == 0;
}
