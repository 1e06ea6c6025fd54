/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: a name to the letter is found by a hash. Any other is compared with each declared one as backends might
 * (base/spelling.h), which costs a character or two each.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "../base/spelling.h"
#include "../base/text.h"

#define NEVER   "=&;" /* stands in no name unless it is encoded */
#define LONGEST 256   /* a decoded name; longer ones are not declared */
#define ENDED   '\1'  /* no character of a name */

/* What a name stands in: `a` and `a[b]` of `a[b][c]`. */
typedef struct {
    const char *name; /* without a "]" at its end; NULL behind the last */
    int list;         /* of `a[]`: each element is it */
} base_t;

typedef struct {
    const char *name; /* as it is compared: without a "]" at its end, which not all backends need */
    int closed;       /* it had one: PHP ignores what follows */
    const base_t *bases;
} spelled_t;

struct ag_input_names_t {
    apr_hash_t *numbers; /* name -> one of `list` */
    spelled_t *list;
    int n;
};

static const char *unclosed(const char *name, apr_size_t n, apr_pool_t *p)
{
    return apr_pstrmemdup(p, name, n - (n && name[n - 1] == ']'));
}

static const base_t *bases_of(const char *name, apr_pool_t *p)
{
    base_t *bases = apr_pcalloc(p, (strlen(name) + 1) * sizeof *bases);
    const char *at;
    int n = 0;

    for (at = name; *at; at++) {
        if (at > name && (*at == '[' || *at == '.')) {
            bases[n].name = unclosed(name, (apr_size_t)(at - name), p);
            bases[n++].list = strcmp(at, "[]") == 0;
        }
    }
    return bases;
}

static void describe(spelled_t *spelled, const char *name, apr_pool_t *p)
{
    apr_size_t n = strlen(name);

    spelled->closed = strchr(name, '[') && name[n - 1] == ']';
    spelled->name = unclosed(name, n, p);
    spelled->bases = bases_of(name, p);
}

ag_input_names_t *ag_input_names_room(int most, apr_pool_t *p)
{
    ag_input_names_t *set = apr_pcalloc(p, sizeof *set);

    set->numbers = apr_hash_make(p);
    set->list = apr_pcalloc(p, (apr_size_t)(most ? most : 1) * sizeof *set->list);
    return set;
}

int ag_input_names_add(ag_input_names_t *names, const char *name, apr_pool_t *p)
{
    spelled_t *spelled = &names->list[names->n];

    describe(spelled, name, p);
    if (!apr_hash_get(names->numbers, name, APR_HASH_KEY_STRING)) {
        apr_hash_set(names->numbers, name, APR_HASH_KEY_STRING, spelled);
    }
    return names->n++;
}

const ag_input_names_t *ag_input_names_make(const char *const *names, int n, apr_pool_t *p)
{
    ag_input_names_t *set = ag_input_names_room(n, p);
    int i;

    for (i = 0; i < n; i++) {
        ag_input_names_add(set, names[i], p);
    }
    return set;
}

int ag_input_name_exact(const ag_input_names_t *names, ag_span_t name)
{
    const spelled_t *found = apr_hash_get(names->numbers, name.at, (apr_ssize_t)name.n);

    return found ? (int)(found - names->list) : -1;
}

/* ---- names as they are sent --------------------------------------------------------------------- */

/* Decodes into `to`, of LONGEST bytes; 0: it is longer, or cannot be decoded. */
static apr_size_t decoded(char *to, ag_span_t name)
{
    const char *at = name.at, *end = name.at + name.n;
    apr_size_t n = 0;

    while (at < end && n < LONGEST) {
        int escape = *at == '%';
        char four[4] = {'%', end - at > 1 ? at[1] : '\0', end - at > 2 ? at[2] : '\0', '\0'};
        unsigned value = 0;

        if (escape && (!four[1] || !four[2] || strspn(four + 1, "0123456789abcdefABCDEF") != 2)) {
            return 0;
        }
        if (escape) {
            value = (unsigned)strtol(four + 1, NULL, 16);
        }
        to[n++] = (char)(escape ? (char)value : *at == '+' ? ' ' : *at);
        at += escape ? 3 : 1;
    }
    return at == end ? n : 0;
}

static int exact(const ag_input_names_t *names, ag_span_t name)
{
    char text[LONGEST];
    apr_size_t n;

    if (!memchr(name.at, '%', name.n) && !memchr(name.at, '+', name.n)) {
        return ag_input_name_exact(names, name);
    }
    n = decoded(text, name);
    return n ? ag_input_name_exact(names, ag_span(text, n)) : -1;
}

/* The sign that follows a name. */
static char sign(const char **at, const char *end)
{
    return (char)(*at < end && **at != '=' && **at != ';' ? ag_spelling_next(at, end) : ENDED);
}

/* 1 when what follows a name at `at` lets a backend take it for the name of all that: its end, `[x]`, `.x` (qs with
 * allowDots), a NUL. */
static int ends(const char *at, const char *end, int element)
{
    char next = sign(&at, end);

    return next == ENDED || next == '[' || (next == ']' && !element) || !next || next == '.';
}

/* 1 when a backend puts the value in the place of all that stands in the base, or among it: its end, a NUL, `[]`; of a list
 * any `[x]`. */
static int covers(const base_t *base, const char *at, const char *end)
{
    char next = sign(&at, end);

    if (next == ']') {
        next = sign(&at, end);
    }
    if (next == '[' && !base->list) {
        next = sign(&at, end);
        return next == ']' || next == ' ';
    }
    return next == ENDED || next == '[' || !next;
}

/* 1 when the pair that begins at `at` has a name that a backend may take for it. */
static int may_be(const spelled_t *spelled, const char *at, const char *end)
{
    int element = 0;
    const base_t *base;
    const char *behind = ag_spelling_behind(at, end, NEVER, spelled->name, &element);

    if (behind && ends(behind, end, element && !spelled->closed)) {
        return 1;
    }
    for (base = spelled->bases; base->name; base++) {
        behind = ag_spelling_behind(at, end, NEVER, base->name, &element);
        if (behind && covers(base, behind, end)) {
            return 1;
        }
    }
    return 0;
}

static int alike(const ag_input_names_t *names, const char *at, const char *end)
{
    int i;

    for (i = 0; i < names->n && !may_be(&names->list[i], at, end); i++) {
    }
    return i < names->n ? i : -1;
}

/* A "?" in front of a name is a part of it or not, as one likes. */
static const char *without_question(const char *at, const char *end)
{
    while (at < end && *at == '?') {
        at++;
    }
    return at;
}

ag_name_e ag_input_name(int *which, const ag_input_names_t *names, const ag_pair_t *pair)
{
    const char *at = pair->name.at, *end = pair->value.at + pair->value.n;

    *which = exact(names, pair->name);
    if (*which >= 0) {
        return AG_NAME_KNOWN;
    }
    while (at < end && *which < 0) {
        const char *semicolon = memchr(at, ';', (apr_size_t)(end - at));

        *which = alike(names, without_question(at, end), end);
        at = semicolon ? semicolon + 1 : end;
    }
    return *which >= 0 ? AG_NAME_SPELLED : AG_NAME_OTHER;
}
