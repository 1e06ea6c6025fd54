/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: "--name value" or "--name=value", in any order, until "--". An option that is not in the
 * table, comes twice or lacks its value is an error, never a guess.
 */
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "ctl.h"

/* The row of "--name" or "--name=value" (then *value points behind the sign), or NULL. */
static const ag_opt_t *find(const ag_opt_t *table, const char *word, const char **value)
{
    *value = NULL;
    for (; table && table->name; table++) {
        apr_size_t n = strlen(table->name);

        if (strncmp(word + 2, table->name, n) == 0 && (!word[n + 2] || word[n + 2] == '=')) {
            *value = word[n + 2] ? word + n + 3 : NULL;
            return table;
        }
    }
    return NULL;
}

static void add_word(ag_words_t *words, const char *word, apr_pool_t *p)
{
    const char **v = apr_palloc(p, ((apr_size_t)words->n + 1) * sizeof *v);

    if (words->n) {
        memcpy(v, words->v, (apr_size_t)words->n * sizeof *v);
    }
    v[words->n++] = word;
    words->v = v;
}

static const char *set_option(void *into, const ag_opt_t *option, const char *value, apr_pool_t *p)
{
    void *at = (char *)into + option->offset;

    if (option->kind == AG_OPT_LIST) {
        add_word(at, value, p);
        return NULL;
    }
    if (*(const char **)at) {
        return apr_psprintf(p, "--%s is given twice", option->name);
    }
    *(const char **)at = value;
    return NULL;
}

/* Reads the option at words->v[*i]; *i is left at the last word that belongs to it. */
static const char *read_option(void *into, const ag_opt_t *table, const ag_words_t *words, int *i, apr_pool_t *p)
{
    const char *word = words->v[*i];
    const char *value;
    const ag_opt_t *option = find(table, word, &value);

    if (!option) {
        return apr_psprintf(p, "%.*s is not an option of this command", (int)strcspn(word, "="), word);
    }
    if (option->kind == AG_OPT_FLAG) {
        *(int *)((char *)into + option->offset) = 1;
        return value ? apr_psprintf(p, "--%s takes no value", option->name) : NULL;
    }
    if (!value && *i + 1 < words->n && strncmp(words->v[*i + 1], "--", 2) != 0) {
        value = words->v[++*i];
    }
    if (!value) {
        return apr_psprintf(p, "--%s needs a value: %s", option->name, option->value);
    }
    return set_option(into, option, value, p);
}

const char *ag_ctl_options(void *into, ag_words_t *operands, const ag_opt_t *table, const ag_words_t *words,
                           apr_pool_t *p)
{
    const char *error = NULL;
    int plain = 0;
    int i;

    memset(operands, 0, sizeof *operands);
    for (i = 0; i < words->n && !error; i++) {
        const char *word = words->v[i];

        if (plain || strncmp(word, "--", 2) != 0) {
            add_word(operands, word, p);
        }
        else if (!word[2]) {
            plain = 1;
        }
        else {
            error = read_option(into, table, words, &i, p);
        }
    }
    return error;
}
