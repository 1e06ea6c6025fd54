/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred places: reading one value out of a query string or a Cookie field.
 */
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "cred.h"

/* Finds NAME=VALUE in a list of pairs set apart by one of `separators`; decode() turns the raw value
 * into text, or NULL when it is malformed. */
static const char *find(const char *list, const char *name, const char *separators, int *twice,
                        const char *(*decode)(const char *raw, apr_size_t n, apr_pool_t *p),
                        apr_pool_t *p)
{
    const char *value = NULL;
    apr_size_t size = strlen(name);

    while (list && *list) {
        apr_size_t n;

        list += strspn(list, separators);
        n = strcspn(list, separators);
        if (n > size && list[size] == '=' && strncmp(list, name, size) == 0) {
            *twice |= value != NULL;
            value = decode(list + size + 1, n - size - 1, p);
        }
        list += n;
    }
    return value;
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
    return find(args, name, "&", twice, from_form, p);
}

const char *ag_cred_cookie(const char *header, const char *name, int *twice, apr_pool_t *p)
{
    return find(header, name, "; \t", twice, from_cookie, p);
}
