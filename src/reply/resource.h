/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource: what a section is called by clients of OAuth, and the document that tells them who gives tokens for it
 * (RFC 9728). Made with the configuration; a request copies pointers.
 */
#ifndef AG_RESOURCE_H
#define AG_RESOURCE_H

#include <apr_pools.h>

#include "../base/digest.h"
#include "../base/text.h"

/* Where such documents are: at this place of the host, and behind it the path of the resource (RFC 9728 s3.1). */
#define AG_RESOURCE_PLACE "/.well-known/oauth-protected-resource"

/* ApiGuardResourceMetadata. */
typedef struct ag_resource_t {
    int served;      /* auto: the document is ours to serve; else `metadata` is somebody else's */
    int written;     /* `uri` was written (resource=) */
    const char *uri; /* the resource identifier, exactly what clients type. NULL: it is told by the section's place,
                             which is known once all is read, or by nothing */
    const char *metadata; /* the document's URL; NULL until `uri` is known */
    ag_words_t scopes;    /* these three stand in the document: none, NULL: nothing is said */
    const char *name;
    const char *documentation;
    ag_id_t id; /* of `uri`: part of the realm, since it may be the audience of tokens */
} ag_resource_t;

/* Sets uri, an https:// or http:// URL without query and fragment, and what follows from it. */
void ag_resource_set(ag_resource_t *resource, const char *uri, apr_pool_t *p);

/* The path of its document on its host. */
const char *ag_resource_path(const ag_resource_t *resource, apr_pool_t *p);

/* The document (RFC 9728 s2), JSON in `p`. Of `issuers` those that are URLs are told. */
const char *ag_resource_document(const ag_resource_t *resource, const ag_words_t *issuers, apr_pool_t *p);

#endif
