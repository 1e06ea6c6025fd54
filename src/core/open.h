/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open: what a configuration names but must not read while it is being parsed: key files, key sets,
 * address lists. A directive leaves an ag_open_t behind; once the whole configuration is read they
 * are opened one by one, and any that fails stops the start.
 */
#ifndef AG_OPEN_H
#define AG_OPEN_H

#include <apr_tables.h>

typedef struct ag_open_t {
    const char *directive; /* for the message */
    /* Opens it for good. An error text that names the file, or NULL. */
    const char *(*open)(void *ctx, apr_pool_t *p, apr_pool_t *ptmp);
    void *ctx;
} ag_open_t;

/* Leaves a task behind. */
void ag_open_later(apr_array_header_t *opens, const char *directive,
                   const char *(*open)(void *ctx, apr_pool_t *p, apr_pool_t *ptmp), void *ctx);

/* Reads what a source names: "file:PATH" (raw bytes less one final newline), "base64:PATH" (such a
 * file, decoded) or "env:NAME". At most 64 MB. An error text (never with the content), or NULL. */
const char *ag_open_source(char **text, apr_size_t *n, const char *source, apr_pool_t *p);

/* `source` with its path made absolute below `root` (the server's), or NULL when it starts with no
 * word that ag_open_source() knows. */
const char *ag_open_absolute(const char *source, const char *root, apr_pool_t *p);

#endif
