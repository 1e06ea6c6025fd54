/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardResourceMetadata. What follows from where the section stands is found once all is
 * read, by server/resources.c.
 */
#include "setting.h"

#include <apr_strings.h>

#include "url.h"

#define ALLOWED "auto or a URL, then resource=URI, scopes=\"A B\", name=TEXT and documentation=URL, or off"

/* ---- words -------------------------------------------------------------------------------------- */

/* RFC 9728 s1.2: it has no fragment; a query in it would be part of what clients must type. */
static const char *read_uri(ag_resource_t *resource, const char *text, apr_pool_t *p)
{
    if (!ag_url_host(text) || !ag_url_signs(text) || strpbrk(text, "?#@")) {
        return apr_psprintf(p, "resource=: \"%s\" is no https:// URL without ?, # and @", ag_text_plain(text, p));
    }
    resource->written = 1;
    ag_resource_set(resource, text, p);
    return NULL;
}

/* A scope stands in a challenge, parted by blanks (RFC 6749 s3.3). */
static const char *read_scopes(ag_resource_t *resource, const char *text, apr_pool_t *p)
{
    const char *error = ag_text_words(&resource->scopes, text, p);
    int i;

    for (i = 0; !error && i < resource->scopes.n; i++) {
        const char *scope = resource->scopes.v[i];

        if (!ag_text_visible(scope, strlen(scope), 0) || strpbrk(scope, "\"\\")) {
            error = apr_psprintf(p, "scopes=: \"%s\" is no scope", ag_text_plain(scope, p));
        }
    }
    return error ? error : resource->scopes.n ? NULL : "scopes= is empty";
}

static const char *read_name(ag_resource_t *resource, const char *text, apr_pool_t *p)
{
    (void)p;
    resource->name = text;
    return *text && ag_text_printable(text) ? NULL : "name=: a text that can be shown to people";
}

static const char *read_documentation(ag_resource_t *resource, const char *text, apr_pool_t *p)
{
    resource->documentation = text;
    return ag_url_host(text) && ag_url_signs(text)
               ? NULL
               : apr_psprintf(p, "documentation=: \"%s\" is no https:// URL", ag_text_plain(text, p));
}

static const struct {
    const char *name;
    const char *(*read)(ag_resource_t *resource, const char *text, apr_pool_t *p);
    int documents; /* it stands in a document of ours alone */
} options[] = {
    {"resource", read_uri, 0},
    {"scopes", read_scopes, 1},
    {"name", read_name, 1},
    {"documentation", read_documentation, 1},
};
#define N_OPTIONS (int)(sizeof options / sizeof *options)

static const char *read_option(ag_resource_t *resource, unsigned *seen, const char *word, apr_pool_t *p)
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
    if (options[i].documents && !resource->served) {
        return apr_psprintf(p, "%s= stands in the document: it goes with auto", options[i].name);
    }
    return options[i].read(resource, value, p);
}

/* ---- the line ----------------------------------------------------------------------------------- */

static const char *read_first(ag_resource_t *resource, const char *word, apr_pool_t *p)
{
    resource->served = strcasecmp(word, "auto") == 0;
    resource->metadata = resource->served ? NULL : word;
    return resource->served || (ag_url_host(word) && ag_url_signs(word) && !strchr(word, '#'))
               ? NULL
               : apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, ag_text_plain(word, p));
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_resource_t *resource = apr_pcalloc(call->p, sizeof *resource);
    const char *error;
    unsigned seen = 0;
    int i;

    (void)row;
    if (words->n == 1 && (strcasecmp(words->v[0], "off") == 0 || strcasecmp(words->v[0], "none") == 0)) {
        *(ag_resource_t **)value = NULL;
        return NULL;
    }
    error = read_first(resource, words->v[0], call->p);
    for (i = 1; !error && i < words->n; i++) {
        error = read_option(resource, &seen, words->v[i], call->p);
    }
    *(ag_resource_t **)value = resource;
    return error;
}

static ag_id_t digest(const void *value)
{
    static const ag_id_t none;
    const ag_resource_t *resource = *(const ag_resource_t *const *)value;

    return resource ? resource->id : none;
}

const ag_setting_kind_t ag_kind_resource = {parse, NULL, digest};
