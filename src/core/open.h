/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open: what a configuration names but must not read while it is being parsed: key files, key sets,
 * address lists. A directive leaves an ag_open_t behind; once the whole configuration is read they
 * are opened one by one. One that fails stops the start; but what others write (a key set that a timer
 * fetches, a list of addresses) stops only a first start: a server that runs goes on.
 */
#ifndef AG_OPEN_H
#define AG_OPEN_H

#include <apr_tables.h>

/* Whose mistake it is when it cannot be opened: the administrator's, who named it, or that of those who
 * write it. Of theirs, ctx is then left as "nobody can tell", which is 503. */
typedef enum { AG_OPEN_OURS, AG_OPEN_THEIRS } ag_open_whose_e;

typedef struct ag_opening_t {
    apr_pool_t *p;     /* lives as long as the configuration */
    apr_pool_t *pkeep; /* lives as long as the server, over reloads */
    apr_pool_t *ptmp;
    const char *warning; /* out: it was opened, but. From ptmp, or NULL */
} ag_opening_t;

/* Opens it for good. An error text that names the file, or NULL. */
typedef const char *ag_open_fn(void *ctx, ag_opening_t *opening);

typedef struct ag_open_t {
    const char *directive; /* for the message */
    ag_open_whose_e whose;
    ag_open_fn *open;
    void *ctx;
} ag_open_t;

/* Leaves a task behind. */
void ag_open_later(apr_array_header_t *opens, const char *directive, ag_open_whose_e whose, ag_open_fn *open,
                   void *ctx);

/* Reads what a source names: "file:PATH" (raw bytes less one final newline), "base64:PATH" (such a
 * file, decoded) or "env:NAME". At most 64 MB. An error text (never with the content), or NULL. */
const char *ag_open_source(char **text, apr_size_t *n, const char *source, apr_pool_t *p);

/* What an editor may have added to a secret without anybody seeing it: a byte order mark in front, a
 * carriage return at the end. They belong to the secret all the same. A warning, or NULL. */
const char *ag_open_oddity(const char *text, apr_size_t n, const char *source, apr_pool_t *p);

/* The text without UTF-8's byte order mark. */
void ag_open_skip_mark(const char **text, apr_size_t *n);

/* Keeps a text (wiped when another takes its place) for as long as `pkeep` lives, and finds it again:
 * NULL when there is none. The name as in ag_keep(). */
void ag_open_keep(const char *name, const char *text, apr_size_t n, apr_pool_t *pkeep);
const char *ag_open_kept(apr_size_t *n, const char *name, apr_pool_t *pkeep);

/* `source` with its path made absolute below `root` (the server's), or NULL when it starts with no
 * word that ag_open_source() knows. */
const char *ag_open_absolute(const char *source, const char *root, apr_pool_t *p);

#endif
