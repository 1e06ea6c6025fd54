/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: a name to the letter is found by a hash. Any other is compared with all declared ones at once, as backends might
 * read it (base/spelling.h): they stand in a sorted list as they are when all that looks alike is one, and each character
 * leaves a part of the list.
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/spelling.h"
#include "../base/text.h"

#define NEVER   "=&;" /* stands in no name unless it is encoded */
#define LONGEST 256   /* a decoded name; longer ones are not declared */
#define ENDED   '\1'  /* no character of a name */

/* How a declared name may be written, or what it stands in: `a` and `a[b]` of `a[b][c]`. */
typedef struct {
    const char *folded; /* without a "]" at its end, which not all backends need */
    int number;         /* of the name */
    int base;           /* it is what the name stands in */
    int list;           /* and that is `a` of `a[]`: each element is it */
    int closed;         /* it had a "]" at its end: PHP ignores what follows */
} entry_t;

struct ag_input_names_t {
    apr_hash_t *numbers;         /* name -> its number + 1, as a pointer */
    apr_array_header_t *entries; /* entry_t, by `folded` */
    int n;
};

/* Equal for what ag_text_alike() takes for one another. */
static char fold(char c)
{
    return (char)(ag_text_letter(c) ? c | 0x20 : ag_text_digit(c) || !c ? c : '_');
}

static void enter(ag_input_names_t *names, const char *text, apr_size_t n, entry_t entry, apr_pool_t *p)
{
    char *folded;
    entry_t *at;
    apr_size_t i;

    entry.closed = n && text[n - 1] == ']' && memchr(text, '[', n);
    folded = apr_pstrmemdup(p, text, n - (apr_size_t)entry.closed);
    for (i = 0; folded[i]; i++) {
        folded[i] = fold(folded[i]);
    }
    entry.folded = folded;
    apr_array_push(names->entries);
    at = (entry_t *)names->entries->elts + names->entries->nelts - 1;
    for (; at > (entry_t *)names->entries->elts && strcmp(at[-1].folded, folded) > 0; at--) {
        *at = at[-1];
    }
    *at = entry;
}

ag_input_names_t *ag_input_names_room(int most, apr_pool_t *p)
{
    ag_input_names_t *set = apr_pcalloc(p, sizeof *set);

    set->numbers = apr_hash_make(p);
    set->entries = apr_array_make(p, most, sizeof(entry_t));
    return set;
}

int ag_input_names_add(ag_input_names_t *names, const char *name, apr_pool_t *p)
{
    entry_t entry = {.number = names->n++};
    const char *at;

    if (!apr_hash_get(names->numbers, name, APR_HASH_KEY_STRING)) {
        apr_hash_set(names->numbers, name, APR_HASH_KEY_STRING, (void *)(apr_uintptr_t)names->n);
    }
    enter(names, name, strlen(name), entry, p);
    entry.base = 1;
    for (at = name; *at; at++) {
        if (at > name && (*at == '[' || *at == '.')) {
            entry.list = strcmp(at, "[]") == 0;
            enter(names, name, (apr_size_t)(at - name), entry, p);
        }
    }
    return entry.number;
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
    return (int)(apr_uintptr_t)apr_hash_get(names->numbers, name.at, (apr_ssize_t)name.n) - 1;
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
static int covers(int list, const char *at, const char *end)
{
    char next = sign(&at, end);

    if (next == ']') {
        next = sign(&at, end);
    }
    if (next == '[' && !list) {
        next = sign(&at, end);
        return next == ']' || next == ' ';
    }
    return next == ENDED || next == '[' || !next;
}

/* 1 when what follows the name that was read up to `at` lets a backend take it for that one. `element`: a "[" stood for one
 * of its signs. */
static int fits(const entry_t *entry, const char *at, const char *end, int element)
{
    at = ag_spelling_skip(at, end, AG_SPELLING_TRAIL);
    return entry->base ? covers(entry->list, at, end) : ends(at, end, element && !entry->closed);
}

/* The first entry from `low` up to `high` whose character at `depth` is `c` or behind it. */
static const entry_t *bound(const entry_t *low, const entry_t *high, apr_size_t depth, int c)
{
    while (low < high) {
        const entry_t *middle = low + (high - low) / 2;

        if ((unsigned char)middle->folded[depth] < c) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

/* The number of the name that the pair which begins at `at` may have, or -1. */
static int alike(const ag_input_names_t *names, const char *at, const char *end)
{
    const entry_t *low = (const entry_t *)names->entries->elts, *high = low + names->entries->nelts;
    apr_size_t depth = 0;
    int element = 0;

    at = ag_spelling_skip(at, end, AG_SPELLING_LEAD);
    for (;; depth++) { /* what is left of the list begins with what was read */
        char next, c;

        for (; low < high && !low->folded[depth]; low++) {
            if (depth && fits(low, at, end, element)) {
                return low->number;
            }
        }
        if (low == high || at >= end || strchr(NEVER, *at)) {
            return -1;
        }
        next = ag_spelling_next(&at, end);
        c = fold(next);
        element |= next == '[';
        low = bound(low, high, depth, c ? (unsigned char)c : 256);
        high = bound(low, high, depth, (unsigned char)c + 1);
    }
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
