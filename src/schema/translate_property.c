/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_property: \p{...} as ECMA-262 writes it: to the letter, where PCRE2 overlooks case and signs, and a script only
 * with "Script=", where PCRE2 takes one alone and means Script_Extensions by it.
 */
#include "translate.h"

typedef struct {
    const char *name, *alias, *other, *put; /* `put`: PCRE2's name for it */
} property_t;

static const property_t categories[] = {
#define AG_CATEGORY(name, alias, other, put) {name, alias, other, put},
#define AG_PROPERTY(name, alias)
#include "properties.def"
#undef AG_CATEGORY
#undef AG_PROPERTY
};

static const property_t properties[] = {
#define AG_CATEGORY(name, alias, other, put)
#define AG_PROPERTY(name, alias) {name, alias, "", name},
#include "properties.def"
#undef AG_CATEGORY
#undef AG_PROPERTY
};

static int is(const ag_cursor_t *name, const char *other)
{
    apr_size_t n = (apr_size_t)(name->end - name->at);

    return n && n == strlen(other) && !memcmp(name->at, other, n);
}

static const char *find(const property_t *row, apr_size_t n, const ag_cursor_t *name)
{
    for (; n > 0; row++, n--) {
        if (is(name, row->name) || is(name, row->alias) || is(name, row->other)) {
            return row->put;
        }
    }
    return NULL;
}

static const char *category(const ag_cursor_t *name)
{
    return find(categories, sizeof categories / sizeof *categories, name);
}

static void put(ag_translate_t *t, int negative, const char *kind, const ag_cursor_t *name)
{
    ag_translate_put(t, negative ? "\\P{" : "\\p{");
    ag_translate_put(t, kind);
    if (name) {
        apr_size_t n = (apr_size_t)(name->end - name->at);

        if (t->out) {
            memcpy(t->out + t->n, name->at, n);
        }
        t->n += n;
    }
    ag_translate_put(t, "}");
}

/* Letters, digits and "_" */
static ag_cursor_t word(ag_cursor_t *s)
{
    ag_cursor_t word = *s;

    while (ag_take_alnum(s) || ag_take_is(s, '_')) {
    }
    word.end = s->at;
    return word;
}

static int with_value(ag_translate_t *t, int negative, const ag_cursor_t *name, const ag_cursor_t *value)
{
    const char *known = category(value);

    if (is(name, "General_Category") || is(name, "gc")) {
        if (!known) {
            return ag_translate_fail(t, "no general category of Unicode");
        }
        put(t, negative, known, NULL);
        return 1;
    }
    if (ag_cursor_done(value) || *value->at < 'A' || *value->at > 'Z') {
        return ag_translate_fail(t, "no script of Unicode");
    }
    if (is(name, "Script") || is(name, "sc")) {
        put(t, negative, "sc:", value);
        return 1;
    }
    if (is(name, "Script_Extensions") || is(name, "scx")) {
        put(t, negative, "scx:", value);
        return 1;
    }
    return ag_translate_fail(t, "no property that ECMA-262 knows");
}

static int alone(ag_translate_t *t, int negative, const ag_cursor_t *name)
{
    const char *known = category(name);

    if (is(name, "Assigned")) {
        put(t, !negative, "Cn", NULL);
        return 1;
    }
    if (!known) {
        known = find(properties, sizeof properties / sizeof *properties, name);
    }
    if (!known) {
        return ag_translate_fail(t, "no property that ECMA-262 knows: a script is \\p{Script=...}");
    }
    put(t, negative, known, NULL);
    return 1;
}

int ag_translate_property(ag_translate_t *t, int negative)
{
    ag_cursor_t name, value;
    int has_value;

    if (!ag_take_is(&t->s, '{')) {
        return ag_translate_fail(t, "\\p without braces");
    }
    name = word(&t->s);
    has_value = ag_take_is(&t->s, '=');
    value = word(&t->s);
    if (!ag_take_is(&t->s, '}')) {
        return ag_translate_fail(t, "no \\p{...}");
    }
    return has_value ? with_value(t, negative, &name, &value) : alone(t, negative, &name);
}
