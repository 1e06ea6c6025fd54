/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path: see path.h. What was sent is compared with what httpd made of it, byte by byte: where httpd has taken something
 * away (dot segments, doubled slashes), or taken for a slash what was sent as %2F, a backend that gets the path as it was
 * sent (mod_proxy's nocanon, a CGI's REQUEST_URI) may be led elsewhere than what is checked here.
 */
#include "path.h"

#include <string.h>

#include <apr_lib.h>

#include "../base/text.h"

#define TWO_WAYS                                                                                                           \
    "The path can be read in more than one way: it has a dot segment, an empty one, a backslash, an encoded slash, or is " \
    "encoded twice"
#define SIGNS ".,;=&|"

static int hex(const char *at)
{
    return apr_isxdigit(at[0]) && apr_isxdigit(at[1]);
}

static char byte_of(const char *at)
{
    int high = apr_isdigit(at[0]) ? at[0] - '0' : (at[0] | 0x20) - 'a' + 10;
    int low = apr_isdigit(at[1]) ? at[1] - '0' : (at[1] | 0x20) - 'a' + 10;

    return (char)(high * 16 + low);
}

/* Where the path begins in a request's target (RFC 9112 s3.2). */
static const char *path_of(const char *target)
{
    const char *host = *target == '/' ? NULL : strstr(target, "://");

    return host ? host + 3 + strcspn(host + 3, "/?#") : target;
}

/* 1 when the target is the text, encoded; notes in which segments a sign was. No target has a fragment (RFC 9112 s3.2):
 * httpd cuts it off, and a backend that gets what was sent may not. */
static int compare(ag_path_t *path, const char *target, const char *text)
{
    const char *at = path_of(target);
    int segment = -1;

    for (; *at && *at != '?' && *at != '#'; at++, text++) {
        int encoded = *at == '%' && hex(at + 1);
        char c = encoded ? byte_of(at + 1) : *at;

        if (c != *text || (encoded && c == '/')) {
            return 0;
        }
        segment += c == '/';
        if (encoded && strchr(SIGNS, c) && segment >= 0 && segment < AG_TREE_DEPTH) {
            path->encoded |= (apr_uint64_t)1 << segment;
        }
        at += encoded ? 2 : 0;
    }
    return !*text && !strchr(at, '#');
}

static int is_odd(ag_span_t segment, int last)
{
    apr_size_t i;

    if ((!segment.n && !last) || (segment.n && segment.n < 3 && strncmp(segment.at, "..", segment.n) == 0)) {
        return 1;
    }
    for (i = 0; i < segment.n; i++) {
        const char *at = segment.at + i;

        if (*at == '\\' || apr_iscntrl(*at) || (*at == '%' && segment.n - i > 2 && hex(at + 1))) {
            return 1;
        }
    }
    return !ag_span_utf8(segment);
}

const char *ag_path_read(ag_path_t *path, const char *text, const char *target)
{
    ag_span_t rest = ag_span(text + 1, strlen(text) ? strlen(text) - 1 : 0), segment;

    path->n = 0;
    path->encoded = path->semicolons = 0;
    if (*text != '/') {
        path->n = -1; /* OPTIONS *, CONNECT */
        return NULL;
    }
    if (target && !compare(path, target, text)) {
        return TWO_WAYS;
    }
    while (ag_span_part(&segment, &rest, '/')) {
        apr_uint64_t semicolon = segment.n && memchr(segment.at, ';', segment.n) != NULL;

        if (is_odd(segment, !rest.at)) {
            return TWO_WAYS;
        }
        if (path->n == AG_TREE_DEPTH) {
            path->n = -1;
        }
        path->semicolons |= semicolon << (path->n < 0 ? 0 : path->n);
        if (path->n >= 0) {
            path->segments[path->n++] = segment;
        }
    }
    return NULL;
}

void ag_path_loosen(ag_path_t *path, apr_pool_t *p)
{
    int i, n = 0;

    for (i = 0; i < path->n; i++) {
        const char *end = memchr(path->segments[i].at, ';', path->segments[i].n);
        apr_size_t j, length = end ? (apr_size_t)(end - path->segments[i].at) : path->segments[i].n;
        char *copy = apr_palloc(p, length + 1);

        for (j = 0; j < length; j++) {
            copy[j] = (char)apr_tolower(path->segments[i].at[j]);
        }
        if (length || (i == 0 && path->n == 1)) {
            path->segments[n++] = ag_span(copy, length);
        }
    }
    path->n = path->n < 0 ? -1 : n;
}
