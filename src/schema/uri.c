/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri: see uri.h.
 */
#include "uri.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"

apr_size_t ag_uri_scheme(const char *uri)
{
    apr_size_t n = 0;

    if (!ag_text_letter(*uri)) {
        return 0;
    }
    while (ag_text_letter(uri[n]) || ag_text_digit(uri[n]) || (uri[n] && strchr("+-.", uri[n]))) {
        n++;
    }
    return uri[n] == ':' ? n : 0;
}

/* Where the path begins: behind the scheme and the authority. */
static apr_size_t path_at(const char *uri)
{
    apr_size_t scheme = ag_uri_scheme(uri);
    const char *at = uri + scheme + (scheme > 0);

    if (at[0] == '/' && at[1] == '/') {
        at += 2 + strcspn(at + 2, "/?#");
    }
    return (apr_size_t)(at - uri);
}

/* RFC 3986 s5.2.4, segment by segment; a relative path keeps the ".." that lead out of it. */
static const char *without_dots(const char *path, apr_pool_t *p)
{
    apr_size_t tail = strcspn(path, "?");
    char *out = apr_palloc(p, strlen(path) + 2);
    apr_size_t n = 0, least = path[0] == '/';
    const char *at = path, *end = path + tail;

    if (least) {
        out[n++] = *at++;
    }
    while (at < end) {
        apr_size_t size = strcspn(at, "/?");
        int up = size == 2 && at[0] == '.' && at[1] == '.';

        if (up && n > least) {
            for (n--; n > least && out[n - 1] != '/'; n--) {
            }
        }
        else if (!(size == 1 && at[0] == '.') && !(up && least)) {
            memcpy(out + n, at, size + (at + size < end));
            n += size + (at + size < end);
            least = up ? n : least;
        }
        at += size + (at + size < end);
    }
    apr_cpystrn(out + n, "", 1);
    return *end ? apr_pstrcat(p, out, end, NULL) : out;
}

/* The reference is a path that is relative to the base's last segment. */
static const char *merge(const char *base, const char *reference, apr_pool_t *p)
{
    apr_size_t at = path_at(base);
    apr_size_t n = at + strcspn(base + at, "?#");

    while (n > at && base[n - 1] != '/') {
        n--;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, base, n), n == at && at > ag_uri_scheme(base) + 1 ? "/" : "", reference,
                       NULL);
}

const char *ag_uri_resolve(const char *base, const char *reference, apr_pool_t *p)
{
    const char *target = apr_pstrmemdup(p, reference, strcspn(reference, "#"));
    apr_size_t at;

    base = apr_pstrmemdup(p, base, strcspn(base, "#"));
    if (!*target) {
        return base;
    }
    if (!ag_uri_scheme(target)) {
        if (target[0] == '/' && target[1] == '/') {
            target = apr_pstrcat(p, apr_pstrmemdup(p, base, ag_uri_scheme(base)), ":", target, NULL);
        }
        else if (target[0] == '/') {
            target = apr_pstrcat(p, apr_pstrmemdup(p, base, path_at(base)), target, NULL);
        }
        else if (target[0] == '?') {
            target = apr_pstrcat(p, apr_pstrmemdup(p, base, strcspn(base, "?")), target, NULL);
        }
        else {
            target = merge(base, target, p);
        }
    }
    at = path_at(target);
    return apr_pstrcat(p, apr_pstrmemdup(p, target, at), without_dots(target + at, p), NULL);
}

static int hex(char c)
{
    return ag_text_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

const char *ag_uri_decode(const char *text, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(text) + 1), *to = out;

    for (; *text; text++) {
        *to = *text;
        if (*text == '%') {
            if (hex(text[1]) < 0 || hex(text[2]) < 0) {
                return NULL;
            }
            *to = (char)(hex(text[1]) * 16 + hex(text[2]));
            text += 2;
        }
        if (!*to++) {
            return NULL;
        }
    }
    *to = '\0';
    return out;
}

const char *ag_uri_fragment(const char *reference, apr_pool_t *p)
{
    const char *at = strchr(reference, '#');

    return at ? ag_uri_decode(at + 1, p) : "";
}

const char *ag_uri_file(const char *uri)
{
    if (strncasecmp(uri, "file:", 5) != 0) {
        return NULL;
    }
    uri += 5;
    if (uri[0] == '/' && uri[1] == '/') {
        uri += 2 + strcspn(uri + 2, "/");
    }
    return uri;
}
