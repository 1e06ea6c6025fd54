/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialect: what "$schema" says. A metaschema that is a document of the set may leave out vocabularies.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"
#include "keywords.h"
#include "set.h"
#include "uri.h"

#define AG_2020 "https://json-schema.org/draft/2020-12/"

static const struct {
    const char *uri; /* with a * at its end: what begins so */
    ag_dialect_e dialect;
} dialects[] = {
    {AG_2020 "schema", AG_DIALECT_2020_12},
    {"http://json-schema.org/draft-07/schema", AG_DIALECT_07},
    {"https://json-schema.org/draft-07/schema", AG_DIALECT_07},
    {"https://spec.openapis.org/oas/3.1/dialect/*", AG_DIALECT_OPENAPI_31},
    {"https://spec.openapis.org/oas/3.2/dialect/*", AG_DIALECT_OPENAPI_31},
};

static const struct {
    const char *uri;
    unsigned bits;
} vocabularies[] = {
    {AG_2020 "vocab/core", AG_VOCAB_CORE},
    {AG_2020 "vocab/applicator", AG_VOCAB_APPLICATOR},
    {AG_2020 "vocab/unevaluated", AG_VOCAB_UNEVALUATED},
    {AG_2020 "vocab/validation", AG_VOCAB_VALIDATION},
    {AG_2020 "vocab/meta-data", AG_VOCAB_META_DATA},
    {AG_2020 "vocab/format-annotation", AG_VOCAB_FORMAT},
    {AG_2020 "vocab/format-assertion", AG_VOCAB_FORMAT_ASSERTS},
    {AG_2020 "vocab/content", AG_VOCAB_CONTENT},
};

#define N_OF(array) (sizeof(array) / sizeof *(array))

static unsigned vocabulary(const char *uri)
{
    apr_size_t i;

    for (i = 0; i < N_OF(vocabularies); i++) {
        if (strcmp(vocabularies[i].uri, uri) == 0) {
            return vocabularies[i].bits;
        }
    }
    return 0;
}

/* The metaschema's list: what is unknown may be left out, unless it says "true". */
static const char *take_vocabularies(ag_resource_t *resource, ag_schemas_t *set, const ag_resource_t *meta,
                                     apr_uint32_t list)
{
    const ag_doc_t *doc = meta->document->doc;
    apr_uint32_t i;

    resource->vocabularies = AG_VOCAB_CORE;
    AG_EACH_MEMBER(i, doc, list)
    {
        const char *uri = apr_pstrmemdup(set->p, ag_doc_text(doc, &doc->nodes[i]), doc->nodes[i].n);
        unsigned bits = vocabulary(uri);

        if (!bits && doc->nodes[i + 1].kind == AG_JSON_TRUE) {
            return ag_set_wrong(set, meta->document, i + 1, "this vocabulary is not known here");
        }
        resource->vocabularies |= bits;
    }
    return NULL;
}

static const char *by_metaschema(ag_resource_t *resource, ag_schemas_t *set, const char *uri, apr_uint32_t schema)
{
    const ag_resource_t *meta = apr_hash_get(set->resources, uri, APR_HASH_KEY_STRING);
    apr_uint32_t list;

    if (!meta) {
        return ag_set_wrong(
            set, resource->document, schema,
            "\"%s\" is not known here: " AG_2020 "schema and http://json-schema.org/draft-07/schema# are", uri);
    }
    resource->dialect = meta->dialect;
    list = ag_doc_member(meta->document->doc, meta->root, "$vocabulary", strlen("$vocabulary"));
    if (!list || meta->document->doc->nodes[list].kind != AG_JSON_OBJECT) {
        return NULL;
    }
    return take_vocabularies(resource, set, meta, list);
}

const char *ag_dialect_of(ag_resource_t *resource, ag_schemas_t *set, apr_uint32_t schema)
{
    const ag_doc_t *doc = resource->document->doc;
    const ag_node_t *node = &doc->nodes[schema];
    const char *uri;
    apr_size_t i;

    if (node->kind != AG_JSON_STRING) {
        return ag_set_wrong(set, resource->document, schema, "$schema takes a string");
    }
    uri = ag_uri_resolve("", apr_pstrmemdup(set->p, ag_doc_text(doc, node), node->n), set->p);
    for (i = 0; i < N_OF(dialects); i++) {
        if (ag_text_starts(dialects[i].uri, uri)) {
            resource->dialect = dialects[i].dialect;
            return NULL;
        }
    }
    return by_metaschema(resource, set, uri, schema);
}
