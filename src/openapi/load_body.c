/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_body: Request Body Objects: media types, narrower ranges first, their schemas, and the fields of forms that have an
 * encoding of their own.
 */
#include <stdlib.h>

#include <apr_strings.h>

#include "load.h"

static const char *read_fields(ag_content_t *content, ag_loader_t *loader, const ag_at_t *encoding)
{
    apr_array_header_t *fields = apr_array_make(loader->p, 4, sizeof(ag_parameter_t));
    ag_at_t each = {0};
    const char *name, *error = NULL;

    while (!error && ag_at_next(&each, &name, loader, encoding)) {
        ag_parameter_t *field = apr_array_push(fields);

        memset(field, 0, sizeof *field);
        field->name = apr_pstrdup(loader->p, name);
        field->n = strlen(name);
        error = ag_load_encoding(field, loader, &each);
    }
    content->fields = (const ag_parameter_t *)fields->elts;
    content->n_fields = fields->nelts;
    return error;
}

/* Also as "application" or anything of any kind. */
static int is_form(const char *range)
{
    return ag_media_matches(range, "application/x-www-form-urlencoded")
           || ag_media_matches(range, "multipart/form-data");
}

static const char *read_content(apr_array_header_t *contents, ag_loader_t *loader, ag_at_t at, const char *type)
{
    ag_content_t *content;
    ag_at_t schema, encoding;
    const char *range;
    const char *error = ag_media_range(&range, apr_pstrmemdup(loader->ptmp, type, strcspn(type, "; ")), loader->p);

    if (error) {
        ag_at_warn(loader, &at, "can never be the type of a body: %s", error);
        return NULL;
    }
    error = ag_at_resolve(&at, loader);
    schema = ag_at_member(loader, &at, "schema");
    encoding = ag_at_member(loader, &at, "encoding");
    content = apr_array_push(contents);
    memset(content, 0, sizeof *content);
    content->range = range;
    error = error || !schema.there ? error : ag_at_schema(&content->schema, loader, &schema);
    if (is_form(range)) {
        content->names = ag_load_names(loader, schema, &encoding);
    }
    return error ? error : read_fields(content, loader, &encoding);
}

static int narrower_first(const void *a, const void *b)
{
    return ag_media_rank(((const ag_content_t *)b)->range) - ag_media_rank(((const ag_content_t *)a)->range);
}

static const char *accept_of(const apr_array_header_t *contents, apr_pool_t *p)
{
    const ag_content_t *list = (const ag_content_t *)contents->elts;
    const char *accept = "";
    int i;

    for (i = 0; i < contents->nelts; i++) {
        accept = apr_pstrcat(p, accept, i ? ", " : "", list[i].range, NULL);
    }
    return accept;
}

static const char *make(ag_request_body_t *body, ag_loader_t *loader, const ag_at_t *at)
{
    apr_array_header_t *contents = apr_array_make(loader->p, 2, sizeof(ag_content_t));
    ag_at_t content = ag_at_member(loader, at, "content"), each = {0};
    const char *type, *error = NULL;

    while (!error && ag_at_next(&each, &type, loader, &content)) {
        error = read_content(contents, loader, each, type);
    }
    if (!contents->nelts) {
        ag_at_warn(loader, at, "has no media type under \"content\": every body is refused");
    }
    qsort(contents->elts, (apr_size_t)contents->nelts, sizeof(ag_content_t), narrower_first);
    body->required = ag_at_true(loader, at, "required");
    body->n = contents->nelts;
    body->contents = (const ag_content_t *)contents->elts;
    body->accept = accept_of(contents, loader->p);
    return error;
}

const char *ag_load_body(const ag_request_body_t **body, ag_loader_t *loader, ag_at_t at)
{
    const char *error = ag_at_resolve(&at, loader), *key;
    ag_request_body_t *made;

    if (error) {
        return error;
    }
    key = apr_psprintf(loader->ptmp, "%s#%u", at.file->path, at.node);
    made = apr_hash_get(loader->bodies, key, APR_HASH_KEY_STRING);
    if (!made) {
        made = apr_pcalloc(loader->p, sizeof *made);
        apr_hash_set(loader->bodies, key, APR_HASH_KEY_STRING, made);
        error = make(made, loader, &at);
    }
    *body = made;
    return error;
}
