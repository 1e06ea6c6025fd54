/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource: see resource.h.
 */
#include "resource.h"

#include <apr_strings.h>

#include "../base/json.h"
#include "url.h"

/* Where the path begins: at a slash, or at the end where there is none. */
static const char *path_of(const char *uri)
{
    const char *host = ag_url_host(uri);

    return host + strcspn(host, "/");
}

/* The slash behind the host goes where nothing follows it (RFC 9728 s3.1). */
static const char *insert(const char *uri)
{
    const char *path = path_of(uri);

    return strcmp(path, "/") == 0 ? "" : path;
}

void ag_resource_set(ag_resource_t *resource, const char *uri, apr_pool_t *p)
{
    resource->uri = uri;
    resource->id = ag_id_of(uri, strlen(uri));
    if (resource->served) {
        resource->metadata = apr_pstrcat(p, apr_pstrmemdup(p, uri, (apr_size_t)(path_of(uri) - uri)),
                                         AG_RESOURCE_PLACE, insert(uri), NULL);
    }
}

const char *ag_resource_path(const ag_resource_t *resource, apr_pool_t *p)
{
    return apr_pstrcat(p, AG_RESOURCE_PLACE, insert(resource->uri), NULL);
}

/* ---- the document ------------------------------------------------------------------------------- */

static apr_size_t size_of(const char *text)
{
    return text ? 6 * strlen(text) + 4 : 0; /* \uXXXX, quotes, comma */
}

static apr_size_t sizes_of(const ag_words_t *words)
{
    apr_size_t size = 0;
    int i;

    for (i = 0; i < words->n; i++) {
        size += size_of(words->v[i]);
    }
    return size;
}

static void text_member(ag_buf_t *b, const char *name, const char *value)
{
    if (value) {
        ag_json_name(b, name);
        ag_json_string(b, value);
    }
}

/* Nothing is said of an empty list (RFC 9728 s3.2). */
static void list_member(ag_buf_t *b, const char *name, const ag_words_t *words)
{
    int i;

    if (words->n) {
        ag_json_name(b, name);
        for (i = 0; i < words->n; i++) {
            ag_buf_str(b, i ? "," : "[");
            ag_json_string(b, words->v[i]);
        }
        ag_buf_str(b, "]");
    }
}

/* An authorization server's identifier is a URL (RFC 8414 s2); ApiGuardIssuer takes any text. */
static ag_words_t urls(const ag_words_t *issuers, apr_pool_t *p)
{
    ag_words_t some = {0, apr_palloc(p, ((apr_size_t)issuers->n + 1) * sizeof *some.v)};
    int i;

    for (i = 0; i < issuers->n; i++) {
        if (ag_url_host(issuers->v[i])) {
            some.v[some.n++] = issuers->v[i];
        }
    }
    return some;
}

const char *ag_resource_document(const ag_resource_t *resource, const ag_words_t *issuers, apr_pool_t *p)
{
    ag_words_t servers = urls(issuers, p);
    apr_size_t size = 512 + size_of(resource->uri) + sizes_of(&servers) + sizes_of(&resource->scopes)
                      + size_of(resource->name) + size_of(resource->documentation);
    ag_buf_t b;

    ag_buf_init(&b, apr_palloc(p, size), size);
    ag_buf_str(&b, "{");
    text_member(&b, "resource", resource->uri);
    list_member(&b, "authorization_servers", &servers);
    ag_buf_str(&b, AG_JSON_NAME("bearer_methods_supported") "[\"header\"]");
    list_member(&b, "scopes_supported", &resource->scopes);
    text_member(&b, "resource_name", resource->name);
    text_member(&b, "resource_documentation", resource->documentation);
    ag_buf_str(&b, "}\n");
    return b.start;
}
