/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred places: reading one value out of a query string or a Cookie field.
 */
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "cred.h"

/* Pairs of a query are set apart by '&' (WHATWG URL s5.1); those of Cookie by ';' and blanks (RFC
 * 6265 s4.2.1), and by the commas with which httpd joins repeated fields. */
#define ARGUMENTS "&"
#define COOKIES "; \t,"

static int is_named(const char *pair, apr_size_t n, const char *name)
{
    apr_size_t size = strlen(name);

    return n > size && pair[size] == '=' && strncmp(pair, name, size) == 0;
}

/* The last NAME=VALUE of a list; decode() turns the raw value into text. */
static const char *find(const char *list, const char *name, const char *separators, int *twice,
                        const char *(*decode)(const char *raw, apr_size_t n, apr_pool_t *p),
                        apr_pool_t *p)
{
    apr_size_t size = strlen(name);
    const char *value = NULL;

    while (list && *list) {
        apr_size_t n;

        list += strspn(list, separators);
        n = strcspn(list, separators);
        if (is_named(list, n, name)) {
            *twice |= value != NULL;
            value = decode(list + size + 1, n - size - 1, p);
        }
        list += n;
    }
    return value;
}

/* The list without those pairs, all else as it was; NULL when nothing is left. */
static char *without(const char *list, const char *name, const char *separators, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(list) + 1);
    char *at = out;

    while (*list) {
        apr_size_t lead = strspn(list, separators);
        apr_size_t n = strcspn(list + lead, separators);

        if (!is_named(list + lead, n, name)) {
            memcpy(at, list, lead + n);
            at += lead + n;
        }
        list += lead + n;
    }
    *at = '\0';
    out += strspn(out, separators);
    return *out ? out : NULL;
}

/* application/x-www-form-urlencoded. What cannot be decoded becomes "", which is no key. */
static const char *from_form(const char *raw, apr_size_t n, apr_pool_t *p)
{
    const char *text = apr_punescape_url(p, apr_pstrmemdup(p, raw, n), NULL, NULL, 1);

    return text ? text : "";
}

/* RFC 6265 s4.1.1: the value may stand in quotes. */
static const char *from_cookie(const char *raw, apr_size_t n, apr_pool_t *p)
{
    while (n && (raw[n - 1] == ' ' || raw[n - 1] == '\t')) {
        n--;
    }
    if (n >= 2 && raw[0] == '"' && raw[n - 1] == '"') {
        raw++;
        n -= 2;
    }
    return apr_pstrmemdup(p, raw, n);
}

const char *ag_cred_argument(const char *args, const char *name, int *twice, apr_pool_t *p)
{
    return find(args, name, ARGUMENTS, twice, from_form, p);
}

const char *ag_cred_cookie(const char *header, const char *name, int *twice, apr_pool_t *p)
{
    return find(header, name, COOKIES, twice, from_cookie, p);
}

char *ag_cred_args_without(const char *args, const char *name, apr_pool_t *p)
{
    return without(args, name, ARGUMENTS, p);
}

char *ag_cred_cookies_without(const char *header, const char *name, apr_pool_t *p)
{
    return without(header, name, COOKIES, p);
}
