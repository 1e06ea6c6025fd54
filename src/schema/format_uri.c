/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_uri: URIs (RFC 3986 appendix A), and IRIs (RFC 3987 s2.2), which are the same with more characters.
 */
#include "formats.h"
#include "cursor.h"

#define UNRESERVED "-._~" /* besides letters and digits */
#define SUB_DELIMS "!$&'()*+,;="

/* Which characters beyond ASCII may stand there. */
typedef enum { NOTHING_WIDE, UCSCHAR, PRIVATE_TOO } wide_e;

static int is_private(apr_uint32_t code)
{
    return (code >= 0xE000 && code <= 0xF8FF) || (code >= 0xF0000 && (code & 0xFFFF) <= 0xFFFD);
}

/* ucschar: what Unicode assigns or may assign to characters; no controls, no specials, no language tags. */
static int is_ucschar(apr_uint32_t code)
{
    if (code < 0x10000) {
        return (code >= 0xA0 && code <= 0xD7FF) || (code >= 0xF900 && code <= 0xFDCF)
               || (code >= 0xFDF0 && code <= 0xFFEF);
    }
    return code < 0xF0000 && (code & 0xFFFF) <= 0xFFFD && (code < 0xE0000 || code >= 0xE1000);
}

static int scan_wide(ag_cursor_t *s, wide_e wide)
{
    int n = 0;
    apr_uint32_t code = wide == NOTHING_WIDE ? 0 : ag_take_wide(s, &n);

    if (!code || !(is_ucschar(code) || (wide == PRIVATE_TOO && is_private(code)))) {
        return 0;
    }
    s->at += n;
    return 1;
}

/* Any number of unreserved, pct-encoded, sub-delims, and what is in `more`. */
static void scan_some(ag_cursor_t *s, const char *more, wide_e wide)
{
    while (ag_take_alnum(s) || ag_take_one_of(s, UNRESERVED SUB_DELIMS) || ag_take_one_of(s, more)
           || ag_take_escape(s) || scan_wide(s, wide)) {
    }
}

/* IPvFuture */
static int fits_future(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    const char *version, *address;

    if (!ag_take_one_of(&s, "vV")) {
        return 0;
    }
    for (version = s.at; ag_take_hex(&s);) {
    }
    if (s.at == version || !ag_take_is(&s, '.')) {
        return 0;
    }
    for (address = s.at; ag_take_alnum(&s) || ag_take_one_of(&s, UNRESERVED SUB_DELIMS ":");) {
    }
    return s.at > address && ag_cursor_done(&s);
}

/* IP-literal or reg-name, and IPv4 addresses, which read as names, too. */
static int scan_host(ag_cursor_t *s, wide_e wide)
{
    const char *close;
    apr_size_t n;

    if (!ag_take_is(s, '[')) {
        scan_some(s, "", wide);
        return 1;
    }
    close = memchr(s->at, ']', (apr_size_t)(s->end - s->at));
    if (!close) {
        return 0;
    }
    n = (apr_size_t)(close - s->at);
    if (!ag_format_ipv6(s->at, n) && !fits_future(s->at, n)) {
        return 0;
    }
    s->at = close + 1;
    return 1;
}

/* authority, behind "//": up to the "/", "?" or "#" that ends it. */
static int scan_authority(ag_cursor_t *s, wide_e wide)
{
    ag_cursor_t user = *s;

    scan_some(&user, ":", wide);
    if (ag_take_is(&user, '@')) {
        *s = user;
    }
    if (!scan_host(s, wide)) {
        return 0;
    }
    if (ag_take_is(s, ':')) {
        while (ag_take_digit(s)) {
        }
    }
    return ag_cursor_done(s) || strchr("/?#", *s->at);
}

/* scheme and ":" */
static int scan_scheme(ag_cursor_t *s)
{
    ag_cursor_t rest = *s;

    if (ag_cursor_done(&rest) || !ag_text_letter(*rest.at)) {
        return 0;
    }
    while (ag_take_alnum(&rest) || ag_take_one_of(&rest, "+-.")) {
    }
    if (!ag_take_is(&rest, ':')) {
        return 0;
    }
    *s = rest;
    return 1;
}

static int scan_path(ag_cursor_t *s, int schemed, wide_e wide)
{
    if (s->end - s->at >= 2 && s->at[0] == '/' && s->at[1] == '/') {
        s->at += 2;
        if (!scan_authority(s, wide)) {
            return 0;
        }
    }
    else if (!schemed) {
        scan_some(s, "@", wide); /* path-noscheme: no ":" in its first segment */
        if (ag_cursor_peek(s) == ':') {
            return 0;
        }
    }
    scan_some(s, ":@/", wide);
    return 1;
}

static int fits(const char *text, apr_size_t n, int reference, int iri)
{
    ag_cursor_t s = ag_cursor(text, n);
    int schemed = scan_scheme(&s);

    if ((!schemed && !reference) || !scan_path(&s, schemed, iri ? UCSCHAR : NOTHING_WIDE)) {
        return 0;
    }
    if (ag_take_is(&s, '?')) {
        scan_some(&s, ":@/?", iri ? PRIVATE_TOO : NOTHING_WIDE);
    }
    if (ag_take_is(&s, '#')) {
        scan_some(&s, ":@/?", iri ? UCSCHAR : NOTHING_WIDE);
    }
    return ag_cursor_done(&s);
}

int ag_format_uri(const char *text, apr_size_t n)
{
    return fits(text, n, 0, 0);
}

int ag_format_uri_reference(const char *text, apr_size_t n)
{
    return fits(text, n, 1, 0);
}

int ag_format_iri(const char *text, apr_size_t n)
{
    return fits(text, n, 0, 1);
}

int ag_format_iri_reference(const char *text, apr_size_t n)
{
    return fits(text, n, 1, 1);
}

/* ---- templates (RFC 6570 s2) ----------------------------------------------------------------------- */

/* varspec: a name, and how long its value may be, or that a list of it is written out. */
static int scan_variable(ag_cursor_t *s)
{
    int digits = 0;

    do {
        if (!ag_take_alnum(s) && !ag_take_is(s, '_') && !ag_take_escape(s)) {
            return 0;
        }
        while (ag_take_alnum(s) || ag_take_is(s, '_') || ag_take_escape(s)) {
        }
    } while (ag_take_is(s, '.'));
    if (ag_take_is(s, ':')) {
        if (ag_cursor_peek(s) == '0') {
            return 0;
        }
        while (digits < 4 && ag_take_digit(s)) {
            digits++;
        }
        return digits > 0;
    }
    ag_take_is(s, '*');
    return 1;
}

/* expression, behind its "{" */
static int scan_expression(ag_cursor_t *s)
{
    ag_take_one_of(s, "+#./;?&=,!@|");
    do {
        if (!scan_variable(s)) {
            return 0;
        }
    } while (ag_take_is(s, ','));
    return ag_take_is(s, '}');
}

/* literals: with the apostrophe, by the erratum 6937 */
static int scan_literal(ag_cursor_t *s)
{
    int c = ag_cursor_peek(s);

    if (ag_take_escape(s) || scan_wide(s, PRIVATE_TOO)) {
        return 1;
    }
    if (c <= ' ' || c >= 0x7F || strchr("\"%<>\\^`{|}", c)) {
        return 0;
    }
    s->at++;
    return 1;
}

int ag_format_uri_template(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    while (!ag_cursor_done(&s)) {
        if (ag_take_is(&s, '{') ? !scan_expression(&s) : !scan_literal(&s)) {
            return 0;
        }
    }
    return 1;
}
