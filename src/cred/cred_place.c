/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred places: one value of a query string or a Cookie field. What finds it, takes it away and masks
 * it goes through the same pairs: a name that one of them overlooked would reach a backend or a log.
 */
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "../base/spelling.h"
#include "cred.h"

/* How NAME=VALUE pairs stand in a list. */
typedef struct {
    const char *lead;    /* what may stand in front of a name */
    const char *part;    /* what ends a name without a value */
    const char *no_name; /* what no name holds unless it is encoded */
    const char *end;     /* what ends a value */
    const char *(*decode)(const char *raw, apr_size_t n, apr_pool_t *p);
} list_t;

typedef struct {
    const char *start; /* of the name */
    const char *value; /* NULL: the pair has another name */
    const char *end;
} pair_t;

/* ---- names --------------------------------------------------------------------------------------- */

/* Behind a name that was cut off, whatever it would part: PHP takes a ';' there for a part of the name. */
static const char *far_sign(const char *at, const char *end, const list_t *list)
{
    const char *sign = memchr(at, '=', (apr_size_t)(end - at));
    const char *ends;

    for (ends = list->end; sign && *ends; ends++) {
        sign = memchr(at, *ends, (apr_size_t)(sign - at)) ? NULL : sign;
    }
    return sign;
}

/* The '=' behind that name, or NULL. It may be an array (name[]=) or cut off at a NUL. */
static const char *sign_of(const char *at, const char *end, const list_t *list, const char *name)
{
    int element = 0;
    char next;

    at = ag_spelling_behind(at, end, list->no_name, name, &element);
    if (!at || at == end || *at == '=') {
        return at == end ? NULL : at;
    }
    next = ag_spelling_next(&at, end); /* api[key] is the element of another array */
    return next == '[' || (next == ']' && !element) || !next ? far_sign(at, end, list) : NULL;
}

/* ---- pairs --------------------------------------------------------------------------------------- */

static const char *skip(const char *at, const char *end, const char *these)
{
    while (at < end && *at && strchr(these, *at)) {
        at++;
    }
    return at;
}

static const char *until(const char *at, const char *end, const char *these)
{
    while (at < end && *at && !strchr(these, *at)) {
        at++;
    }
    return at;
}

/* The next pair of what stands from `at` to `end`; 0 when there is none. */
static int next_pair(pair_t *pair, const list_t *list, const char *at, const char *end, const char *name)
{
    const char *sign;

    pair->start = skip(at, end, list->lead);
    pair->end = until(pair->start, end, list->part);
    sign = sign_of(pair->start, end, list, name);
    pair->value = sign ? sign + 1 : NULL;
    if (pair->value) {
        pair->end = until(pair->value, end, list->end);
    }
    return pair->start < pair->end;
}

static int has(const list_t *list, const char *text, const char *end, const char *name)
{
    pair_t pair;

    while (next_pair(&pair, list, text, end, name) && !pair.value) {
        text = pair.end;
    }
    return pair.value != NULL;
}

/* The last value that is not blank. */
static const char *find(const list_t *list, const char *text, const char *name, int *twice, apr_pool_t *p)
{
    const char *end = text ? text + strlen(text) : NULL;
    const char *found = NULL;
    pair_t pair;

    for (; text && next_pair(&pair, list, text, end, name); text = pair.end) {
        const char *value = pair.value ? list->decode(pair.value, (apr_size_t)(pair.end - pair.value), p) : "";

        if (!ag_text_nothing(value)) {
            *twice |= found != NULL;
            found = value;
        }
    }
    return found;
}

/* The list without the pairs of that name, all else unchanged; NULL when nothing is left. */
static char *without(const list_t *list, const char *text, const char *name, apr_pool_t *p)
{
    const char *end = text + strlen(text);
    char *out = apr_pstrmemdup(p, text, (apr_size_t)(end - text));
    char *at = out;
    pair_t pair;

    if (!has(list, text, end, name)) {
        return *out ? out : NULL;
    }
    for (; next_pair(&pair, list, text, end, name); text = pair.end) {
        if (!pair.value) {
            memcpy(at, text, (apr_size_t)(pair.end - text));
            at += pair.end - text;
        }
    }
    memcpy(at, text, (apr_size_t)(end - text) + 1); /* what parts pairs, behind the last one */
    out += strspn(out, list->lead);
    return *out ? out : NULL;
}

/* ---- values -------------------------------------------------------------------------------------- */

/* application/x-www-form-urlencoded. What cannot be decoded stays as it is, and is no key. */
static const char *from_form(const char *raw, apr_size_t n, apr_pool_t *p)
{
    const char *copy = apr_pstrmemdup(p, raw, n);
    const char *text = apr_punescape_url(p, copy, NULL, NULL, 1);

    return text ? text : copy;
}

/* RFC 6265 s4.1.1: the value may stand in quotes. */
static const char *from_cookie(const char *raw, apr_size_t n, apr_pool_t *p)
{
    apr_size_t lead = strspn(raw, " \t");

    raw += lead < n ? lead : n;
    n -= lead < n ? lead : n;
    while (n && (raw[n - 1] == ' ' || raw[n - 1] == '\t')) {
        n--;
    }
    if (n >= 2 && raw[0] == '"' && raw[n - 1] == '"') {
        raw++;
        n -= 2;
    }
    return apr_pstrmemdup(p, raw, n);
}

/* Pairs of a query are parted by '&' (WHATWG URL s5.1), for some backends by ';' as well (HTML 4 sB.2.2):
 * a name may stand behind either, and a value is all that any of them takes for it. Those of a Cookie
 * field by ';' (RFC 6265 s4.2.1), and by the commas with which httpd joins repeated fields. */
static const list_t arguments = {"&;?", "&;", "=&;", "&", from_form};
static const list_t cookies = {"; \t,", ";,", "=;,", ";,", from_cookie};

/* In a request line or a Referer field: a blank or '#' that should not stand in a query ends a value, and
 * the query, or what should have been one, goes on behind it, as it does behind a second '?'. */
static const list_t shown = {"&;?# ", "&;#?", "=&;#", "&# ", from_form};

const char *ag_cred_argument(const char *args, const char *name, int *twice, apr_pool_t *p)
{
    return find(&arguments, args, name, twice, p);
}

const char *ag_cred_cookie(const char *header, const char *name, int *twice, apr_pool_t *p)
{
    return find(&cookies, header, name, twice, p);
}

char *ag_cred_args_without(const char *args, const char *name, apr_pool_t *p)
{
    return without(&arguments, args, name, p);
}

char *ag_cred_cookies_without(const char *header, const char *name, apr_pool_t *p)
{
    return without(&cookies, header, name, p);
}

/* 1 when the pair holds a value that is not masked yet. */
static int shows(const pair_t *pair)
{
    return pair->value && (pair->end - pair->value != 3 || memcmp(pair->value, "***", 3) != 0);
}

char *ag_cred_args_masked(const char *text, const char *args, const char *name, apr_pool_t *p)
{
    const char *end = args + strlen(args);
    apr_size_t size = 2 * strlen(text) + 4; /* "k=&" takes three bytes and grows by three */
    pair_t pair;
    ag_buf_t out;

    while (next_pair(&pair, &shown, args, end, name) && !shows(&pair)) {
        args = pair.end;
    }
    if (!shows(&pair)) {
        return NULL;
    }
    ag_buf_init(&out, apr_palloc(p, size), size);
    for (; next_pair(&pair, &shown, args, end, name); args = pair.end) {
        if (shows(&pair)) {
            ag_buf_mem(&out, text, (apr_size_t)(pair.value - text));
            ag_buf_str(&out, "***");
            text = pair.end;
        }
    }
    ag_buf_str(&out, text);
    return out.start;
}
