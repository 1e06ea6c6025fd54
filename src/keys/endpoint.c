/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: may a key be used for this method and path? A path that who comes after us may read as
 * another one fits no pattern: we would judge the one and he would serve the other.
 */
#include "endpoint.h"

#include <apr_lib.h>

/* RFC 9110 s9.3.2: HEAD is GET without the content, so who may have the one may have the other. */
static int method_fits(const char *wanted, apr_size_t n, const char *method)
{
    if (n == 1 && *wanted == '*') {
        return 1;
    }
    if (n == 3 && memcmp(wanted, "GET", 3) == 0 && strcmp(method, "HEAD") == 0) {
        return 1;
    }
    return strncmp(wanted, method, n) == 0 && !method[n];
}

/* "GET /api/orders/..." or "* /api/..." or a bare path. A pattern without a method is for all. */
static int fits(const char *pattern, const char *method, const char *path)
{
    const char *space = strchr(pattern, ' ');

    if (space && !method_fits(pattern, (apr_size_t)(space - pattern), method)) {
        return 0;
    }
    return ag_text_path(space ? space + 1 + strspn(space + 1, " ") : pattern, path);
}

static int hex(char c)
{
    return apr_isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The byte at *at, which moves on; decoded where it is encoded still. */
static int next_byte(const char **at, int *encoded)
{
    const char *c = *at;

    *encoded = c[0] == '%' && apr_isxdigit(c[1]) && apr_isxdigit(c[2]);
    *at += *encoded ? 3 : 1;
    return *encoded ? hex(c[1]) * 16 + hex(c[2]) : (unsigned char)*c;
}

/* httpd has resolved each "." and "..". What may become one behind us: a slash it left encoded
 * (AllowEncodedSlashes NoDecode), a backslash (Windows), and dots in front of a parameter, "..;x"
 * (Tomcat takes the parameter away first); each of them encoded once more, too. */
static int is_doubtful(const char *path)
{
    int dots = 0, others = 0, in_parameter = 0;
    int byte, encoded;

    do {
        byte = next_byte(&path, &encoded);
        if (byte == '\\' || (byte == '/' && encoded)) {
            return 1;
        }
        if (byte == '/' || !byte) {
            if (!others && (dots == 1 || dots == 2)) {
                return 1;
            }
            dots = others = in_parameter = 0;
        }
        in_parameter |= byte == ';';
        dots += !in_parameter && byte == '.';
        others |= !in_parameter && byte != '.' && byte != '/';
    } while (byte || encoded);
    return 0;
}

int ag_key_endpoint_allowed(const ag_words_t *endpoints, const char *method, const char *path)
{
    int i;

    if (endpoints->n == 0) {
        return 1;
    }
    if (is_doubtful(path)) {
        return 0;
    }
    for (i = 0; i < endpoints->n; i++) {
        if (fits(endpoints->v[i], method, path)) {
            return 1;
        }
    }
    return 0;
}

/* Its path, if that is written so plainly that nobody can read it as another one; else NULL. */
static const char *plain_path(const char *destination)
{
    const char *host = strstr(destination, "://");
    const char *path = host ? strchr(host + 3, '/') : destination;

    return path && *path == '/' && !strpbrk(path, "%?#;,\\ \t") && !strstr(path, "//") && !strstr(path, "/.") ? path
                                                                                                              : NULL;
}

int ag_key_destination_allowed(const ag_words_t *endpoints, const char *method, const char *destination)
{
    const char *path;

    if (endpoints->n == 0 || !destination) {
        return 1;
    }
    path = plain_path(destination);
    return path && ag_key_endpoint_allowed(endpoints, method, path);
}
