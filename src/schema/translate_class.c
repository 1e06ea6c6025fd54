/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_class: [...], with characters, ranges and sets. PCRE2 would read POSIX's names and much else inside of it:
 * each character is written by its number.
 */
#include "translate.h"

typedef struct {
    int set; /* a set, which is written already; else a character */
    apr_uint32_t code;
} item_t;

/* Only what there is of it in UTF-8. */
static void put_range(ag_translate_t *t, apr_uint32_t first, apr_uint32_t last)
{
    first = ag_translate_surrogate(first) ? 0xE000 : first;
    last = ag_translate_surrogate(last) ? 0xD7FF : last;
    if (first > last) {
        return;
    }
    ag_translate_put_code(t, first);
    if (first < last) {
        ag_translate_put(t, "-");
        ag_translate_put_code(t, last);
    }
}

/* "[:alpha:]" would be a list of letters and colons, which nobody means. */
static int posix(const ag_translate_t *t)
{
    ag_cursor_t rest = t->s;

    if (!ag_take_is(&rest, '[') || !ag_take_is(&rest, ':')) {
        return 0;
    }
    ag_take_is(&rest, '^');
    while (!ag_cursor_done(&rest) && ag_text_letter(*rest.at)) {
        rest.at++;
    }
    return rest.at[-1] != ':' && rest.at[-1] != '^' && ag_take_is(&rest, ':') && ag_take_is(&rest, ']');
}

static int item(ag_translate_t *t, item_t *item)
{
    item->set = 0;
    if (posix(t)) {
        return ag_translate_fail(t,
                                 "a class of POSIX, which ECMA-262 does not know: write its characters, or \\p{...}");
    }
    if (!ag_take_is(&t->s, '\\')) {
        return ag_translate_character(t, &item->code);
    }
    if (ag_take_is(&t->s, 'b')) {
        item->code = '\b';
        return 1;
    }
    switch (ag_translate_escape(t, &item->code)) {
    case AG_ESCAPE_CODE:
        return 1;
    case AG_ESCAPE_SET:
        item->set = 1;
        return 1;
    default:
        return t->wrong ? 0 : ag_translate_fail(t, "this escape is unknown to ECMA-262 in a class");
    }
}

/* A "-" that is neither the first nor the last is next. */
static int ranges(const ag_translate_t *t)
{
    return t->s.end - t->s.at >= 2 && t->s.at[0] == '-' && t->s.at[1] != ']';
}

/* One item, or two with a "-" between. Beside a set the "-" is one of the characters. */
static int member(ag_translate_t *t)
{
    item_t first, last;

    if (!item(t, &first)) {
        return 0;
    }
    if (!ranges(t)) {
        if (!first.set) {
            put_range(t, first.code, first.code);
        }
        return 1;
    }
    t->s.at++;
    if (!item(t, &last)) {
        return 0;
    }
    if (!first.set && !last.set) {
        put_range(t, first.code, last.code);
        return first.code <= last.code || ag_translate_fail(t, "a range whose end comes before its beginning");
    }
    ag_translate_put_code(t, '-');
    if (!first.set || !last.set) {
        put_range(t, first.set ? last.code : first.code, first.set ? last.code : first.code);
    }
    return 1;
}

int ag_translate_class(ag_translate_t *t)
{
    apr_size_t from = t->n, filled;
    int negative = ag_take_is(&t->s, '^');

    ag_translate_put(t, negative ? "[^" : "[");
    filled = t->n;
    while (ag_cursor_peek(&t->s) != ']') {
        if (ag_cursor_done(&t->s)) {
            return ag_translate_fail(t, "a closing bracket is missing");
        }
        if (!member(t)) {
            return 0;
        }
    }
    t->s.at++;
    if (t->n == filled) {
        t->n = from;
        ag_translate_put(t, negative ? "(?s:.)" : "(?!)");
        return 1;
    }
    ag_translate_put(t, "]");
    return 1;
}
