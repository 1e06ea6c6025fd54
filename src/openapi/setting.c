/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardOpenAPI. The document is read when all of the configuration is; sections that say the same
 * share it.
 */
#include <apr_strings.h>

#include "../core/open.h"
#include "openapi.h"

#define ALLOWED "file:openapi.json [unknown=refuse|pass] [base=/PREFIX] [format=assert] [scopes=on], or none"

/* ---- words --------------------------------------------------------------------------------------- */

static const char *read_unknown(ag_openapi_options_t *options, const char *text, apr_pool_t *p)
{
    options->pass = ag_setting_choose("refuse|pass", text);
    return options->pass < 0 ? apr_psprintf(p, "unknown=%s: \"refuse\" or \"pass\"", ag_text_plain(text, p)) : NULL;
}

/* "/" is the empty prefix. */
static const char *read_base(ag_openapi_options_t *options, const char *text, apr_pool_t *p)
{
    apr_size_t n = strlen(text);

    if (*text != '/' || !ag_text_visible(text, n, 0) || strpbrk(text, "{}?#%;\\") || strstr(text, "//")) {
        return apr_psprintf(p, "base=%s: the beginning of a path, such as /api/v1", ag_text_plain(text, p));
    }
    options->base = apr_pstrmemdup(p, text, text[n - 1] == '/' ? n - 1 : n);
    return NULL;
}

static const char *read_format(ag_openapi_options_t *options, const char *text, apr_pool_t *p)
{
    options->formats = 1;
    return strcasecmp(text, "assert") != 0 ? apr_psprintf(p, "format=%s: \"assert\"", ag_text_plain(text, p)) : NULL;
}

static const char *read_scopes(ag_openapi_options_t *options, const char *text, apr_pool_t *p)
{
    options->scopes = ag_setting_choose("off|on", text);
    return options->scopes < 0 ? apr_psprintf(p, "scopes=%s: \"on\" or \"off\"", ag_text_plain(text, p)) : NULL;
}

static const struct {
    const char *name;
    const char *(*read)(ag_openapi_options_t *options, const char *text, apr_pool_t *p);
} options[] = {{"unknown", read_unknown}, {"base", read_base}, {"format", read_format}, {"scopes", read_scopes}};
#define N_OPTIONS (int)(sizeof options / sizeof *options)

static const char *read_option(ag_openapi_options_t *into, unsigned *seen, const char *word, apr_pool_t *p)
{
    const char *value = NULL;
    int i;

    for (i = 0; i < N_OPTIONS && !(value = ag_text_option(word, options[i].name)); i++) {
    }
    if (!value) {
        return apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, ag_text_plain(word, p));
    }
    if (*seen & 1u << i) {
        return apr_pstrcat(p, options[i].name, "= is given twice", NULL);
    }
    *seen |= 1u << i;
    return options[i].read(into, value, p);
}

/* ---- when all is read ---------------------------------------------------------------------------- */

/* What it is compiled to depends on all of this. */
static const char *key_of(const ag_openapi_line_t *line, apr_pool_t *p)
{
    const ag_openapi_options_t *o = &line->options;

    return apr_psprintf(p, "openapi %d%d%d %s %s", o->pass, o->formats, o->scopes, o->base ? o->base : "-",
                        line->file);
}

static const char *load(void *ctx, ag_later_call_t *call)
{
    ag_openapi_line_t *line = ctx;
    ag_openapi_line_t *first = ag_setting_first(call->named, NULL, key_of(line, call->p), line, call->p);
    const apr_array_header_t *warnings;
    const char *error;

    if (first != line) {
        line->openapi = first->openapi;
        return NULL;
    }
    error = ag_openapi_load(&line->openapi, line->file, &line->options, call->p);
    if (error) {
        return error;
    }
    warnings = ag_openapi_warnings(line->openapi);
    if (warnings->nelts) {
        call->warning = apr_psprintf(call->ptmp, "%s (\"apiguardctl openapi check %s\" tells of all %d oddities)",
                                     APR_ARRAY_IDX(warnings, 0, const char *), line->file, warnings->nelts);
    }
    return NULL;
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_openapi_line_t *line = apr_pcalloc(call->p, sizeof *line);
    const char *error = NULL, *file;
    unsigned seen = 0;
    int i;

    *(const ag_openapi_line_t **)value = NULL;
    if (words->n == 1 && (strcasecmp(words->v[0], "none") == 0 || strcasecmp(words->v[0], "off") == 0)) {
        return NULL;
    }
    file = strncmp(words->v[0], "file:", 5) == 0 ? ag_open_absolute(words->v[0], call->root, call->p) : NULL;
    if (!file) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: " ALLOWED, ag_text_plain(words->v[0], call->p));
    }
    line->file = file + strlen("file:");
    for (i = 1; !error && i < words->n; i++) {
        error = read_option(&line->options, &seen, words->v[i], call->p);
    }
    *(const ag_openapi_line_t **)value = line;
    return error ? error : ag_setting_later(call, row->name, AG_LATER_OURS, load, line);
}

const ag_setting_kind_t ag_kind_openapi = {parse, NULL, NULL};
