/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_text: UUIDs, JSON Pointers, base64.
 */
#include "formats.h"
#include "cursor.h"
#include "translate.h"

int ag_format_uuid(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    apr_size_t i;

    for (i = 0; i < 36; i++) {
        if (!(i == 8 || i == 13 || i == 18 || i == 23 ? ag_take_is(&s, '-') : ag_take_hex(&s))) {
            return 0;
        }
    }
    return ag_cursor_done(&s);
}

/* RFC 6901 s3: "~" only as ~0 or ~1. */
int ag_format_json_pointer(const char *text, apr_size_t n)
{
    apr_size_t i;

    if (n && text[0] != '/') {
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (text[i] == '~' && (i + 1 == n || (text[i + 1] != '0' && text[i + 1] != '1'))) {
            return 0;
        }
    }
    return 1;
}

/* non-negative-integer */
static int scan_whole(ag_cursor_t *s)
{
    if (ag_take_is(s, '0')) {
        return 1;
    }
    if (!ag_take_digit(s)) {
        return 0;
    }
    while (ag_take_digit(s)) {
    }
    return 1;
}

/* draft-bhutton-relative-json-pointer-00 s3: how many levels up, a step to another item, then `#` or a pointer. */
int ag_format_relative_json_pointer(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    if (!scan_whole(&s) || (ag_take_one_of(&s, "+-") && !scan_whole(&s))) {
        return 0;
    }
    return ag_take_is(&s, '#') ? ag_cursor_done(&s) : ag_format_json_pointer(s.at, (apr_size_t)(s.end - s.at));
}

/* Letters and digits and the two of `more`; how many, without the "=" behind them. */
static apr_size_t scan_base64(ag_cursor_t *s, const char *more)
{
    const char *first = s->at;

    while (ag_take_alnum(s) || ag_take_one_of(s, more)) {
    }
    return (apr_size_t)(s->at - first);
}

/* Padded to a multiple of four. */
int ag_format_byte(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    apr_size_t left = scan_base64(&s, "+/") % 4;

    if (left == 2) {
        return ag_take_is(&s, '=') && ag_take_is(&s, '=') && ag_cursor_done(&s);
    }
    if (left == 3) {
        return ag_take_is(&s, '=') && ag_cursor_done(&s);
    }
    return left == 0 && ag_cursor_done(&s);
}

/* With or without padding. */
int ag_format_base64url(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    apr_size_t left = scan_base64(&s, "-_") % 4;

    return left != 1 && (ag_cursor_done(&s) || (left && ag_take_is(&s, '=') && (left == 3 || ag_take_is(&s, '='))))
           && ag_cursor_done(&s);
}

/* Of ECMA-262, whether or not it could be run here. */
int ag_format_regex(const char *text, apr_size_t n)
{
    ag_translate_t t;

    return ag_translate(&t, text, n, NULL) || t.cannot;
}
