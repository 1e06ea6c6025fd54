/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_repeat: quantifiers. PCRE2 counts to 65,535; a single character that is wanted more often is written more than
 * once.
 */
#include <stdio.h>

#include "translate.h"

#define MOST      65535
#define UNLIMITED (-1)
#define TOO_MANY  (16 * MOST)
#define FAR       100 /* characters that a lookaround reads, at most, to count as one that looks not far */

typedef struct {
    int least, most;
    const char *lazy;
} times_t;

static int number(ag_cursor_t *s, int *value)
{
    const char *first = s->at;

    for (*value = 0; ag_take_digit(s);) {
        *value = *value > TOO_MANY ? *value : *value * 10 + (s->at[-1] - '0');
    }
    return s->at > first;
}

/* {n}, {n,}, {n,m} */
static int braces(ag_cursor_t *s, times_t *times)
{
    ag_cursor_t rest = *s;

    if (!ag_take_is(&rest, '{') || !number(&rest, &times->least)) {
        return 0;
    }
    times->most = times->least;
    if (ag_take_is(&rest, ',') && !number(&rest, &times->most)) {
        times->most = UNLIMITED;
    }
    if (!ag_take_is(&rest, '}')) {
        return 0;
    }
    *s = rest;
    return 1;
}

static int quantifier(ag_cursor_t *s, times_t *times)
{
    if (ag_take_is(s, '*')) {
        *times = (times_t){0, UNLIMITED, ""};
    }
    else if (ag_take_is(s, '+')) {
        *times = (times_t){1, UNLIMITED, ""};
    }
    else if (ag_take_is(s, '?')) {
        *times = (times_t){0, 1, ""};
    }
    else if (!braces(s, times)) {
        return 0;
    }
    times->lazy = ag_take_is(s, '?') ? "?" : "";
    return 1;
}

int ag_translate_repeats(const ag_translate_t *t)
{
    ag_cursor_t rest = t->s;
    times_t times;

    return quantifier(&rest, &times);
}

static void put_times(ag_translate_t *t, int least, int most, const char *lazy)
{
    char text[40];

    if (most == UNLIMITED) {
        snprintf(text, sizeof text, "{%d,}%s", least, lazy);
    }
    else {
        snprintf(text, sizeof text, "{%d,%d}%s", least, most, lazy);
    }
    ag_translate_put(t, text);
}

/* What was written there, once more. */
static void put_again(ag_translate_t *t, apr_size_t from, apr_size_t n)
{
    if (t->out) {
        memcpy(t->out + t->n, t->out + from, n);
    }
    t->n += n;
}

/* In pieces of what PCRE2 can count: first those that must be there, then those that may. "a+" as "aa*", too: the algorithm
 * that tries all ways at once would count how often each of them has passed the "+". */
static void put_pieces(ag_translate_t *t, apr_size_t from, const times_t *times)
{
    apr_size_t n = t->n - from;
    int must = times->least, may = times->most == UNLIMITED ? UNLIMITED : times->most - times->least;

    for (; must > MOST; must -= MOST) {
        put_times(t, MOST, MOST, "");
        put_again(t, from, n);
    }
    put_times(t, must, must, "");
    for (; may > 0; may -= MOST) {
        put_again(t, from, n);
        put_times(t, 0, may < MOST ? may : MOST, times->lazy);
    }
    if (may == UNLIMITED) {
        put_again(t, from, n);
        put_times(t, 0, UNLIMITED, times->lazy);
    }
}

static void mark(ag_translate_t *t, const ag_translate_group_t *group, const times_t *times)
{
    int i;

    if (!t->references) {
        return;
    }
    if (group->capture) {
        t->capture[group->capture].quantified = 1;
    }
    for (i = group->captures + 1; times->most != 1 && i <= t->captures; i++) {
        t->capture[i].repeated = 1;
    }
}

static int looking(const ag_translate_t *t)
{
    int i;

    for (i = t->depth; i > 0; i--) {
        if (t->group[i].look) {
            return 1;
        }
    }
    return 0;
}

int ag_translate_repeat(ag_translate_t *t, apr_size_t from, int one, const ag_translate_group_t *group)
{
    times_t times;

    if (!quantifier(&t->s, &times)) {
        return 1;
    }
    if (times.most != UNLIMITED && times.least > times.most) {
        return ag_translate_fail(t, "a quantifier whose second number is the smaller one");
    }
    if (times.least > TOO_MANY || times.most > TOO_MANY || (!one && (times.least > MOST || times.most > MOST))) {
        return ag_translate_cannot(t, "more than 65535 times, which PCRE2 cannot count");
    }
    if (group) {
        mark(t, group, &times);
    }
    t->looks_far |= looking(t) && (times.most == UNLIMITED || times.most > FAR);
    if (times.least > MOST || times.most > MOST || (one && times.least && times.most == UNLIMITED)) {
        put_pieces(t, from, &times);
    }
    else {
        put_times(t, times.least, times.most, times.lazy);
    }
    return 1;
}
