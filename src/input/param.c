/* SPDX-License-Identifier: Apache-2.0 */
/*
 * param: a value against a line of ApiGuardParam: a table of rules, tried in order; the first that does not hold is told.
 */
#include "param.h"

#include <string.h>

#include <apr_strings.h>

/* ---- types --------------------------------------------------------------------------------------- */

struct ag_param_type_t {
    const char *name;
    const char *format; /* of schema/format.h */
    int (*fits)(ag_span_t text);
    const char *detail;
    int number;
};

/* JSON's grammar (RFC 8259 s6): no "+", no blanks, no leading zeros. */
static int is_number(ag_span_t text)
{
    ag_number_t number;

    return ag_number_read(&number, text.at, text.n) == 0;
}

/* 1.0 and 1e2 are whole, too, but many backends read them as 1 or not at all. */
static int is_integer(ag_span_t text)
{
    apr_size_t i;

    for (i = 0; i < text.n && (ag_text_digit(text.at[i]) || text.at[i] == '-'); i++) {
    }
    return i == text.n && is_number(text);
}

static int is_boolean(ag_span_t text)
{
    return (text.n == 4 && memcmp(text.at, "true", 4) == 0) || (text.n == 5 && memcmp(text.at, "false", 5) == 0);
}

static const struct ag_param_type_t types[] = {
    {"string", NULL, NULL, NULL, 0},
    {"integer", NULL, is_integer, "is no integer", 1},
    {"number", NULL, is_number, "is no number", 1},
    {"boolean", NULL, is_boolean, "is neither true nor false", 0},
    {"date", "date", NULL, NULL, 0},
    {"date-time", "date-time", NULL, NULL, 0},
    {"uuid", "uuid", NULL, NULL, 0},
};

const char ag_param_types[] = "string|integer|number|boolean|date|date-time|uuid";

const struct ag_param_type_t *ag_param_type(const char *word)
{
    apr_size_t i;

    for (i = 0; i < sizeof types / sizeof *types && strcmp(types[i].name, word) != 0; i++) {
    }
    return i < sizeof types / sizeof *types ? &types[i] : NULL;
}

int ag_param_type_number(const struct ag_param_type_t *type)
{
    return type->number;
}

const ag_format_t *ag_param_type_format(const struct ag_param_type_t *type)
{
    return type->format ? ag_format(type->format, strlen(type->format)) : NULL;
}

int ag_param_type_text(const struct ag_param_type_t *type)
{
    return type == types;
}

/* ---- rules --------------------------------------------------------------------------------------- */

typedef struct {
    const ag_param_t *param;
    ag_span_t text;
    ag_number_t number; /* if param->number */
    ag_param_wrong_t *wrong;
    apr_pool_t *p;
} run_t;

static int fits_type(run_t *run)
{
    const struct ag_param_type_t *type = run->param->type;
    const ag_format_t *format = run->param->format;

    if (format) {
        run->wrong->detail = format->detail;
        return format->fits(run->text.at, run->text.n);
    }
    run->wrong->detail = type->detail;
    return (!type->fits || type->fits(run->text))
           && (!type->number || ag_number_read(&run->number, run->text.at, run->text.n) == 0);
}

static int fits_min(run_t *run)
{
    const ag_param_t *param = run->param;

    return !param->min || ag_number_compare(&run->number, param->min) >= 0;
}

static int fits_max(run_t *run)
{
    const ag_param_t *param = run->param;

    return !param->max || ag_number_compare(&run->number, param->max) <= 0;
}

/* UTF-8: each byte that does not go on with a character begins one. */
static apr_uint64_t characters(ag_span_t text)
{
    apr_uint64_t n = 0;
    apr_size_t i;

    for (i = 0; i < text.n; i++) {
        n += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    }
    return n;
}

static int fits_length(run_t *run)
{
    const ag_param_t *param = run->param;
    apr_uint64_t n;

    if (!param->shortest && param->longest == APR_UINT64_MAX) {
        return 1;
    }
    n = characters(run->text);
    return n >= param->shortest && n <= param->longest;
}

static int fits_pattern(run_t *run)
{
    int matches = run->param->pattern ? ag_pattern_matches(run->param->pattern, run->text.at, run->text.n, NULL) : 1;

    run->wrong->costly = matches < 0;
    run->wrong->detail =
        matches < 0 ? "takes too long to be compared with the pattern" : "does not match the pattern";
    return matches > 0;
}

static int is_allowed(const run_t *run, const char *word)
{
    ag_number_t number;

    if (run->param->number) {
        return ag_number_read(&number, word, strlen(word)) == 0 && ag_number_compare(&run->number, &number) == 0;
    }
    return strlen(word) == run->text.n && memcmp(word, run->text.at, run->text.n) == 0;
}

static int fits_enum(run_t *run)
{
    const ag_words_t *allowed = &run->param->allowed;
    int i;

    for (i = 0; i < allowed->n && !is_allowed(run, allowed->v[i]); i++) {
    }
    return !allowed->n || i < allowed->n;
}

/* `bound`: which of param->bounds ends the sentence; -1: the rule has said all. */
static const struct {
    int (*fits)(run_t *run);
    const char *keyword;
    const char *detail;
    int bound;
} rules[] = {
    {fits_type, "type", NULL, -1},         {fits_min, "min", "is less than ", 0},
    {fits_max, "max", "is more than ", 1}, {fits_length, "length", "has another length than ", 2},
    {fits_pattern, "pattern", NULL, -1},   {fits_enum, "enum", "is none of ", 3},
};

int ag_param_fits(ag_param_wrong_t *wrong, const ag_param_t *param, ag_span_t value, apr_pool_t *p)
{
    run_t run = {.param = param, .text = value, .wrong = wrong, .p = p};
    apr_size_t i;

    memset(wrong, 0, sizeof *wrong);
    for (i = 0; i < sizeof rules / sizeof *rules && rules[i].fits(&run); i++) {
    }
    if (i == sizeof rules / sizeof *rules) {
        return 1;
    }
    wrong->keyword = rules[i].keyword;
    if (rules[i].detail) {
        wrong->detail = apr_pstrcat(p, rules[i].detail, param->bounds[rules[i].bound], NULL);
    }
    return 0;
}
