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

typedef struct {
    const char *name; /* as it is compared: less a "]" at its end, which not all backends need */
    const char *base; /* of `base[...]`; NULL: the name has no brackets */
    int list;         /* it is `base[]`: each element is it */
    int closed;       /* it ends in "]": PHP ignores what follows */
} spelled_t;

struct ag_input_names_t {
    apr_hash_t *numbers; /* name -> one of `list` */
    spelled_t *list;
    int n;
};

static void describe(spelled_t *spelled, const char *name, apr_pool_t *p)
{
    const char *bracket = strchr(name, '[');
    apr_size_t n = strlen(name);

    spelled->base = bracket && bracket > name ? apr_pstrmemdup(p, name, (apr_size_t)(bracket - name)) : NULL;
    spelled->list = bracket && strcmp(bracket, "[]") == 0;
    spelled->closed = bracket && name[n - 1] == ']';
    spelled->name = apr_pstrmemdup(p, name, n - (apr_size_t)spelled->closed);
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

/* 1 when what follows a name at `at` lets a backend take it for the name of all that: its end, `[x]`, `.x` (qs with
 * allowDots), a NUL. `bare`: `[x]` names something else, but `[]` does not. */
static int ends(const char *at, const char *end, int element, int bare)
{
    char next = at < end && *at != '=' && *at != ';' ? ag_spelling_next(&at, end) : ENDED;

    if (bare && next == '[') {
        next = at < end ? ag_spelling_next(&at, end) : ENDED;
        return next == ']' || next == ' ';
    }
    return next == ENDED || next == '[' || (next == ']' && !element) || !next || (next == '.' && !bare);
}

/* 1 when the pair that begins at `at` has a name that a backend may take for it. */
static int may_be(const spelled_t *spelled, const char *at, const char *end)
{
    int element = 0;
    const char *behind = ag_spelling_behind(at, end, NEVER, spelled->name, &element);

    if (behind && ends(behind, end, element && !spelled->closed, 0)) {
        return 1;
    }
    behind = spelled->base ? ag_spelling_behind(at, end, NEVER, spelled->base, &element) : NULL;
    return behind && ends(behind, end, 0, !spelled->list);
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
