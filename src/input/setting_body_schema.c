/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardBodySchema. A file is opened when all of the configuration is read, once for all the lines
 * that name it.
 */
#include "body_schema.h"

#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"

#define ALLOWED "METHOD,METHOD file:PATH [format=assert], METHOD,METHOD none, or none"

/* ---- the file ------------------------------------------------------------------------------------ */

static const char *read_file(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    char *read;
    const char *error = ag_open_source(&read, n, apr_pstrcat(p, "file:", path, NULL), p);

    (void)ctx;
    *text = error ? NULL : read;
    return error;
}

static const char *open_file(void *ctx, ag_later_call_t *call)
{
    ag_schema_file_t *file = ctx;
    ag_schema_options_t options = {.dialect = AG_DIALECT_2020_12, .formats = file->formats, .read = read_file};
    ag_schemas_t *schemas = ag_schemas_make(&options, call->p);
    const char *error = ag_schemas_add_file(schemas, file->path);

    error = error ? error : ag_schemas_compile(&file->schema, schemas, file->path, "");
    return error ? error : ag_schemas_finish(schemas);
}

static const char *find_file(const ag_schema_file_t **file, const char *source, int formats, const ag_setting_t *row,
                             const ag_setting_call_t *call)
{
    const char *path = strncmp(source, "file:", 5) == 0 ? ag_open_absolute(source, call->root, call->p) : NULL;
    ag_schema_file_t *made = apr_pcalloc(call->p, sizeof *made);
    ag_schema_file_t *first;

    if (!path) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: " ALLOWED, source);
    }
    made->path = path + 5;
    made->formats = formats;
    first = ag_setting_first(call->named, NULL, apr_psprintf(call->p, "body schema %d %s", formats, made->path), made,
                             call->p);
    *file = first;
    return first == made ? ag_setting_later(call, row->name, AG_LATER_OURS, open_file, made) : NULL;
}

/* ---- methods ------------------------------------------------------------------------------------- */

/* Registered ones (RFC 9110 s16.1), which have a body or may: a name that is none of them is a slip. */
static int is_method(const char *word)
{
    static const char *const known =
        " ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR "
        "MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND "
        "REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL ";
    apr_size_t n = strlen(word);
    const char *at;

    for (at = strstr(known, word); n && at; at = strstr(at + 1, word)) {
        if (at[-1] == ' ' && at[n] == ' ') {
            return 1;
        }
    }
    return 0;
}

static void put(apr_array_header_t *list, const char *method, const ag_schema_file_t *file)
{
    ag_method_schema_t *one = NULL;
    int i;

    for (i = 0; i < list->nelts && !one; i++) {
        ag_method_schema_t *there = &APR_ARRAY_IDX(list, i, ag_method_schema_t);

        one = strcmp(there->method, method) == 0 ? there : NULL;
    }
    one = one ? one : apr_array_push(list);
    one->method = method;
    one->file = file;
}

static const char *read_methods(ag_body_schemas_t *schemas, const char *list, const ag_schema_file_t *file,
                                apr_pool_t *p)
{
    char *last = NULL, *word;

    for (word = apr_strtok(apr_pstrdup(p, list), ",", &last); word; word = apr_strtok(NULL, ",", &last)) {
        if (!is_method(word)) {
            return apr_psprintf(p, "\"%s\" is no method: POST, PUT, PATCH, QUERY ..., in capital letters", word);
        }
        put(schemas->list, word, file);
    }
    return NULL;
}

/* ---- the line ------------------------------------------------------------------------------------ */

static ag_body_schemas_t *make(apr_pool_t *p)
{
    ag_body_schemas_t *schemas = apr_pcalloc(p, sizeof *schemas);

    schemas->list = apr_array_make(p, 4, sizeof(ag_method_schema_t));
    return schemas;
}

static const char *parse_file(ag_body_schemas_t *schemas, const ag_setting_t *row, const ag_words_t *words,
                              const ag_setting_call_t *call)
{
    const ag_schema_file_t *file = NULL;
    int none = strcasecmp(words->v[1], "none") == 0;
    const char *error = NULL;

    if (words->n > 3 || (words->n == 3 && (none || strcmp(words->v[2], "format=assert") != 0))) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: " ALLOWED, words->v[words->n - 1]);
    }
    if (!none) {
        error = find_file(&file, words->v[1], words->n == 3, row, call);
    }
    return error ? error : read_methods(schemas, words->v[0], file, call->p);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_body_schemas_t **schemas = value;

    if (!call->again || !*schemas) {
        *schemas = make(call->p);
    }
    if (words->n == 1 && strcasecmp(words->v[0], "none") == 0) {
        apr_array_clear((*schemas)->list);
        (*schemas)->alone = 1;
        return NULL;
    }
    return words->n == 1 ? "a schema is missing: " ALLOWED : parse_file(*schemas, row, words, call);
}

static void merge(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_body_schemas_t *out = *(const ag_body_schemas_t *const *)outer,
                            *in = *(const ag_body_schemas_t *const *)inner;
    ag_body_schemas_t *both = make(p);
    int i;

    both->alone = out->alone || in->alone;
    for (i = 0; !in->alone && i < out->list->nelts; i++) {
        APR_ARRAY_PUSH(both->list, ag_method_schema_t) = APR_ARRAY_IDX(out->list, i, ag_method_schema_t);
    }
    for (i = 0; i < in->list->nelts; i++) {
        const ag_method_schema_t *one = &APR_ARRAY_IDX(in->list, i, ag_method_schema_t);

        put(both->list, one->method, one->file);
    }
    *(ag_body_schemas_t **)value = both;
}

const ag_setting_kind_t ag_kind_body_schemas = {parse, merge, NULL};
