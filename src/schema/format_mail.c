/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_mail: addresses of mailboxes (RFC 5321 s4.1.2), and those that are not ASCII (RFC 6531 s3.3).
 */
#include "formats.h"
#include "cursor.h"

#define LONGEST       254 /* a path has 256 bytes, with "<" and ">" (s4.5.3.1.3) */
#define LONGEST_LOCAL 64

/* A character beyond ASCII, where these may stand. */
static int scan_other(ag_cursor_t *s, int wide)
{
    int n = 0;

    if (!wide || !ag_take_wide(s, &n)) {
        return 0;
    }
    s->at += n;
    return 1;
}

/* Atom */
static int scan_atom(ag_cursor_t *s, int wide)
{
    const char *first = s->at;

    while (ag_take_alnum(s) || ag_take_one_of(s, "!#$%&'*+-/=?^_`{|}~") || scan_other(s, wide)) {
    }
    return s->at > first;
}

/* Quoted-string: printable ASCII, `"` and `\` behind a `\`. */
static int scan_quoted(ag_cursor_t *s, int wide)
{
    int c;

    while ((c = ag_cursor_peek(s)) != '"') {
        if (c == '\\') {
            s->at++;
            c = ag_cursor_peek(s);
        }
        if (c >= ' ' && c < 0x7F) {
            s->at++;
        }
        else if (!scan_other(s, wide)) {
            return 0;
        }
    }
    s->at++;
    return 1;
}

static int scan_local(ag_cursor_t *s, int wide)
{
    const char *first = s->at;

    if (ag_take_is(s, '"')) {
        return scan_quoted(s, wide) && s->at - first <= LONGEST_LOCAL;
    }
    do {
        if (!scan_atom(s, wide)) {
            return 0;
        }
    } while (ag_take_is(s, '.'));
    return s->at - first <= LONGEST_LOCAL;
}

/* address-literal: `[192.0.2.1]`, `[IPv6:::1]`; no other tag has been registered. */
static int fits_literal(const char *text, apr_size_t n)
{
    static const char tag[] = "IPv6:";
    const apr_size_t tagged = sizeof tag - 1;

    if (n < 2 || text[n - 1] != ']') {
        return 0;
    }
    text++;
    n -= 2;
    return n > tagged && !strncasecmp(text, tag, tagged) ? ag_format_ipv6(text + tagged, n - tagged)
                                                         : ag_format_ipv4(text, n);
}

/* sub-domain; with others than ASCII, these are letters. */
static int fits_sub_domain(const char *label, apr_size_t n, int wide)
{
    ag_cursor_t s = ag_cursor(label, n);

    if (n < 1 || label[0] == '-' || label[n - 1] == '-') {
        return 0;
    }
    while (ag_take_alnum(&s) || ag_take_is(&s, '-') || scan_other(&s, wide)) {
    }
    return ag_cursor_done(&s);
}

static int fits_domain(const char *text, apr_size_t n, int wide)
{
    const char *end = text + n, *dot;

    for (; (dot = memchr(text, '.', (apr_size_t)(end - text))); text = dot + 1) {
        if (!fits_sub_domain(text, (apr_size_t)(dot - text), wide)) {
            return 0;
        }
    }
    return fits_sub_domain(text, (apr_size_t)(end - text), wide);
}

static int fits_mailbox(const char *text, apr_size_t n, int wide)
{
    ag_cursor_t s = ag_cursor(text, n);

    if (n > LONGEST || !scan_local(&s, wide) || !ag_take_is(&s, '@')) {
        return 0;
    }
    n = (apr_size_t)(s.end - s.at);
    return ag_cursor_peek(&s) == '[' ? fits_literal(s.at, n) : fits_domain(s.at, n, wide);
}

int ag_format_email(const char *text, apr_size_t n)
{
    return fits_mailbox(text, n, 0);
}

int ag_format_idn_email(const char *text, apr_size_t n)
{
    return fits_mailbox(text, n, 1);
}
