/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate: a regular expression of ECMA-262 (s22.2.1, with the u flag) into one of PCRE2 that means the same. What Annex
 * B.1.2 lets a pattern without the flag do is taken where there is one way to read it: "\-", "\@", "[\w-.]", a bracket
 * alone. No PCRE2 here: the work is done on texts, in fixed memory, from left to right.
 */
#ifndef AG_SCHEMA_TRANSLATE_H
#define AG_SCHEMA_TRANSLATE_H

#include "cursor.h"

enum {
    AG_TRANSLATE_DEPTH = 200,   /* groups in one another */
    AG_TRANSLATE_CAPTURES = 200 /* groups, in a pattern that refers back to one */
};

/* A group that is open; the first is the whole pattern. */
typedef struct ag_translate_group_t {
    apr_size_t out;  /* where it began in what is written */
    int captures;    /* how many there were before it */
    int capture;     /* its own number, or 0 */
    int alternative; /* that is being read */
    char look;       /* 0, or of an assertion: '>' ahead, '<' behind */
} ag_translate_group_t;

typedef struct ag_translate_capture_t {
    const char *name;
    apr_size_t name_n;
    int alternative;         /* it stands in */
    unsigned closed : 1;     /* its end was read */
    unsigned quantified : 1; /* it is repeated itself, or may be left out */
    unsigned repeated : 1;   /* it is in something that may be done twice */
    unsigned behind : 1;     /* it is in a lookbehind */
    unsigned referred : 1;
    unsigned stale : 1; /* a reference may come to it in another turn of what repeats both */
} ag_translate_capture_t;

typedef struct ag_translate_t {
    ag_cursor_t s;
    char *out; /* as large as an earlier run without it has said, or NULL */
    apr_size_t n;
    const char *wrong; /* a sentence without a full stop; s.at is where */
    int cannot;        /* ECMA-262 knows it, we or PCRE2 do not */
    int references;    /* there are some */
    int looks_far;     /* a lookaround may read far beyond where it stands */
    int depth, captures, all_captures, alternatives, behind;
    ag_translate_group_t group[AG_TRANSLATE_DEPTH];
    ag_translate_capture_t capture[AG_TRANSLATE_CAPTURES + 1]; /* from 1; filled in where there are references */
} ag_translate_t;

/* 1, or 0 and `wrong`. UTF-8. With `out`, writes there. */
int ag_translate(ag_translate_t *t, const char *text, apr_size_t n, char *out);

/* ---- what its files share. All say 1, or 0 and have set `wrong` ------------------------------------- */

static inline int ag_translate_fail(ag_translate_t *t, const char *why)
{
    t->wrong = why;
    return 0;
}

static inline int ag_translate_cannot(ag_translate_t *t, const char *why)
{
    t->cannot = 1;
    return ag_translate_fail(t, why);
}

static inline void ag_translate_put(ag_translate_t *t, const char *text)
{
    apr_size_t n = strlen(text);

    if (t->out) {
        memcpy(t->out + t->n, text, n);
    }
    t->n += n;
}

/* A character, as \x{...}: no meaning but itself. */
void ag_translate_put_code(ag_translate_t *t, apr_uint32_t code);

/* The next character, taken. */
int ag_translate_character(ag_translate_t *t, apr_uint32_t *code);

typedef enum { AG_ESCAPE_WRONG, AG_ESCAPE_CODE, AG_ESCAPE_SET, AG_ESCAPE_OTHER } ag_escape_e;

/* translate_escape.c: behind a "\" what may stand in a class as well: a character, or a set, which is written, as it may
 * stand in a class. OTHER: none of them, and nothing was taken. */
ag_escape_e ag_translate_escape(ag_translate_t *t, apr_uint32_t *code);
int ag_translate_surrogate(apr_uint32_t code);
int ag_translate_property(ag_translate_t *t, int negative); /* translate_property.c: behind \p */
int ag_translate_class(ag_translate_t *t);                  /* translate_class.c: behind "[" */
int ag_translate_open(ag_translate_t *t);                   /* translate_group.c: behind "(" */
int ag_translate_close(ag_translate_t *t, int *assertion);
int ag_translate_scan(ag_translate_t *t); /* counts and names groups, before all */
int ag_translate_refer(ag_translate_t *t, int number);
int ag_translate_refer_name(ag_translate_t *t); /* behind \k */
int ag_translate_references_hold(ag_translate_t *t);

/* translate_repeat.c: a quantifier, if there is one behind what was written from `from`; `one`: that is one character;
 * `group`: the one that was closed just now, or NULL. */
int ag_translate_repeat(ag_translate_t *t, apr_size_t from, int one, const ag_translate_group_t *group);
int ag_translate_repeats(const ag_translate_t *t); /* 1: a quantifier is next */

#endif
