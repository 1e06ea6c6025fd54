/* SPDX-License-Identifier: Apache-2.0 */
/*
 * param_line: the words are taken apart first and understood then, so their order does not matter.
 */
#include "param_line.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/principal.h"
#include "../core/setting.h"

typedef enum { IN, TYPE, MIN, MAX, LENGTH, PATTERN, ENUM, LIST, REQUIRED, DEFAULT, N_WORDS } word_e;

#define ALLOWED                                                                                                      \
    "in=query|header type=TYPE min= max= length=A..B pattern= enum=A,B list required default=VALUE, or off"
#define LENGTH_MOST 1000000
#define NAME_MOST   255

/* The line's words; of `list` and `required` the word itself. */
typedef struct {
    const char *values[N_WORDS];
    ag_param_t *param;
    apr_pool_t *p;
} line_t;

static const char *const names[N_WORDS] = {"in",      "type", "min",  "max",      "length",
                                           "pattern", "enum", "list", "required", "default"};

static const char *take_word(line_t *line, const char *word)
{
    int i;

    for (i = 0; i < N_WORDS; i++) {
        int flag = i == LIST || i == REQUIRED;
        const char *value = !flag ? ag_text_option(word, names[i]) : strcasecmp(word, names[i]) == 0 ? word : NULL;

        if (value && line->values[i]) {
            return apr_psprintf(line->p, "%s is given twice", names[i]);
        }
        if (value) {
            line->values[i] = value;
            return NULL;
        }
    }
    return apr_psprintf(line->p, "\"%s\" is not allowed: " ALLOWED, word);
}

static const char *not_allowed(const line_t *line, word_e word, const char *allowed)
{
    return apr_psprintf(line->p, "%s=: \"%s\" is not allowed: %s", names[word], line->values[word], allowed);
}

/* ---- what each word says ------------------------------------------------------------------------- */

static const char *read_in(line_t *line)
{
    int choice = ag_setting_choose("query|header", line->values[IN]);

    line->param->header = choice == 1;
    return choice < 0 ? not_allowed(line, IN, "query or header") : NULL;
}

static const char *read_type(line_t *line)
{
    line->param->type = ag_param_type(line->values[TYPE]);
    if (!line->param->type) {
        return not_allowed(line, TYPE, ag_setting_choices(ag_param_types, line->p));
    }
    line->param->number = ag_param_type_number(line->param->type);
    line->param->format = ag_param_type_format(line->param->type);
    return NULL;
}

static const char *read_bound(line_t *line, word_e word, const ag_number_t **bound)
{
    ag_number_t *number = apr_palloc(line->p, sizeof *number);
    const char *text = line->values[word];

    if (!line->param->number) {
        return apr_psprintf(line->p, "%s= is for type=integer and type=number", names[word]);
    }
    if (ag_number_read(number, text, strlen(text)) != 0) {
        return not_allowed(line, word, "a number, as JSON has it");
    }
    *bound = number;
    line->param->bounds[word - MIN] = text;
    return NULL;
}

static const char *read_min(line_t *line)
{
    return read_bound(line, MIN, &line->param->min);
}

static const char *read_max(line_t *line)
{
    const char *error = read_bound(line, MAX, &line->param->max);

    if (!error && line->param->min && ag_number_compare(line->param->min, line->param->max) > 0) {
        error = "min= is more than max=";
    }
    return error;
}

/* "A..B", "A..", "..B", or "A" for exactly so many. */
static const char *read_length(line_t *line)
{
    const char *text = line->values[LENGTH], *dots = strstr(text, "..");
    const char *first = dots ? apr_pstrmemdup(line->p, text, (apr_size_t)(dots - text)) : text;
    const char *last = dots ? dots + 2 : text;
    apr_int64_t least = 0, most = -1;

    if (!ag_param_type_text(line->param->type)) {
        return "length= is for type=string";
    }
    if ((!*first && !*last) || (*first && ag_measure_number(&least, first, 0, LENGTH_MOST, line->p))
        || (*last && ag_measure_number(&most, last, 0, LENGTH_MOST, line->p)) || (most >= 0 && least > most)) {
        return not_allowed(line, LENGTH, "A..B, A.., ..B or A, in characters up to 1000000");
    }
    line->param->shortest = (apr_uint64_t)least;
    line->param->longest = most < 0 ? APR_UINT64_MAX : (apr_uint64_t)most;
    line->param->bounds[2] = apr_psprintf(line->p, "%s characters", text);
    return NULL;
}

/* Anchored, as all patterns of ours are. */
static const char *read_pattern(line_t *line)
{
    const char *text = apr_pstrcat(line->p, "^(?:", line->values[PATTERN], ")$", NULL);
    ag_pattern_t *pattern;
    const char *error = ag_pattern_compile(&pattern, line->values[PATTERN], strlen(line->values[PATTERN]), line->p);

    error = error ? error : ag_pattern_compile(&pattern, text, strlen(text), line->p); /* "a)(b" is none */
    line->param->pattern = pattern;
    return error ? apr_psprintf(line->p, "pattern=: %s", error) : NULL;
}

static const char *read_enum(line_t *line)
{
    ag_words_t *allowed = &line->param->allowed;
    const char *text = line->values[ENUM], *all = "";
    apr_array_header_t *words = apr_array_make(line->p, 4, sizeof(char *));
    ag_param_wrong_t wrong;
    int i;

    for (;; text += strcspn(text, ",") + 1) {
        apr_size_t n = strcspn(text, ",");

        APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(line->p, text, n);
        if (!text[n]) {
            break;
        }
    }
    for (i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        if (!ag_param_fits(&wrong, line->param, ag_span(word, strlen(word)), line->p)) {
            return apr_psprintf(line->p, "enum=: \"%s\" %s", word, wrong.detail);
        }
        all = apr_pstrcat(line->p, all, i ? ", " : "", word, NULL);
    }
    allowed->n = words->nelts;
    allowed->v = (const char **)words->elts;
    line->param->bounds[3] = all;
    return NULL;
}

static const char *read_list(line_t *line)
{
    line->param->list = 1;
    return NULL;
}

static const char *read_required(line_t *line)
{
    line->param->required = 1;
    return line->values[DEFAULT] ? "required and default= exclude each other" : NULL;
}

/* httpd has read these before, or says what it likes. */
static const char *check_told(const line_t *line)
{
    static const char taken[] =
        "Connection|Content-Length|Expect|Host|Keep-Alive|TE|Trailer|Transfer-Encoding|Upgrade";
    const char *at;

    if (line->param->header && ag_setting_choose(taken, line->param->name) >= 0) {
        return apr_psprintf(line->p, "%s has no default=: httpd has read the field before", line->param->name);
    }
    for (at = line->values[DEFAULT]; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            return "default=: a control character is not allowed";
        }
    }
    return NULL;
}

static const char *read_default(line_t *line)
{
    ag_param_t *param = line->param;
    const char *text = line->values[DEFAULT];
    ag_span_t rest = ag_span(text, strlen(text)), item = rest;
    const char *error = check_told(line);
    ag_param_wrong_t wrong;

    while (!error && ag_span_part(&item, &rest, param->list ? ',' : '\0')) {
        if (!ag_span_utf8(item)) {
            error = "default= is no UTF-8";
        }
        else if (!ag_param_fits(&wrong, param, item, line->p)) {
            error = apr_psprintf(line->p, "default=: \"%.*s\" %s", (int)item.n, item.at, wrong.detail);
        }
    }
    param->fallback = text;
    if (!param->header) {
        param->told = apr_pstrcat(line->p, apr_pescape_urlencoded(line->p, param->name), "=",
                                  apr_pescape_urlencoded(line->p, text), NULL);
    }
    return error;
}

/* Where a name may be another thing than what it looks like, it is none. */
static const char *check_name(const line_t *line)
{
    const char *name = line->param->name;

    if (line->param->header) {
        return ag_text_token(name) && !ag_text_behind(name, AG_IDENTITY_PREFIX)
                   ? NULL
                   : apr_psprintf(line->p,
                                  "\"%s\" is not allowed: the name of a field (but X-ApiGuard-*, which is dropped)",
                                  name);
    }
    return *name && strlen(name) <= NAME_MOST && !strpbrk(name, "&=;%+#*") && ag_text_printable(name)
               ? NULL
               : apr_psprintf(
                   line->p,
                   "\"%s\" is not allowed: an argument's name as it is when decoded, without & = ; %% + # *, at "
                   "most 255 bytes",
                   name);
}

/* In the order in which they are understood: bounds and values by the type, defaults by all. */
static const char *(*const readers[N_WORDS])(line_t *line) = {read_in,       read_type,    read_min,  read_max,
                                                              read_length,   read_pattern, read_enum, read_list,
                                                              read_required, read_default};

/* ---- the line ------------------------------------------------------------------------------------ */

/* Of the words of `NAME off`, `in=` alone may stand beside it. */
static const char *check_off(const line_t *line, int n, int tenant)
{
    return tenant                               ? "off is not allowed in .htaccess"
           : n > 2 + (line->values[IN] != NULL) ? "off stands alone"
                                                : NULL;
}

const char *ag_param_line(ag_param_t *param, const ag_words_t *words, int tenant, apr_pool_t *p)
{
    line_t line = {.param = param, .p = p};
    const char *error = NULL;
    int i;

    memset(param, 0, sizeof *param);
    param->name = words->v[0];
    param->type = ag_param_type("string");
    param->longest = APR_UINT64_MAX;
    param->tenant = tenant;
    for (i = 1; !error && i < words->n; i++) {
        if (strcasecmp(words->v[i], "off") == 0) {
            param->off = 1;
        }
        else {
            error = take_word(&line, words->v[i]);
        }
    }
    for (i = 0; !error && i < N_WORDS; i++) {
        error = line.values[i] ? readers[i](&line) : NULL;
    }
    error = error ? error : check_name(&line);
    return !error && param->off ? check_off(&line, words->n, tenant) : error;
}
