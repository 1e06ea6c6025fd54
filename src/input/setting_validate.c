/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardValidate.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "media.h"

#define ALLOWED   "on, or type=TYPE/SUBTYPE,... max-body=SIZE decompress=SIZE " AG_FORM_OPTIONS ", or off"
#define USUAL_MAX (APR_INT64_C(1) << 20)

static const char *usual_types[] = {"application/json"};

const ag_validate_t ag_validate_usual = {{1, usual_types}, "application/json", USUAL_MAX, 0, AG_FORM_LIMITS, 0, NULL};

static const char *read_types(ag_validate_t *validate, const char *list, apr_pool_t *p)
{
    apr_array_header_t *types = apr_array_make(p, 4, sizeof(char *));
    char *last = NULL, *word;
    const char *error = NULL;

    for (word = apr_strtok(apr_pstrdup(p, list), ",", &last); word && !error; word = apr_strtok(NULL, ",", &last)) {
        error = ag_media_range(apr_array_push(types), word, p);
    }
    validate->types.n = types->nelts;
    validate->types.v = (const char **)types->elts;
    return error || types->nelts ? error : "type= names no type";
}

static const char *read_size(apr_int64_t *size, const char *name, const char *text, apr_pool_t *p)
{
    const char *error = ag_measure_size(size, text, p);

    if (!error && *size < 1) {
        error = apr_psprintf(p, "\"%s\" is not allowed: at least 1", text);
    }
    return error ? apr_pstrcat(p, name, "=: ", error, NULL) : NULL;
}

static const char *read_word(ag_validate_t *validate, const char *word, unsigned *seen, apr_pool_t *p)
{
    static const char *const names[] = {"type", "max-body", "decompress"};
    const char *value = NULL, *error = NULL;
    int form = ag_form_option(&validate->form, word, &error, p);
    unsigned i;

    for (i = 0; i < 3 && !(value = ag_text_option(word, names[i])); i++) {
    }
    if (!value && !form) {
        return apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, word);
    }
    if (*seen & 1u << (i + (unsigned)form)) {
        return apr_psprintf(p, "%.*s= is given twice", (int)strcspn(word, "="), word);
    }
    *seen |= 1u << (i + (unsigned)form);
    if (form) {
        return error;
    }
    return i == 0 ? read_types(validate, value, p)
                  : read_size(i == 1 ? &validate->most : &validate->decompress, names[i], value, p);
}

/* As the client is told: the types, parted by commas. */
static const char *accept_of(const ag_words_t *types, apr_pool_t *p)
{
    const char *text = types->v[0];
    int i;

    for (i = 1; i < types->n; i++) {
        text = apr_pstrcat(p, text, ", ", types->v[i], NULL);
    }
    return text;
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_validate_t *validate = apr_pmemdup(call->p, &ag_validate_usual, sizeof *validate);
    const char *error = NULL;
    unsigned seen = 0;
    int i;

    (void)row;
    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        *(const ag_validate_t **)value = NULL;
        return call->later ? NULL : "off is not allowed in .htaccess";
    }
    for (i = words->n == 1 && strcasecmp(words->v[0], "on") == 0; !error && i < words->n; i++) {
        error = read_word(validate, words->v[i], &seen, call->p);
    }
    validate->accept = accept_of(&validate->types, call->p);
    validate->htaccess = !call->later;
    *(const ag_validate_t **)value = validate;
    return error;
}

/* What stands in .htaccess holds beside what it inherits, so it may narrow and not widen. httpd merges all <Files> first: then
 * a line of .htaccess may stand on one of the server's, which takes the place of the outer one. */
static const ag_validate_t *beside(const ag_validate_t *inner, const ag_validate_t *outer, apr_pool_t *p)
{
    ag_validate_t *both;

    if (!inner || !inner->htaccess) {
        return inner ? inner : outer;
    }
    both = apr_pmemdup(p, inner, sizeof *both);
    both->beneath = beside(inner->beneath, outer, p);
    return both;
}

static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_validate_t *out = *(const ag_validate_t *const *)outer, *in = *(const ag_validate_t *const *)inner;

    *(const ag_validate_t **)value = in ? beside(in, out, p) : NULL;
}

const ag_setting_kind_t ag_kind_validate = {parse, merge, NULL};
