/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting kinds: the plain ones. Each names the wrong value and what is allowed.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "setting.h"

int ag_setting_choose(const char *allowed, const char *word)
{
    apr_size_t n = strlen(word);
    int i = 0;

    if (strchr(word, '|')) {
        return -1; /* "off|on" is how the choice is written, not one of it */
    }
    for (;; i++) {
        const char *bar = strchr(allowed, '|');

        if (strncasecmp(allowed, word, n) == 0 && (allowed[n] == '|' || !allowed[n])) {
            return i;
        }
        if (!bar) {
            return -1;
        }
        allowed = bar + 1;
    }
}

const char *ag_setting_choices(const char *allowed, apr_pool_t *p)
{
    char *text = apr_pstrdup(p, allowed);
    const char *list = "";
    char *last, *word;

    for (word = apr_strtok(text, "|", &last); word;) {
        char *next = apr_strtok(NULL, "|", &last);

        list = apr_pstrcat(p, list, !*list ? "" : next ? ", " : " or ", word, NULL);
        word = next;
    }
    return list;
}

static const char *not_one_of(const char *word, const ag_setting_t *row, apr_pool_t *p)
{
    return apr_psprintf(p, "\"%s\" is not allowed: %s", word, ag_setting_choices(row->allowed, p));
}

static const char *only_one(const ag_words_t *words, apr_pool_t *p)
{
    return words->n == 1 ? NULL : apr_psprintf(p, "one value is allowed, \"%s\" is too many", words->v[1]);
}

static const char *parse_choice(void *value, const ag_setting_t *row, const ag_words_t *words,
                                const ag_setting_call_t *call)
{
    int choice = ag_setting_choose(row->allowed, words->v[0]);

    if (choice < 0) {
        return not_one_of(words->v[0], row, call->p);
    }
    *(int *)value = choice;
    return only_one(words, call->p);
}

static int is_off(const char *word)
{
    return strcasecmp(word, "off") == 0 || strcasecmp(word, "none") == 0;
}

static const char *parse_flags(void *value, const ag_setting_t *row, const ag_words_t *words,
                               const ag_setting_call_t *call)
{
    unsigned flags = 0;
    int i;

    for (i = 0; i < words->n; i++) {
        int choice = ag_setting_choose(row->allowed, words->v[i]);

        if (choice < 0) {
            return not_one_of(words->v[i], row, call->p);
        }
        if (is_off(words->v[i]) && words->n > 1) {
            return apr_psprintf(call->p, "\"%s\" stands alone", words->v[i]);
        }
        flags |= is_off(words->v[i]) ? 0 : 1u << choice;
    }
    *(unsigned *)value = flags;
    return NULL;
}

static const char *parse_number(void *value, const ag_setting_t *row, const ag_words_t *words,
                                const ag_setting_call_t *call)
{
    const char *max = strstr(row->allowed, "..") + 2;
    const char *error =
        ag_measure_number(value, words->v[0], strtol(row->allowed, NULL, 10), strtol(max, NULL, 10), call->p);

    return error ? error : only_one(words, call->p);
}

static const char *parse_duration(void *value, const ag_setting_t *row, const ag_words_t *words,
                                  const ag_setting_call_t *call)
{
    const char *error;

    if (row->allowed && strcasecmp(row->allowed, words->v[0]) == 0) {
        *(apr_int64_t *)value = 0; /* the one word that says: no bound */
        return only_one(words, call->p);
    }
    error = ag_measure_duration(value, words->v[0], call->p);
    if (!error && row->allowed && *(apr_int64_t *)value == 0) {
        error = apr_psprintf(call->p, "\"%s\" is not allowed: a duration or %s", words->v[0], row->allowed);
    }
    return error ? error : only_one(words, call->p);
}

static const char *parse_size(void *value, const ag_setting_t *row, const ag_words_t *words,
                              const ag_setting_call_t *call)
{
    const char *error = ag_measure_size(value, words->v[0], call->p);
    apr_int64_t least = 0;

    if (!error && row->allowed && !ag_measure_size(&least, row->allowed, call->p) && *(apr_int64_t *)value < least) {
        error = apr_psprintf(call->p, "\"%s\" is not allowed: at least %s", words->v[0], row->allowed);
    }
    return error ? error : only_one(words, call->p);
}

static const char *parse_text(void *value, const ag_setting_t *row, const ag_words_t *words,
                              const ag_setting_call_t *call)
{
    (void)row;
    *(const char **)value = words->v[0];
    return only_one(words, call->p);
}

static const char *parse_words(void *value, const ag_setting_t *row, const ag_words_t *words,
                               const ag_setting_call_t *call)
{
    static const ag_words_t empty = {0, NULL};
    int i;

    for (i = 0; row->allowed && i < words->n; i++) {
        if (ag_setting_choose(row->allowed, words->v[i]) < 0) {
            return not_one_of(words->v[i], row, call->p);
        }
    }
    *(ag_words_t *)value = words->n == 1 && is_off(words->v[0]) ? empty : *words;
    return NULL;
}

static ag_id_t digest_int(const void *value)
{
    ag_id_t id = {*(const unsigned *)value, 0};

    return id;
}

static ag_id_t digest_int64(const void *value)
{
    ag_id_t id = {(apr_uint64_t) * (const apr_int64_t *)value, 0};

    return id;
}

const ag_setting_kind_t ag_kind_choice = {parse_choice, NULL, digest_int};
const ag_setting_kind_t ag_kind_flags = {parse_flags, NULL, digest_int};
const ag_setting_kind_t ag_kind_number = {parse_number, NULL, digest_int64};
const ag_setting_kind_t ag_kind_duration = {parse_duration, NULL, digest_int64};
const ag_setting_kind_t ag_kind_size = {parse_size, NULL, digest_int64};
const ag_setting_kind_t ag_kind_text = {parse_text, NULL, NULL};
const ag_setting_kind_t ag_kind_words = {parse_words, NULL, NULL};
