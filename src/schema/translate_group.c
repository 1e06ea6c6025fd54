/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_group: groups, their names, and references to what they have matched. In a pattern without references no group
 * keeps anything.
 *
 * ECMA-262 forgets, in each turn of a repetition, what the groups in it have matched (s22.2.2.3.1); PCRE2 does not. So a
 * reference is taken only where that cannot be told apart.
 */
#include "translate.h"

typedef struct {
    const char *start, *why;
} foreign_t;

static const foreign_t foreign[] = {
    {"?P", "a group of Python's: ECMA-262 writes (?<name>...)"},
    {"?'", "a name in quotes: ECMA-262 writes (?<name>...)"},
    {"?#", "a comment, which ECMA-262 does not know"},
    {"?>", "an atomic group, which ECMA-262 does not know"},
    {"?|", "a branch reset, which ECMA-262 does not know"},
    {"?(", "a condition, which ECMA-262 does not know"},
    {"?R", "a recursion, which ECMA-262 does not know"},
    {"?&", "a recursion, which ECMA-262 does not know"},
    {"?+", "a recursion, which ECMA-262 does not know"},
    {"?C", "a callout, which ECMA-262 does not know"},
    {"*", "a verb, which ECMA-262 does not know"},
    {"?", "flags, or a group that ECMA-262 does not know"},
};

typedef struct {
    const char *start;
    const char *put;
    char look;
} opening_t;

static const opening_t openings[] = {
    {"?:", "(?:", 0}, {"?=", "(?=", '>'}, {"?!", "(?!", '>'}, {"?<=", "(?<=", '<'}, {"?<!", "(?<!", '<'},
};

static int starts(const ag_cursor_t *s, const char *with)
{
    apr_size_t n = strlen(with);

    return (apr_size_t)(s->end - s->at) >= n && !memcmp(s->at, with, n);
}

/* "<name>": letters, digits, "_", "$" and what is no ASCII. */
static int name(ag_cursor_t *s, const char **text, apr_size_t *n)
{
    if (!ag_take_is(s, '<') || ag_cursor_done(s) || ag_text_digit(*s->at)) {
        return 0;
    }
    for (*text = s->at; ag_take_alnum(s) || ag_take_one_of(s, "_$") || ag_cursor_peek(s) >= 0x80;) {
        s->at += ag_cursor_peek(s) >= 0x80;
    }
    *n = (apr_size_t)(s->at - *text);
    return *n && ag_take_is(s, '>');
}

static int find(const ag_translate_t *t, const char *text, apr_size_t n)
{
    int i;

    for (i = t->all_captures; i > 0; i--) {
        if (t->capture[i].name_n == n && !memcmp(t->capture[i].name, text, n)) {
            return i;
        }
    }
    return 0;
}

/* Behind "(", in the first pass. */
static int count(ag_translate_t *t)
{
    ag_translate_capture_t named = {0};
    int has_name = starts(&t->s, "?<") && !starts(&t->s, "?<=") && !starts(&t->s, "?<!");

    if (!has_name && starts(&t->s, "?")) {
        return 1;
    }
    if (t->all_captures >= AG_TRANSLATE_CAPTURES) {
        t->all_captures++;
        return 1;
    }
    if (has_name) {
        t->s.at++;
        if (!name(&t->s, &named.name, &named.name_n)) {
            return ag_translate_fail(t, "no name of a group");
        }
        if (find(t, named.name, named.name_n)) {
            return ag_translate_fail(t, "a second group of that name");
        }
    }
    t->capture[++t->all_captures] = named;
    return 1;
}

/* Only where groups begin and whether there are references: all else is left to the second pass. */
int ag_translate_scan(ag_translate_t *t)
{
    int in_class = 0;
    char c;

    while (!ag_cursor_done(&t->s)) {
        c = *t->s.at++;
        if (c == '\\' && !ag_cursor_done(&t->s)) {
            c = *t->s.at++;
            t->references |= !in_class && (c == 'k' || (c >= '1' && c <= '9'));
        }
        else if (c == '[' || c == ']') {
            in_class = c == '[';
        }
        else if (c == '(' && !in_class && !count(t)) {
            return 0;
        }
    }
    if (t->references && t->all_captures > AG_TRANSLATE_CAPTURES) {
        return ag_translate_cannot(t, "more than 200 groups, and references to some");
    }
    return 1;
}

static int open_capture(ag_translate_t *t, ag_translate_group_t *group)
{
    ag_translate_capture_t *capture;
    const char *text;
    apr_size_t n;

    if (ag_take_is(&t->s, '?') && !name(&t->s, &text, &n)) {
        return ag_translate_fail(t, "no name of a group");
    }
    group->capture = ++t->captures;
    ag_translate_put(t, t->references ? "(" : "(?:");
    if (t->references) {
        capture = &t->capture[group->capture];
        capture->alternative = t->group[t->depth - 1].alternative;
        capture->behind = t->behind > 0;
    }
    return 1;
}

static int open_other(ag_translate_t *t, ag_translate_group_t *group)
{
    int i;

    for (i = 0; i < (int)(sizeof openings / sizeof *openings); i++) {
        if (starts(&t->s, openings[i].start)) {
            t->s.at += strlen(openings[i].start);
            ag_translate_put(t, openings[i].put);
            group->look = openings[i].look;
            t->behind += group->look == '<';
            return 1;
        }
    }
    for (i = 0; !starts(&t->s, foreign[i].start); i++) {
    }
    return ag_translate_fail(t, foreign[i].why);
}

int ag_translate_open(ag_translate_t *t)
{
    ag_translate_group_t group = {t->n, t->captures, 0, ++t->alternatives, 0};
    int plain = !starts(&t->s, "?") && !starts(&t->s, "*");
    int named = starts(&t->s, "?<") && !starts(&t->s, "?<=") && !starts(&t->s, "?<!");

    if (t->depth + 1 == AG_TRANSLATE_DEPTH) {
        return ag_translate_cannot(t, "more than 199 groups in one another");
    }
    t->depth++;
    if (!(plain || named ? open_capture(t, &group) : open_other(t, &group))) {
        return 0;
    }
    t->group[t->depth] = group;
    return 1;
}

int ag_translate_close(ag_translate_t *t, int *assertion)
{
    const ag_translate_group_t *group = &t->group[t->depth];

    if (!t->depth) {
        t->s.at--;
        return ag_translate_fail(t, "an opening parenthesis is missing");
    }
    ag_translate_put(t, ")");
    *assertion = group->look != 0;
    t->behind -= group->look == '<';
    if (t->references && group->capture) {
        t->capture[group->capture].closed = 1;
    }
    t->depth--;
    return 1;
}

/* 1 when whoever comes here has passed the group in this turn of whatever repeats both. */
static int fresh(const ag_translate_t *t, const ag_translate_capture_t *capture)
{
    int i;

    for (i = t->depth; i >= 0; i--) {
        if (t->group[i].alternative == capture->alternative) {
            return capture->closed && !capture->quantified;
        }
    }
    return 0;
}

int ag_translate_refer(ag_translate_t *t, int number)
{
    char text[24] = "\\g{000}";

    if (number > t->all_captures) {
        return ag_translate_fail(t, "a reference to a group that is not there");
    }
    if (t->behind) {
        return ag_translate_cannot(t, "a reference in a lookbehind, which PCRE2 reads in the other direction");
    }
    t->capture[number].referred = 1;
    t->capture[number].stale |= !fresh(t, &t->capture[number]);
    text[3] = (char)('0' + number / 100);
    text[4] = (char)('0' + number / 10 % 10);
    text[5] = (char)('0' + number % 10);
    ag_translate_put(t, text);
    return 1;
}

int ag_translate_refer_name(ag_translate_t *t)
{
    const char *text;
    apr_size_t n;
    int number;

    if (!name(&t->s, &text, &n)) {
        return ag_translate_fail(t, "\\k without a <name>");
    }
    number = find(t, text, n);
    return number ? ag_translate_refer(t, number) : ag_translate_fail(t, "a reference to a group that is not there");
}

int ag_translate_references_hold(ag_translate_t *t)
{
    int i;

    for (i = t->references ? t->all_captures : 0; i > 0; i--) {
        if (t->capture[i].referred && ((t->capture[i].stale && t->capture[i].repeated) || t->capture[i].behind)) {
            return ag_translate_cannot(t,
                                       "a reference to a group in a repetition or lookbehind, whose text PCRE2 keeps "
                                       "where ECMA-262 does not");
        }
    }
    return 1;
}
