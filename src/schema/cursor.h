/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor: a text that is read from left to right and has no NUL behind it; the grammars of formats are put together from
 * these. Each takes what it names and says 1, or takes nothing and says 0.
 */
#ifndef AG_SCHEMA_CURSOR_H
#define AG_SCHEMA_CURSOR_H

#include "../base/text.h"

typedef struct ag_cursor_t {
    const char *at, *end;
} ag_cursor_t;

static inline ag_cursor_t ag_cursor(const char *text, apr_size_t n)
{
    return (ag_cursor_t){text, text + n};
}

static inline int ag_cursor_done(const ag_cursor_t *s)
{
    return s->at == s->end;
}

/* The next byte, or -1 at the end. */
static inline int ag_cursor_peek(const ag_cursor_t *s)
{
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

static inline int ag_take_is(ag_cursor_t *s, char c)
{
    if (s->at == s->end || *s->at != c) {
        return 0;
    }
    s->at++;
    return 1;
}

/* One of the bytes of `set`. */
static inline int ag_take_one_of(ag_cursor_t *s, const char *set)
{
    if (s->at == s->end || !*s->at || !strchr(set, *s->at)) {
        return 0;
    }
    s->at++;
    return 1;
}

static inline int ag_take_digit(ag_cursor_t *s)
{
    if (s->at == s->end || !ag_text_digit(*s->at)) {
        return 0;
    }
    s->at++;
    return 1;
}

static inline int ag_take_hex(ag_cursor_t *s)
{
    if (s->at == s->end || !(ag_text_digit(*s->at) || (unsigned char)((*s->at | 0x20) - 'a') < 6)) {
        return 0;
    }
    s->at++;
    return 1;
}

/* A letter or digit of ASCII. */
static inline int ag_take_alnum(ag_cursor_t *s)
{
    if (s->at == s->end || !(ag_text_letter(*s->at) || ag_text_digit(*s->at))) {
        return 0;
    }
    s->at++;
    return 1;
}

/* Exactly `n` digits, whose value is from `least` to `most`. */
static inline int ag_take_number(ag_cursor_t *s, int *value, int n, int least, int most)
{
    ag_cursor_t rest = *s;

    *value = 0;
    while (n-- > 0) {
        if (!ag_take_digit(&rest)) {
            return 0;
        }
        *value = *value * 10 + (rest.at[-1] - '0');
    }
    if (*value < least || *value > most) {
        return 0;
    }
    *s = rest;
    return 1;
}

/* "%" and two hexadecimal digits (RFC 3986 s2.1). */
static inline int ag_take_escape(ag_cursor_t *s)
{
    ag_cursor_t rest = *s;

    if (!ag_take_is(&rest, '%') || !ag_take_hex(&rest) || !ag_take_hex(&rest)) {
        return 0;
    }
    *s = rest;
    return 1;
}

/* The character that is next, which is UTF-8 of two to four bytes; 0: it is ASCII, no UTF-8, or there is none. Nothing is
 * taken: *n says how many bytes it has. */
static inline apr_uint32_t ag_take_wide(const ag_cursor_t *s, int *n)
{
    char copy[5] = "";
    apr_size_t left = (apr_size_t)(s->end - s->at);

    if (!left || !(*s->at & 0x80)) {
        return 0;
    }
    memcpy(copy, s->at, left < 4 ? left : 4);
    *n = ag_text_utf8(copy);
    return *n ? ag_text_code(copy, *n) : 0;
}

#endif
