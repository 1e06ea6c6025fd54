/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: how documents come into the set: from the caller, from a file that a $ref names, or built in. Nothing is
 * fetched from elsewhere.
 */
#include <string.h>

#include <apr_strings.h>

#include "keywords.h"
#include "set.h"
#include "uri.h"

#define DEEPEST 1000 /* levels of a file */

/* What a set without $vocabulary obeys; of formats see ag_schema_options_t. */
#define USUAL                                                                                                        \
    (AG_VOCAB_CORE | AG_VOCAB_APPLICATOR | AG_VOCAB_UNEVALUATED | AG_VOCAB_VALIDATION | AG_VOCAB_META_DATA           \
     | AG_VOCAB_FORMAT | AG_VOCAB_CONTENT)

ag_schemas_t *ag_schemas_make(const ag_schema_options_t *options, apr_pool_t *p)
{
    ag_schemas_t *set = apr_pcalloc(p, sizeof *set);

    set->options = *options;
    set->p = p;
    set->documents = apr_hash_make(p);
    set->resources = apr_hash_make(p);
    set->all = apr_array_make(p, 64, sizeof(ag_schema_t *));
    set->edges = apr_array_make(p, 64, sizeof(const ag_schema_t *));
    set->pending = apr_array_make(p, 16, sizeof(ag_pending_t));
    set->anchors = apr_array_make(p, 1, sizeof(const char *));
    return set;
}

/* ---- adding --------------------------------------------------------------------------------------------- */

/* OpenAPI 3.1: its schemas may have names, too, and are found where they are kept. */
static const char *scan_components(ag_schemas_t *set, ag_document_t *document)
{
    const ag_doc_t *doc = document->doc;
    apr_uint32_t at = 0, i;
    const ag_resource_t *resource = document->whole;
    const char *error = NULL;

    if (!ag_set_follow(&at, &resource, document, "/components/schemas", set->p)
        || doc->nodes[at].kind != AG_JSON_OBJECT) {
        return NULL;
    }
    AG_EACH_MEMBER(i, doc, at)
    {
        error = error ? error : ag_scan(set, document, i + 1, document->whole);
    }
    return error;
}

static ag_document_t *make_document(ag_schemas_t *set, const ag_doc_t *doc, const char *name, const char *uri)
{
    ag_document_t *document = apr_pcalloc(set->p, sizeof *document);
    ag_resource_t *whole = apr_pcalloc(set->p, sizeof *whole);
    apr_uint32_t *root = apr_pcalloc(set->p, sizeof *root);

    document->name = name;
    document->path = ag_uri_scheme(uri) ? NULL : uri;
    document->doc = doc;
    document->places = apr_pcalloc(set->p, doc->n * sizeof *document->places);
    document->scanned = apr_pcalloc(set->p, doc->n);
    document->roots = apr_hash_make(set->p);
    document->wide = apr_hash_make(set->p);
    document->whole = whole;
    whole->document = document;
    whole->uri = uri;
    whole->dialect = set->options.dialect;
    whole->vocabularies = USUAL;
    apr_hash_set(document->roots, root, sizeof *root, whole);
    return document;
}

/* "file:" and "./" are spellings of one path. */
static const char *plain_uri(const char *uri, apr_pool_t *p)
{
    const char *file = ag_uri_file(uri);

    return ag_uri_resolve("", file ? file : uri, p);
}

static const char *add(ag_resource_t **whole, ag_schemas_t *set, const ag_doc_t *doc, const char *name,
                       const char *uri)
{
    ag_document_t *document = make_document(set, doc, name, uri);
    const char *error;

    *whole = document->whole;
    if (apr_hash_get(set->resources, uri, APR_HASH_KEY_STRING)) {
        return apr_psprintf(set->p, "%s#: there is another schema under this name", name);
    }
    apr_hash_set(set->documents, uri, APR_HASH_KEY_STRING, document);
    apr_hash_set(set->resources, uri, APR_HASH_KEY_STRING, *whole);
    error = ag_scan(set, document, 0, document->whole);
    return !error && set->options.dialect == AG_DIALECT_OPENAPI_31 ? scan_components(set, document) : error;
}

const char *ag_schemas_add(ag_schemas_t *set, const ag_doc_t *doc, const char *uri)
{
    ag_resource_t *whole;

    return add(&whole, set, doc, apr_pstrdup(set->p, uri), plain_uri(uri, set->p));
}

static const char *add_text(ag_resource_t **whole, ag_schemas_t *set, const char *text, apr_size_t n,
                            const char *name, const char *uri)
{
    ag_doc_t *doc = apr_palloc(set->p, sizeof *doc);
    ag_doc_wrong_t wrong;

    if (ag_doc_parse(doc, &wrong, text, n, &(ag_doc_limits_t){DEEPEST, 0, 0}, set->p)) {
        return apr_psprintf(set->p, "%s#%s: %s, at byte %" APR_SIZE_T_FMT, name, wrong.pointer, wrong.what, wrong.at);
    }
    return add(whole, set, doc, name, uri);
}

/* ---- files ---------------------------------------------------------------------------------------------- */

/* An error text without the file's name, or NULL. */
static const char *read_path(const char **text, apr_size_t *n, const char **path, ag_schemas_t *set, const char *uri)
{
    *path = ag_uri_decode(uri, set->p);
    if (!*path || !set->options.read) {
        return *path ? "no files are read here" : "this is no path";
    }
    return set->options.read(set->options.ctx, text, n, *path, set->p);
}

const char *ag_schemas_add_file(ag_schemas_t *set, const char *file)
{
    const char *uri = plain_uri(file, set->p);
    const char *text, *path, *error;
    ag_resource_t *whole;
    apr_size_t n;

    if (apr_hash_get(set->documents, uri, APR_HASH_KEY_STRING)) {
        return NULL;
    }
    error = read_path(&text, &n, &path, set, uri);
    return error ? apr_pstrcat(set->p, file, ": ", error, NULL) : add_text(&whole, set, text, n, path, uri);
}

/* ---- what a $ref names ---------------------------------------------------------------------------------- */

/* The file beside the document that a reference names; NULL: it names none. */
static const char *file_of(const ag_document_t *document, const char *reference, apr_pool_t *p)
{
    const char *file = ag_uri_file(reference);

    if ((!file && ag_uri_scheme(reference)) || strncmp(reference, "//", 2) == 0) {
        return NULL;
    }
    return document->path || file ? ag_uri_resolve(document->path ? document->path : "", file ? file : reference, p)
                                  : NULL;
}

static const char *load_file(ag_resource_t **whole, ag_schemas_t *set, const char *file, const char *reference,
                             const ag_schema_t *from, apr_uint32_t node)
{
    const char *text, *path;
    apr_size_t n;
    const char *error = read_path(&text, &n, &path, set, file);

    return error ? ag_set_wrong(set, from->document, node, "\"%s\" cannot be read: %s", reference, error)
                 : add_text(whole, set, text, n, path, file);
}

static const char *not_here(ag_schemas_t *set, const char *uri, const ag_schema_t *from, apr_uint32_t node)
{
    if (strncasecmp(uri, "http:", 5) == 0 || strncasecmp(uri, "https:", 6) == 0) {
        return ag_set_wrong(
            set, from->document, node,
            "\"%s\" is elsewhere, and nothing is fetched: keep it as a file beside this one, and write "
            "\"file:NAME.json\"",
            uri);
    }
    return ag_set_wrong(set, from->document, node, "\"%s\" is the $id of no schema here", uri);
}

const char *ag_load(const ag_resource_t **resource, ag_schemas_t *set, const char *uri, const ag_schema_t *from,
                    apr_uint32_t node, const char *reference)
{
    const char *file = file_of(from->document, reference, set->p);
    ag_resource_t *whole = file ? apr_hash_get(set->resources, file, APR_HASH_KEY_STRING) : NULL;
    const char *text, *error = NULL;

    *resource = apr_hash_get(set->resources, uri, APR_HASH_KEY_STRING);
    if (*resource) {
        return NULL;
    }
    if ((text = ag_metaschema(uri))) {
        error = add_text(&whole, set, text, strlen(text), uri, uri);
    }
    else if (!whole) {
        error = file ? load_file(&whole, set, file, reference, from, node) : not_here(set, uri, from, node);
    }
    *resource = whole;
    return error;
}
