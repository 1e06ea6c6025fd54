/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin: where a page comes from, as its browser says in the Origin field: scheme, host and port (RFC 6454 s6.2).
 * A value is compared byte by byte with what a section lists, or with this very host. Nothing is decoded, put into
 * lower case or allocated, so whatever no browser would write fits nothing.
 */
#ifndef AG_ORIGIN_H
#define AG_ORIGIN_H

#include <apr_pools.h>

/* One that a section lists. */
typedef struct ag_origin_t {
    const char *begin; /* all of it: "https://app.example"; of a wildcard what stands before its label: "https://" */
    apr_size_t n_begin;
    const char *end; /* of a wildcard what stands behind it: ".example.org:8443"; else NULL */
    apr_size_t n_end;
} ag_origin_t;

/* Reads SCHEME://HOST[:PORT], the same with *.DOMAIN for the host, or null, from the configuration; a scheme's own
 * port is left out, as browsers do. NULL, or an error text that names the word. */
const char *ag_origin_read(ag_origin_t *origin, const char *word, apr_pool_t *p);

/* 1 when these n bytes of an Origin field are that origin, or one of the wildcard's. */
int ag_origin_is(const ag_origin_t *origin, const char *text, apr_size_t n);

/* 1 when it is one origin in a browser's shape, or null; not a list, a URL with a path, or what has blanks. */
int ag_origin_plausible(const char *text);

/* 1 when it is the origin of pages of this host: `host` is the Host field (NULL: there is none). A page that came by
 * plain http is another origin where the request came by TLS (`secure`); where it did not, a proxy may have
 * ended TLS, so https is ours too. */
int ag_origin_is_own(const char *text, const char *host, int secure);

#endif
