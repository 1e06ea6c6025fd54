/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri: references to schemas (RFC 3986 s5.2), where the base may as well be the path of a file: then what comes out
 * is one, too.
 */
#ifndef AG_SCHEMA_URI_H
#define AG_SCHEMA_URI_H

#include <apr_pools.h>

/* How many bytes its scheme takes, without the colon; 0: it has none. */
apr_size_t ag_uri_scheme(const char *uri);

/* `reference`, seen from `base`, without a fragment and without "." and ".." segments. */
const char *ag_uri_resolve(const char *base, const char *reference, apr_pool_t *p);

/* What stands behind its "#", %-escapes decoded; "" if there is none. NULL: an escape is no escape, or a NUL. */
const char *ag_uri_fragment(const char *reference, apr_pool_t *p);

/* %-escapes decoded; NULL as above. */
const char *ag_uri_decode(const char *text, apr_pool_t *p);

/* Of a "file:" URI, what names the file: a.json of "file:a.json", /etc/a.json of "file:///etc/a.json". NULL: it is
 * none. */
const char *ag_uri_file(const char *uri);

#endif
