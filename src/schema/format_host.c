/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_host: names and addresses of hosts.
 */
#include "formats.h"
#include "cursor.h"

#define LONGEST_NAME  253 /* in ASCII, without the root's dot (RFC 1035 s2.3.4) */
#define LONGEST_LABEL 63

int ag_host_label(const char *label, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(label, n);

    if (n < 1 || n > LONGEST_LABEL || label[0] == '-' || label[n - 1] == '-') {
        return 0;
    }
    while (ag_take_alnum(&s) || ag_take_is(&s, '-')) {
    }
    return ag_cursor_done(&s);
}

static int a_label(const char *label, apr_size_t n)
{
    return n >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' && label[2] == '-' && label[3] == '-';
}

static int fits_label(const char *label, apr_size_t n)
{
    return ag_host_label(label, n) && (!a_label(label, n) || ag_idn_label(label, n));
}

/* The bytes of the dot that is next: of ASCII, or one of the three others that IDNA takes for one (RFC 3490 s3.1); 0: it
 * is none. */
static int any_dot(const ag_cursor_t *s)
{
    int n = 0;
    apr_uint32_t code = ag_take_wide(s, &n);

    return code == 0x3002 || code == 0xFF0E || code == 0xFF61 ? n : ag_cursor_peek(s) == '.';
}

static int ascii_dot(const ag_cursor_t *s)
{
    return ag_cursor_peek(s) == '.';
}

static int labels_fit(const char *text, apr_size_t n, int (*dot)(const ag_cursor_t *),
                      int (*fits)(const char *, apr_size_t))
{
    ag_cursor_t s = ag_cursor(text, n);
    const char *label = text;
    int wide;

    for (; !ag_cursor_done(&s); s.at++) {
        wide = dot(&s);
        if (wide) {
            if (!fits(label, (apr_size_t)(s.at - label))) {
                return 0;
            }
            s.at += wide - 1;
            label = s.at + 1;
        }
    }
    return fits(label, (apr_size_t)(s.end - label));
}

int ag_format_hostname(const char *text, apr_size_t n)
{
    return n <= LONGEST_NAME && labels_fit(text, n, ascii_dot, fits_label);
}

/* A label of ASCII alone is a plain one. Its A-label would not be shorter than a U-label has characters. */
static int fits_idn_label(const char *label, apr_size_t n)
{
    apr_size_t i;

    if (n > 4 * LONGEST_LABEL) {
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (label[i] & 0x80) {
            return ag_idn_label(label, n);
        }
    }
    return fits_label(label, n);
}

int ag_format_idn_hostname(const char *text, apr_size_t n)
{
    apr_size_t i, characters = 0;

    for (i = 0; i < n && characters <= LONGEST_NAME; i++) {
        characters += (text[i] & 0xC0) != 0x80;
    }
    return characters <= LONGEST_NAME && labels_fit(text, n, any_dot, fits_idn_label);
}

/* dec-octet (RFC 3986 s3.2.2): without zeros in front. */
static int scan_octet(ag_cursor_t *s)
{
    const char *first = s->at;
    int value = 0;

    while (s->at - first < 3 && ag_take_digit(s)) {
        value = value * 10 + (s->at[-1] - '0');
    }
    return s->at > first && value <= 255 && (*first != '0' || s->at == first + 1);
}

int ag_format_ipv4(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    return scan_octet(&s) && ag_take_is(&s, '.') && scan_octet(&s) && ag_take_is(&s, '.') && scan_octet(&s)
           && ag_take_is(&s, '.') && scan_octet(&s) && ag_cursor_done(&s);
}

/* Up to four hexadecimal digits: 1; an IPv4 address up to the end: 2; neither: 0. */
static int scan_group(ag_cursor_t *s)
{
    ag_cursor_t rest = *s;

    while (rest.at - s->at < 4 && ag_take_hex(&rest)) {
    }
    if (ag_cursor_peek(&rest) == '.') {
        rest.at = rest.end;
        return ag_format_ipv4(s->at, (apr_size_t)(s->end - s->at)) ? (*s = rest, 2) : 0;
    }
    return rest.at > s->at ? (*s = rest, 1) : 0;
}

/* Eight groups, or fewer with one "::", which stands for one at least (RFC 4291 s2.2, RFC 3986 s3.2.2). */
int ag_format_ipv6(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    int groups = 0, gap = 0, taken;

    if (n >= 2 && text[0] == ':' && text[1] == ':') {
        s.at += 2;
        gap = 1;
    }
    while (!ag_cursor_done(&s) && groups < 8 && (taken = scan_group(&s))) {
        groups += taken;
        if (ag_cursor_done(&s) || !ag_take_is(&s, ':')) {
            break;
        }
        if (ag_take_is(&s, ':')) {
            if (gap) {
                return 0;
            }
            gap = 1;
        }
        else if (ag_cursor_done(&s)) {
            return 0;
        }
    }
    return ag_cursor_done(&s) && (gap ? groups < 8 : groups == 8);
}
