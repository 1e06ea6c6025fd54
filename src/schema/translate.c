/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate: the terms of a pattern, one after the other. Groups are a stack, not calls in one another.
 */
#include "translate.h"

/* A lone surrogate is in no text of UTF-8: what asks for one matches nothing. */
static void put_literal(ag_translate_t *t, apr_uint32_t code)
{
    if (ag_translate_surrogate(code)) {
        ag_translate_put(t, "(?!)");
    }
    else {
        ag_translate_put_code(t, code);
    }
}

static int decimal_reference(ag_translate_t *t)
{
    int number = 0;

    while (number < 100000 && ag_take_digit(&t->s)) {
        number = number * 10 + (t->s.at[-1] - '0');
    }
    return ag_translate_refer(t, number);
}

/* Behind a "\" outside of classes. */
static int escape(ag_translate_t *t, int *assertion)
{
    apr_uint32_t code;
    int next = ag_cursor_peek(&t->s);

    if (next == 'b' || next == 'B') {
        *assertion = 1;
        ag_translate_put(t, next == 'b' ? "\\b" : "\\B");
        t->s.at++;
        return 1;
    }
    if (next >= '1' && next <= '9') {
        return decimal_reference(t);
    }
    if (ag_take_is(&t->s, 'k')) {
        return ag_translate_refer_name(t);
    }
    switch (ag_translate_escape(t, &code)) {
    case AG_ESCAPE_CODE:
        put_literal(t, code);
        return 1;
    case AG_ESCAPE_SET:
        return 1;
    default:
        return t->wrong ? 0 : ag_translate_fail(t, "this escape is unknown to ECMA-262");
    }
}

static int literal(ag_translate_t *t)
{
    apr_uint32_t code;

    if (ag_translate_repeats(t)) {
        return ag_translate_fail(
            t, "nothing that can be repeated: ECMA-262 knows no possessive quantifiers, and repeats no assertions");
    }
    if (!ag_translate_character(t, &code)) {
        return 0;
    }
    ag_translate_put_code(t, code);
    return 1;
}

/* A set outside of a class is put into one of its own: `\s` is a list. */
static int set_escape(ag_translate_t *t)
{
    return !ag_cursor_done(&t->s) && *t->s.at && strchr("sSdDwWpP", *t->s.at);
}

static int term(ag_translate_t *t, int *assertion)
{
    int next = ag_cursor_peek(&t->s), in_class;

    if (next == '^' || next == '$') {
        *assertion = 1;
        t->s.at++;
        ag_translate_put(t, next == '^' ? "^" : "$");
        return 1;
    }
    if (ag_take_is(&t->s, '.')) {
        ag_translate_put(t, "[^\\n\\r\\x{2028}\\x{2029}]");
        return 1;
    }
    if (ag_take_is(&t->s, '[')) {
        return ag_translate_class(t);
    }
    if (ag_take_is(&t->s, '\\')) {
        in_class = set_escape(t);
        ag_translate_put(t, in_class ? "[" : "");
        if (!escape(t, assertion)) {
            return 0;
        }
        ag_translate_put(t, in_class ? "]" : "");
        return 1;
    }
    return literal(t);
}

static int alternative(ag_translate_t *t)
{
    ag_translate_put(t, "|");
    t->group[t->depth].alternative = ++t->alternatives;
    return 1;
}

/* A term and its quantifier, or what opens, divides and closes groups. */
static int next(ag_translate_t *t)
{
    const ag_translate_group_t *closed = NULL;
    apr_size_t from = t->n;
    int assertion = 0;

    if (ag_take_is(&t->s, '|')) {
        return alternative(t);
    }
    if (ag_take_is(&t->s, '(')) {
        return ag_translate_open(t);
    }
    if (ag_take_is(&t->s, ')')) {
        if (!ag_translate_close(t, &assertion)) {
            return 0;
        }
        closed = &t->group[t->depth + 1];
        from = closed->out;
    }
    else if (!term(t, &assertion)) {
        return 0;
    }
    return assertion || ag_translate_repeat(t, from, !closed, closed);
}

int ag_translate(ag_translate_t *t, const char *text, apr_size_t n, char *out)
{
    memset(t, 0, sizeof *t);
    t->s = ag_cursor(text, n);
    if (!ag_translate_scan(t)) {
        return 0;
    }
    t->s = ag_cursor(text, n);
    t->out = out;
    while (!ag_cursor_done(&t->s)) {
        if (!next(t)) {
            return 0;
        }
    }
    if (t->depth) {
        return ag_translate_fail(t, "a closing parenthesis is missing");
    }
    return ag_translate_references_hold(t);
}
