/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: an OpenAPI document as a whole: which version it is, its servers, all its paths. What answers say is not read.
 */
#include <apr_strings.h>

#include "load.h"

/* ---- versions ------------------------------------------------------------------------------------ */

#define VERSIONS "ApiGuard reads OpenAPI 3.0, 3.1 and 3.2"

static const char *read_version(int *version, const ag_file_t *file, apr_pool_t *p)
{
    const char *openapi = ag_doc_string(&file->doc, 0, "openapi", p),
               *swagger = ag_doc_string(&file->doc, 0, "swagger", p);

    if (file->doc.nodes[0].kind != AG_JSON_OBJECT || (!openapi && !swagger)) {
        return apr_psprintf(p, "%s#: this is no OpenAPI document: there is no \"openapi\" in it", file->path);
    }
    if (!openapi) {
        return apr_psprintf(p,
                            "%s#/swagger: this is Swagger %s, and " VERSIONS
                            ": convert it with \"npx swagger2openapi swagger.json -o openapi.json\"",
                            file->path, ag_text_plain(swagger, p));
    }
    if (strncmp(openapi, "3.", 2) != 0 || openapi[2] < '0' || openapi[2] > '2' || (openapi[3] && openapi[3] != '.')) {
        return apr_psprintf(p, "%s#/openapi: this is version %s, and " VERSIONS, file->path,
                            ag_text_plain(openapi, p));
    }
    *version = 30 + openapi[2] - '0';
    return NULL;
}

/* What a schema without $schema is written in (OpenAPI 3.1 s4.8.24.5). */
static const char *read_dialect(ag_dialect_e *dialect, const ag_file_t *file, apr_pool_t *p)
{
    static const struct {
        const char *uri;
        ag_dialect_e dialect;
    } known[] = {
        {"https://spec.openapis.org/oas/", AG_DIALECT_OPENAPI_31},
        {"https://json-schema.org/draft/2020-12/schema", AG_DIALECT_2020_12},
        {"http://json-schema.org/draft-07/schema", AG_DIALECT_07},
    };
    const char *uri = ag_doc_string(&file->doc, 0, "jsonSchemaDialect", p);
    apr_size_t i;

    for (i = 0; uri && i < sizeof known / sizeof *known; i++) {
        if (strncmp(uri, known[i].uri, strlen(known[i].uri)) == 0) {
            *dialect = known[i].dialect;
            return NULL;
        }
    }
    return uri ? apr_psprintf(p, "%s#/jsonSchemaDialect: %s is a dialect that ApiGuard does not know", file->path,
                              ag_text_plain(uri, p))
               : NULL;
}

/* ---- the loader ---------------------------------------------------------------------------------- */

/* The first look at the file tells what schemas in it are written in; so it is read before there is a set of them. */
static const char *begin(ag_loader_t *loader, const char *path, const char *text, apr_size_t n)
{
    ag_schema_options_t options = {AG_DIALECT_OPENAPI_31, loader->openapi->options.formats, ag_file_read, NULL};
    ag_file_t *file;
    const char *error = ag_file_parse(&file, loader, path, text, n);

    error = error ? error : read_version(&loader->version, file, loader->p);
    if (error) {
        return error;
    }
    options.dialect = loader->version == 30 ? AG_DIALECT_OPENAPI_30 : AG_DIALECT_OPENAPI_31;
    error = loader->version == 30 ? NULL : read_dialect(&options.dialect, file, loader->p);
    loader->schemas = ag_schemas_make(&options, loader->p);
    loader->root.file = file;
    loader->root.there = 1;
    loader->root.pointer = "";
    return error ? error : ag_schemas_add(loader->schemas, &file->doc, path);
}

static const char *load_paths(ag_loader_t *loader, const apr_array_header_t *bases)
{
    ag_at_t paths = ag_at_member(loader, &loader->root, "paths"), each = {0};
    const char *path, *error = NULL;

    while (!error && ag_at_next(&each, &path, loader, &paths)) {
        if (strncmp(path, "x-", 2) != 0) {
            error = ag_load_path(loader, apr_pstrdup(loader->p, path), each, bases);
        }
    }
    if (!error && !loader->openapi->n_operations) {
        ag_at_warn(loader, &loader->root, "has no operation under \"paths\": every request is refused");
    }
    return error;
}

/* base= goes before all servers. */
static const char *load_all(ag_loader_t *loader)
{
    const char *base = loader->openapi->options.base;
    apr_array_header_t *bases;
    const char *error = ag_load_bases(&bases, loader, &loader->root);

    if (base || !bases) {
        bases = apr_array_make(loader->ptmp, 1, sizeof(const char *));
        APR_ARRAY_PUSH(bases, const char *) = base ? base : "";
    }
    error = (error && !base) ? error : ag_load_schemes(loader);
    error = error ? error : load_paths(loader, bases);
    return error ? error : ag_schemas_finish(loader->schemas);
}

const char *ag_openapi_compile(ag_openapi_t **openapi, const char *file, const char *text, apr_size_t n,
                               const ag_openapi_options_t *options, apr_pool_t *p)
{
    ag_openapi_t *made = apr_pcalloc(p, sizeof *made);
    ag_loader_t loader = {.openapi = made, .p = p};
    const char *error;

    made->options = *options;
    made->file = file;
    made->tree = ag_tree_make(p);
    made->loose = ag_tree_make(p);
    made->warnings = apr_array_make(p, 4, sizeof(const char *));
    apr_pool_create(&loader.ptmp, p);
    loader.files = apr_hash_make(loader.ptmp);
    loader.parameters = apr_hash_make(loader.ptmp);
    loader.bodies = apr_hash_make(loader.ptmp);
    loader.credentials = apr_array_make(p, 2, sizeof(const char *));
    error = begin(&loader, file, text, n);
    error = error ? error : load_all(&loader);
    made->credentials =
        ag_input_names_make((const char *const *)loader.credentials->elts, loader.credentials->nelts, p);
    apr_pool_destroy(loader.ptmp);
    *openapi = made;
    return error;
}

const char *ag_openapi_load(ag_openapi_t **openapi, const char *file, const ag_openapi_options_t *options,
                            apr_pool_t *p)
{
    const char *text;
    apr_size_t n;
    const char *error = ag_file_read(NULL, &text, &n, file, p);

    return error ? apr_psprintf(p, "%s: %s", file, error) : ag_openapi_compile(openapi, file, text, n, options, p);
}

const apr_array_header_t *ag_openapi_warnings(const ag_openapi_t *openapi)
{
    return openapi->warnings;
}

int ag_openapi_operations(const ag_openapi_t *openapi)
{
    return openapi->n_operations;
}
